"""The migrations lead exactly to what `tables.py` says, on both databases."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from trading_bridge.storage.database import Database
from trading_bridge.storage.schema import differences, head, migrate, revision

MIGRATE = """
import asyncio, sys
from trading_bridge.storage.database import Database
from trading_bridge.storage.schema import migrate

asyncio.run(migrate(Database(sys.argv[1])))
"""


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


async def test_the_migrated_database_is_what_the_tables_say(database: Database) -> None:
    assert await revision(database) is None
    assert await migrate(database) == (None, head())
    assert await differences(database) == []


async def test_migrating_again_changes_nothing(database: Database) -> None:
    await migrate(database)
    assert await migrate(database) == (head(), head())
    assert await differences(database) == []


async def test_a_difference_is_seen(database: Database) -> None:
    """The check itself can fail: a table too few and a column too many are both told."""
    await migrate(database)
    async with database.writing() as connection:
        await connection.execute(text("DROP TABLE samples"))
        await connection.execute(text("ALTER TABLE bots ADD COLUMN left_over INTEGER"))
    found = [(difference[0], getattr(difference[-1], "name", None)) for difference in await differences(database)]
    assert ("add_table", "samples") in found
    assert ("remove_column", "left_over") in found


async def test_several_processes_may_migrate_at_once(database_url: str, database: Database) -> None:
    """Replicas that start together: each finds the schema there, none fails."""
    replicas = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", MIGRATE, database_url, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    said = [(await replica.communicate())[1] for replica in replicas]
    assert [replica.returncode for replica in replicas] == [0, 0, 0], said
    assert await revision(database) == head()
    assert await differences(database) == []
