"""`trading-bridge migrate`: bring the database to this version's schema."""

import asyncio

import typer

from trading_bridge.cli.stopping import plain_errors
from trading_bridge.settings import load
from trading_bridge.storage.database import Database
from trading_bridge.storage.schema import migrate as bring_up


def migrate() -> None:
    """Upgrade the database. `serve` does this at its start, too."""
    with plain_errors():
        settings = load()
        settings.open_home()
        before, after = asyncio.run(_migrate(settings.database_address))
        typer.echo(
            f"The database is at {after}." if before == after else f"The database went from {before} to {after}."
        )


async def _migrate(address: str) -> tuple[str | None, str | None]:
    database = Database(address)
    try:
        return await bring_up(database)
    finally:
        await database.close()
