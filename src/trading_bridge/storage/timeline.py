"""A bot's timeline as rows: each step of an operation with its time."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, desc, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from trading_bridge.domain.operations import EventState, TimelineEvent
from trading_bridge.storage.tables import timeline


class TimelineRepository:
    """Appends to and reads timelines on the caller's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self,
        bot_id: str,
        at: datetime,
        kind: str,
        step: str,
        state: EventState,
        message: str,
        *,
        operation_id: str | None = None,
        actor: str | None = None,
    ) -> None:
        await self._connection.execute(
            insert(timeline).values(
                bot_id=bot_id,
                operation_id=operation_id,
                at=at,
                kind=kind,
                step=step,
                state=state.value,
                message=message,
                actor=actor,
            )
        )

    async def of(self, bot_id: str, limit: int = 500) -> list[TimelineEvent]:
        """The newest `limit` events of a bot, oldest first."""
        query = select(timeline).where(timeline.c.bot_id == bot_id).order_by(desc(timeline.c.id)).limit(limit)
        return self._events(list(await self._connection.execute(query)))

    async def newest(self, limit: int) -> list[TimelineEvent]:
        """The newest changes of status of all bots, newest first."""
        query = select(timeline).where(timeline.c.kind == "status").order_by(desc(timeline.c.id)).limit(limit)
        return self._events(list(await self._connection.execute(query)))[::-1]

    async def marks(self, steps: tuple[str, ...]) -> set[tuple[str, str]]:
        """(operation or instance, step) of every event with one of these steps."""
        query = select(timeline.c.operation_id, timeline.c.step).where(timeline.c.step.in_(steps))
        return {(row.operation_id, row.step) for row in await self._connection.execute(query)}

    @staticmethod
    def _events(rows: list[Row[Any]]) -> list[TimelineEvent]:
        return [
            TimelineEvent(
                id=row.id,
                bot_id=row.bot_id,
                operation_id=row.operation_id,
                at=row.at,
                kind=row.kind,
                step=row.step,
                state=EventState(row.state),
                message=row.message,
                actor=row.actor,
            )
            for row in reversed(rows)
        ]
