"""Browser sessions as rows. The cookie's value is never stored, only a keyed hash of it."""

from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from trading_bridge.domain.access import Role, Session
from trading_bridge.storage.tables import sessions, users


class SessionRepository:
    """Reads and writes sessions on the caller's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, id_hash: str, key: str) -> Session | None:
        """The session of this hash with its user, `key` put into it."""
        query = (
            select(sessions, users.c.email, users.c.role)
            .join(users, users.c.id == sessions.c.user_id)
            .where(sessions.c.id_hash == id_hash)
        )
        row = (await self._connection.execute(query)).first()
        if row is None:
            return None
        return Session(
            key=key,
            user_id=row.user_id,
            email=row.email,
            role=Role(row.role),
            csrf_token=row.csrf_token,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
        )

    async def add(self, id_hash: str, session: Session) -> None:
        await self._connection.execute(
            insert(sessions).values(
                id_hash=id_hash,
                user_id=session.user_id,
                csrf_token=session.csrf_token,
                created_at=session.created_at,
                last_seen_at=session.last_seen_at,
                expires_at=session.expires_at,
            )
        )

    async def seen(self, id_hash: str, now: datetime) -> None:
        await self._connection.execute(update(sessions).where(sessions.c.id_hash == id_hash).values(last_seen_at=now))

    async def remove(self, id_hash: str) -> None:
        await self._connection.execute(delete(sessions).where(sessions.c.id_hash == id_hash))

    async def remove_of(self, user_id: str) -> None:
        """End every session of a user."""
        await self._connection.execute(delete(sessions).where(sessions.c.user_id == user_id))

    async def remove_ended(self, now: datetime, idle_since: datetime) -> None:
        """Drop sessions that are over: past their end, or not seen since `idle_since`."""
        await self._connection.execute(
            delete(sessions).where((sessions.c.expires_at <= now) | (sessions.c.last_seen_at <= idle_since))
        )
