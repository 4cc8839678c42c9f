"""A migrated database, SQLite and PostgreSQL in turn."""

from collections.abc import AsyncIterator

import pytest

from trading_bridge.storage.database import Database
from trading_bridge.storage.schema import migrate


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    await migrate(opened)
    yield opened
    await opened.close()
