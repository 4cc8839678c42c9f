"""Every request of our client against the description that Hummingbot API 1.0.1 serves of itself.

The description is measured material beside the checkout, not part of it: without it there is nothing to compare with.
"""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.support.http_servers import Recording
from trading_bridge.domain.errors import UpstreamError
from trading_bridge.domain.instruments import Pair
from trading_bridge.hummingbot.client import HummingbotReader
from trading_bridge.hummingbot.transport import HttpTransport
from trading_bridge.hummingbot.writes import HummingbotWriter

OPENAPI = Path(__file__).parents[3] / "shared" / "upstream" / "openapi.json"
PAIR = Pair("SHARP", "USDT")
DB = "bots/archived/b/data/b.sqlite"
pytestmark = pytest.mark.skipif(not OPENAPI.is_file(), reason="no ../shared/upstream/openapi.json here")

READS: dict[str, Callable[[HummingbotReader], Awaitable[object]]] = {
    "server_version": lambda reader: reader.server_version(),
    "accounts": lambda reader: reader.accounts(),
    "credentials": lambda reader: reader.credentials("a"),
    "connectors": lambda reader: reader.connectors(),
    "credential_fields": lambda reader: reader.credential_fields("gate_io"),
    "trading_rules": lambda reader: reader.trading_rules("gate_io", [PAIR]),
    "validate_config": lambda reader: reader.validate_config("generic", "pmm_v1", {"x": Decimal("0.1")}),
    "bots": lambda reader: reader.bots(),
    "bot": lambda reader: reader.bot("b"),
    "history": lambda reader: reader.history("b", connector="gate_io", pair=PAIR, account="a"),
    "archived_databases": lambda reader: reader.archived_databases(),
    "archived_fills": lambda reader: reader.archived_fills(DB, connector="gate_io", pair=PAIR, account="a"),
    "containers": lambda reader: reader.containers(),
    "docker_running": lambda reader: reader.docker_running(),
    "images": lambda reader: reader.images("hummingbot"),
    "mqtt_flag": lambda reader: reader.mqtt_flag(),
    "prices": lambda reader: reader.prices("gate_io", [PAIR]),
    "order_book": lambda reader: reader.order_book("gate_io", PAIR, 20),
    "balances": lambda reader: reader.balances("a", "gate_io", refresh=True),
}
WRITES: dict[str, Callable[[HummingbotWriter], Awaitable[object]]] = {
    "add_account": lambda writer: writer.add_account("a"),
    "add_credential": lambda writer: writer.add_credential("a", "gate_io", {"gate_io_api_key": "k"}),
    "delete_credential": lambda writer: writer.delete_credential("a", "gate_io"),
    "upload_config": lambda writer: writer.upload_config("c", {"id": "c"}),
    "delete_config": lambda writer: writer.delete_config("c"),
    "update_bot_config": lambda writer: writer.update_bot_config("b", "c", {}),
    "deploy": lambda writer: writer.deploy("n", "a", "c", "hummingbot/hummingbot:latest"),
    "deploy_default_image": lambda writer: writer.deploy("n", "a", "c", None),
    "stop_bot": lambda writer: writer.stop_bot("b"),
    "stop_and_archive": lambda writer: writer.stop_and_archive("b"),
    "stop_container": lambda writer: writer.stop_container("b"),
    "start_container": lambda writer: writer.start_container("b"),
    "remove_container": lambda writer: writer.remove_container("hummingbot-b"),
}


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(OPENAPI.read_text())
    return told


@pytest.fixture
async def anything() -> AsyncIterator[Recording]:
    """A server that answers every request with an empty list: enough to see what is asked."""
    told = Recording()

    async def note(request: web.Request) -> web.Response:
        told.requests.append((request.method, request.raw_path, await request.read()))
        return web.json_response([])

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", note)
    async with TestServer(app) as server:
        told.url = str(server.make_url("")).rstrip("/")
        yield told


def operation(description: dict[str, Any], method: str, path: str) -> tuple[str, dict[str, Any]]:
    """The described operation that `path` addresses: a literal route wins over one with parameters."""
    fitting = []
    for route, methods in description["paths"].items():
        pattern = re.sub(r"\{[^}]+\}", r"[^/]+", re.escape(route).replace(r"\{", "{").replace(r"\}", "}"))
        if re.fullmatch(pattern, path) and method.lower() in methods:
            fitting.append((route.count("{"), route, methods[method.lower()]))
    assert fitting, f"{method} {path} is not described"
    _, route, found = min(fitting, key=lambda one: one[0])
    return route, found


def check(description: dict[str, Any], method: str, target: str, body: bytes) -> None:
    url = urlsplit(target)
    route, described = operation(description, method, url.path)
    known = {one["name"]: one for one in described.get("parameters", []) if one["in"] == "query"}
    sent = parse_qs(url.query)
    assert set(sent) <= set(known), f"{route} does not know {set(sent) - set(known)}"
    assert {name for name, one in known.items() if one.get("required")} <= set(sent)
    for name, values in sent.items():
        kind = known[name]["schema"].get("type")
        if kind in ("integer", "number"):
            assert all(Decimal(value).is_finite() for value in values)
        if kind == "boolean":
            assert set(values) <= {"true", "false"}
    if "requestBody" not in described:
        assert body == b"", f"{route} takes no body"
        return
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": description["components"]}).validate(json.loads(body))
    name = schema.get("$ref", "").rpartition("/")[2]
    if name:
        fields = description["components"]["schemas"][name]["properties"]
        assert set(json.loads(body)) <= set(fields), f"{route} ignores {set(json.loads(body)) - set(fields)}"


@pytest.mark.parametrize("name", READS)
async def test_reads(name: str, anything: Recording, description: dict[str, Any]) -> None:
    transport = HttpTransport(anything.url)
    with suppress(UpstreamError):  # an empty list is not what most of them ask for
        await READS[name](HummingbotReader(transport))
    await transport.close()
    assert anything.requests
    for method, target, body in anything.requests:
        check(description, method, target, body)


@pytest.mark.parametrize("name", WRITES)
async def test_writes(name: str, anything: Recording, description: dict[str, Any]) -> None:
    transport = HttpTransport(anything.url)
    with suppress(UpstreamError):
        await WRITES[name](HummingbotWriter(transport))
    await transport.close()
    assert len(anything.requests) == 1
    for method, target, body in anything.requests:
        check(description, method, target, body)


def test_every_public_method_is_here() -> None:
    for cls, driven in ((HummingbotReader, READS), (HummingbotWriter, WRITES)):
        public = {name for name in vars(cls) if not name.startswith("_")}
        assert public <= set(driven)
