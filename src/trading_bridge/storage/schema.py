"""Bringing a database to the present schema."""

from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from trading_bridge.storage.database import Database
from trading_bridge.storage.tables import metadata

# Any number will do, as long as every version of this program uses the same.
MIGRATION_LOCK = 0x7B21D6E


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", "trading_bridge.storage:migrations")
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


async def migrate(database: Database) -> tuple[str | None, str | None]:
    """Upgrade to the newest revision; answers (revision before, revision now). Safe to call at every start."""

    def run(connection: Connection) -> tuple[str | None, str | None]:
        if connection.dialect.name == "postgresql":
            # Replicas start together: the second waits here and then finds the schema done. Freed at the commit.
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        before = MigrationContext.configure(connection).get_current_revision()
        command.upgrade(_config(connection), "head")
        return before, MigrationContext.configure(connection).get_current_revision()

    async with database.writing() as connection:
        return await connection.run_sync(run)


async def differences(database: Database) -> list[Any]:
    """What the migrated database lacks against `tables.py`; empty when they agree (checked by a test)."""

    def run(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with database.reading() as connection:
        return await connection.run_sync(run)


def head() -> str | None:
    """The newest revision that this code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


async def revision(database: Database) -> str | None:
    """The revision that the database is at; None before the first migration."""
    async with database.reading() as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
