"""`trading-bridge doctor`: why does it not work?"""

import asyncio
from typing import Annotated

import msgspec
import typer

from trading_bridge.cli.stopping import plain_errors
from trading_bridge.hummingbot.client import HummingbotReader
from trading_bridge.runtime import upstream_transport
from trading_bridge.services.doctor import Finding, examine
from trading_bridge.settings import ConfigurationError, Settings, check_for_serving, load
from trading_bridge.storage.database import Database

_MARKS = {"pass": "✓", "warn": "!", "fail": "✗"}


def doctor(json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False) -> None:
    """Check the settings, the database and the Hummingbot API. Exit code 1 when a check fails."""
    with plain_errors():
        findings = asyncio.run(_examine(load()))
    if json:
        typer.echo(msgspec.json.encode(findings).decode())
    else:
        for finding in findings:
            typer.echo(f"{_MARKS[finding.state]} {finding.name}: {finding.evidence}")
            if finding.fix:
                typer.echo(f"    → {finding.fix}")
    if any(finding.state == "fail" for finding in findings):
        raise typer.Exit(1)


async def _examine(settings: Settings) -> list[Finding]:
    settings.open_home()  # a first doctor comes before the first start
    findings = [_settings(settings)]
    database, transport = Database(settings.database_address), upstream_transport(settings)
    try:
        findings += [finding async for finding in examine(database, HummingbotReader(transport))]
    finally:
        await transport.close()
        await database.close()
    return findings


def _settings(settings: Settings) -> Finding:
    try:
        check_for_serving(settings)
    except ConfigurationError as error:
        return Finding("settings", "fail", " ".join(error.problems), "See docs/configuration.md.")
    return Finding("settings", "pass", "complete and safe to serve with", None)
