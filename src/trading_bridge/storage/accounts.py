"""Accounts as rows."""

from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from trading_bridge.domain.accounts import Account
from trading_bridge.storage.tables import accounts


class AccountRepository:
    """Reads and writes the accounts of one server on the caller's connection."""

    def __init__(self, connection: AsyncConnection, server_id: str) -> None:
        self._connection = connection
        self._server_id = server_id

    async def all(self) -> list[Account]:
        query = select(accounts).where(accounts.c.server_id == self._server_id).order_by(accounts.c.name)
        return [
            Account(row.name, row.server_id, row.created_at, row.present, tuple(row.connectors), row.seen_at)
            for row in await self._connection.execute(query)
        ]

    async def get(self, name: str) -> Account | None:
        return next((account for account in await self.all() if account.name == name), None)

    async def add(self, name: str, now: datetime) -> None:
        await self._connection.execute(
            insert(accounts).values(name=name, server_id=self._server_id, created_at=now, connectors=[])
        )

    async def remove(self, name: str) -> None:
        """Forget an account whose profile could not be created."""
        await self._connection.execute(
            delete(accounts).where(accounts.c.name == name, accounts.c.server_id == self._server_id)
        )

    async def seen(self, name: str, *, present: bool, connectors: tuple[str, ...], now: datetime) -> None:
        """What the server says of the account now."""
        await self._connection.execute(
            update(accounts)
            .where(accounts.c.name == name, accounts.c.server_id == self._server_id)
            .values(present=present, connectors=list(connectors), seen_at=now)
        )
