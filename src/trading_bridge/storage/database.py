"""The engine and its two doors: `reading()` and `writing()`. Transactions are short and never held across an
upstream call."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

BUSY_TIMEOUT_MS = 10_000

Connection = AsyncConnection  # what repositories are given; the other rooms need no SQLAlchemy to name it


class Database:
    """One database. `dialect` is "sqlite" or "postgresql"."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self.dialect = parsed.get_backend_name()
        options: dict[str, Any] = {} if self.dialect == "sqlite" else {"pool_size": 8, "pool_pre_ping": True}
        # hide_parameters: an error text with its values (hashes, keys) would end in the log
        self.engine: AsyncEngine = create_async_engine(parsed, hide_parameters=True, **options)
        if self.dialect == "sqlite":
            _prepare_sqlite(self.engine)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for queries; whatever it changed is rolled back."""
        async with self.engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end, rolled back when the block raises."""
        async with self.engine.connect() as connection:
            marked = await connection.execution_options(trading_bridge_writes=True)
            async with marked.begin():
                yield marked

    async def answers(self) -> bool:
        """Whether a trivial query works now."""
        try:
            async with self.reading() as connection:
                await connection.execute(text("SELECT 1"))
        except Exception:  # noqa: BLE001 whatever keeps it from answering, the answer is no
            return False
        return True

    async def close(self) -> None:
        await self.engine.dispose()


def _prepare_sqlite(engine: AsyncEngine) -> None:
    """WAL so that readers don't wait, foreign keys on, and real transactions: the driver's own habit of beginning them
    late lets two writers deadlock, so a writer takes its lock at BEGIN."""

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("trading_bridge_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
