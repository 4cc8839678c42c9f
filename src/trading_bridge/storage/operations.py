"""Operations as rows, claimed by compare-and-set."""

from dataclasses import fields
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from trading_bridge.domain.operations import Kind, Operation, Phase, State, Step
from trading_bridge.storage.tables import operations

_COLUMNS = [field.name for field in fields(Operation)]


class OperationRepository:
    """Reads and writes operations on the caller's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, operation: Operation) -> None:
        await self._connection.execute(insert(operations).values(**_values(operation)))

    async def open(self) -> list[Operation]:
        """All open operations, oldest first."""
        query = (
            select(operations)
            .where(operations.c.state == State.OPEN.value)
            .order_by(operations.c.created_at, operations.c.id)
        )
        return [_operation(row) for row in await self._connection.execute(query)]

    async def open_of(self, bot_id: str) -> list[Operation]:
        """Open operations of one bot, oldest first."""
        query = (
            select(operations)
            .where(operations.c.bot_id == bot_id, operations.c.state == State.OPEN.value)
            .order_by(operations.c.created_at, operations.c.id)
        )
        return [_operation(row) for row in await self._connection.execute(query)]

    async def replace(self, old: Operation, new: Operation) -> bool:
        """Write `new` if the row still stands where `old` stood; False when somebody else was faster."""
        values = _values(new)
        values.pop("id")
        result = await self._connection.execute(
            update(operations)
            .where(
                operations.c.id == old.id,
                operations.c.state == old.state.value,
                operations.c.step == old.step.value,
                operations.c.phase == old.phase.value,
                operations.c.tries == old.tries,
                operations.c.generation == old.generation,
            )
            .values(**values)
        )
        return result.rowcount == 1


def _values(operation: Operation) -> dict[str, Any]:
    values = {name: getattr(operation, name) for name in _COLUMNS}
    for name in ("kind", "state", "step", "phase"):
        values[name] = values[name].value
    return values


def _operation(row: Row[Any]) -> Operation:
    values = {name: getattr(row, name) for name in _COLUMNS}
    values["kind"] = Kind(row.kind)
    values["state"] = State(row.state)
    values["step"] = Step(row.step)
    values["phase"] = Phase(row.phase)
    return Operation(**values)
