"""API tokens as rows. The token itself is never stored, only its SHA-256: it has enough entropy for that."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from trading_bridge.domain.access import Role, Scope, TokenUse
from trading_bridge.storage.tables import api_tokens, users


class TokenRepository:
    """Reads and writes API tokens on the caller's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def by_hash(self, token_hash: str) -> tuple[TokenUse, datetime | None] | None:
        """The token of this hash with its user, and when it was last used."""
        query = (
            select(api_tokens, users.c.email, users.c.role)
            .join(users, users.c.id == api_tokens.c.user_id)
            .where(api_tokens.c.token_hash == token_hash)
        )
        row = (await self._connection.execute(query)).first()
        if row is None:
            return None
        scopes = frozenset(Scope(scope) for scope in row.scopes)
        use = TokenUse(row.id, row.name, row.user_id, row.email, Role(row.role), scopes)
        return use, row.last_used_at

    async def hash_named(self, name: str, user_id: str) -> str | None:
        """The hash of a user's token of this name."""
        query = select(api_tokens.c.token_hash).where(api_tokens.c.name == name, api_tokens.c.user_id == user_id)
        found: str | None = (await self._connection.execute(query)).scalar()
        return found

    async def add(
        self, token_id: str, name: str, token_hash: str, user_id: str, scopes: Iterable[Scope], now: datetime
    ) -> None:
        await self._connection.execute(
            insert(api_tokens).values(
                id=token_id,
                name=name,
                token_hash=token_hash,
                user_id=user_id,
                scopes=sorted(scope.value for scope in scopes),
                created_at=now,
            )
        )

    async def used(self, token_id: str, now: datetime) -> None:
        await self._connection.execute(update(api_tokens).where(api_tokens.c.id == token_id).values(last_used_at=now))

    async def remove_named(self, name: str, user_id: str) -> None:
        await self._connection.execute(
            delete(api_tokens).where(api_tokens.c.name == name, api_tokens.c.user_id == user_id)
        )
