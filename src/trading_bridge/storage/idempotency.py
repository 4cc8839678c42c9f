"""Idempotency keys: which bot a create request of that key made."""

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from trading_bridge.storage.tables import idempotency_keys


class KeyTakenError(Exception):
    """The key is there already; the transaction has to be given up."""


class IdempotencyRepository:
    """Looks up and records keys on the caller's connection. `owner` = who sent it: keys of two users never meet."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def find(self, key: str, owner: str) -> tuple[str, str] | None:
        """(hash of the body, bot id) of an earlier request, or None."""
        row = (
            await self._connection.execute(
                select(idempotency_keys).where(idempotency_keys.c.key == key, idempotency_keys.c.owner == owner)
            )
        ).first()
        return None if row is None else (row.body_hash, row.bot_id)

    async def add(self, key: str, owner: str, body_hash: str, bot_id: str, now: datetime) -> None:
        """Record a key. Raises KeyTakenError when another request was first."""
        values = {"key": key, "owner": owner, "body_hash": body_hash, "bot_id": bot_id, "created_at": now}
        try:
            await self._connection.execute(insert(idempotency_keys).values(**values))
        except IntegrityError as error:
            raise KeyTakenError from error
