"""Checks of everything the bridge stands on, each with its evidence and its fix. Changes nothing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from trading_bridge.domain.errors import (
    BridgeError,
    UpstreamNotHummingbot,
    UpstreamUnauthorized,
    UpstreamUnreachable,
)
from trading_bridge.hummingbot.client import HummingbotReader
from trading_bridge.storage.database import Database
from trading_bridge.storage.schema import head, revision

IMAGE = "hummingbot/hummingbot"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. `state` is "pass", "warn" or "fail"."""

    name: str
    state: str
    evidence: str
    fix: str | None


async def examine(database: Database, reader: HummingbotReader) -> AsyncIterator[Finding]:
    """The checks in the order in which one needs the other; those whose ground is missing are left out."""
    yield await _database(database)
    try:
        version = await reader.server_version()
        accounts = await reader.accounts()
    except BridgeError as error:
        yield Finding("Hummingbot API", "fail", error.message, _fix(error))
        return
    yield Finding("Hummingbot API", "pass", f"answers, version {version or 'not told'}; login accepted", None)
    yield await _docker(reader)
    yield await _images(reader)
    yield await _broker(reader)
    clients = [name for name in accounts if name != "master_account"]
    if not clients:
        yield Finding("accounts", "warn", "the server has no account for a client", "POST /accounts makes one.")
    for name in clients:
        try:
            keys = await reader.credentials(name) or []
        except BridgeError as error:
            yield Finding(f"account {name}", "fail", error.message, _fix(error))
            continue
        if keys:
            yield Finding(f"account {name}", "pass", f"keys for {', '.join(sorted(keys))}", None)
        else:
            fix = f"PUT /accounts/{name}/credentials/CONNECTOR adds them."
            yield Finding(f"account {name}", "warn", "holds no exchange keys", fix)


def _fix(error: BridgeError) -> str:
    if isinstance(error, UpstreamUnreachable):
        return "Check HUMMINGBOT_API_URL, and that the Hummingbot API runs and can be reached from here."
    if isinstance(error, UpstreamUnauthorized):
        return "Check HUMMINGBOT_API_USERNAME and HUMMINGBOT_API_PASSWORD (the server's USERNAME and PASSWORD)."
    if isinstance(error, UpstreamNotHummingbot):
        return "HUMMINGBOT_API_URL leads to something else: an offline tunnel, a proxy or a login page."
    return "Look at the Hummingbot API's own log."


async def _database(database: Database) -> Finding:
    if not await database.answers():
        return Finding("database", "fail", f"{database.dialect} does not answer", "Check TRADING_BRIDGE_DATABASE_URL.")
    found, wanted = await revision(database), head()
    if found != wanted:
        evidence = f"{database.dialect} answers; its schema is at {found or 'nothing'}, this version wants {wanted}"
        return Finding("database", "warn", evidence, "Run trading-bridge migrate (serve does it at its start).")
    return Finding("database", "pass", f"{database.dialect} answers; schema {found}", None)


async def _docker(reader: HummingbotReader) -> Finding:
    fix = "Start Docker on the Hummingbot host and check that the API may use its socket."
    try:
        running = await reader.docker_running()
    except BridgeError as error:
        return Finding("Docker", "fail", error.message, fix)
    if running:
        return Finding("Docker", "pass", "the server can use it", None)
    return Finding("Docker", "fail", "the server can't use it", fix)


async def _images(reader: HummingbotReader) -> Finding:
    try:
        images = await reader.images(IMAGE)
    except BridgeError as error:
        return Finding("bot image", "warn", error.message, None)
    if images:
        return Finding("bot image", "pass", ", ".join(sorted(images)), None)
    return Finding("bot image", "warn", f"no {IMAGE} on the host: the first deploy pulls it", f"docker pull {IMAGE}")


async def _broker(reader: HummingbotReader) -> Finding:
    """Its own flag stays true after a disconnect; a bot that is heard is the only proof [measured]."""
    try:
        bots, flag = await reader.bots(), await reader.mqtt_flag()
    except BridgeError as error:
        return Finding("message broker", "warn", error.message, None)
    heard = sum(report.recently_active for report in bots.values())
    if heard:
        return Finding("message broker", "pass", f"{heard} bot{'s' if heard != 1 else ''} heard just now", None)
    if flag is False:
        return Finding("message broker", "fail", "the server is not connected to it", "Start the broker (EMQX).")
    if bots:
        return Finding("message broker", "warn", f"none of {len(bots)} listed bots is heard", "Check the broker.")
    return Finding("message broker", "warn", "connected, says the server; no bot runs that could prove it", None)
