"""The whole reader and writer against the sandbox: one bot's life, and what faults do to it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from tests.support.sandbox_server import SandboxClient, sandbox_thread
from trading_bridge.domain.errors import (
    UpstreamNotHummingbot,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUncertain,
)
from trading_bridge.domain.fills import FillSource
from trading_bridge.domain.fleet import BotReport, open_orders_from_logs
from trading_bridge.domain.instruments import Pair
from trading_bridge.hummingbot.client import HummingbotReader
from trading_bridge.hummingbot.transport import HttpTransport
from trading_bridge.hummingbot.writes import HummingbotWriter

SHARP = Pair("SHARP", "USDT")
MARKET: dict[str, Any] = {"connector": "gate_io", "pair": SHARP, "account": "client_sharp"}
T = TypeVar("T")


@pytest.fixture
def sandbox() -> Iterator[SandboxClient]:
    with sandbox_thread(speed=40) as running:
        yield running


@pytest.fixture
async def transport(sandbox: SandboxClient) -> AsyncIterator[HttpTransport]:
    made = HttpTransport(sandbox.url, username=sandbox.username, password=sandbox.password)
    yield made
    await made.close()


@pytest.fixture
def reader(transport: HttpTransport) -> HummingbotReader:
    return HummingbotReader(transport)


@pytest.fixture
def writer(transport: HttpTransport) -> HummingbotWriter:
    return HummingbotWriter(transport)


async def eventually(look: Callable[[], Awaitable[T | None]], seconds: float = 20.0) -> T:
    """The first true answer of `look`; AssertionError when none comes within `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = await look()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s; last seen: {found!r}"
        await asyncio.sleep(0.02)


def config(name: str, **changes: object) -> dict[str, object]:
    return {
        "id": name,
        "controller_name": "pmm_v1",
        "controller_type": "generic",
        "connector_name": "gate_io",
        "trading_pair": "SHARP-USDT",
        "order_amount": Decimal(1600),
        "buy_spreads": [Decimal("0.001")],
        "sell_spreads": [Decimal("0.001")],
        "order_refresh_time": 30,
        "filled_order_delay": 5,
        **changes,
    }


async def deployed(writer: HummingbotWriter, name: str = "hummingbot-life") -> str:
    await writer.upload_config("life-g1", config("life-g1"))
    return await writer.deploy(name, "client_sharp", "life-g1", None)


async def test_the_server(sandbox: SandboxClient, reader: HummingbotReader) -> None:
    assert await reader.server_version()
    assert await reader.docker_running() is True
    assert await reader.mqtt_flag() is True
    assert any("hummingbot" in image for image in await reader.images("hummingbot"))
    assert "gate_io" in await reader.connectors()
    assert await reader.bots() == {}
    stranger = HttpTransport(sandbox.url, username="admin", password="wrong")
    with pytest.raises(UpstreamUnauthorized):
        await HummingbotReader(stranger).accounts()
    await stranger.close()


async def test_accounts_and_keys(reader: HummingbotReader, writer: HummingbotWriter) -> None:
    assert "client_sharp" in await reader.accounts()
    assert await reader.credentials("nobody") is None
    await writer.add_account("fresh")
    await writer.add_account("fresh")
    assert await reader.credentials("fresh") == []
    with pytest.raises(UpstreamRejected):
        await writer.add_account("a b")
    fields = await reader.credential_fields("gate_io")
    assert fields is not None
    assert [(one.name, one.secret, one.required) for one in fields] == [
        ("gate_io_api_key", True, True),
        ("gate_io_secret_key", True, True),
    ]
    assert await reader.credential_fields("nosuch") is None
    wrong = {"gate_io_api_key": "sandbox-gate-key", "gate_io_secret_key": "not-the-secret"}
    with pytest.raises(UpstreamRejected, match="INVALID_SIGNATURE"):
        await writer.add_credential("fresh", "gate_io", wrong)
    assert await reader.credentials("fresh") == []
    await writer.add_credential("fresh", "gate_io", wrong | {"gate_io_secret_key": "sandbox-gate-secret"})
    assert await reader.credentials("fresh") == ["gate_io"]
    await writer.delete_credential("fresh", "gate_io")
    await writer.delete_credential("fresh", "gate_io")
    assert await reader.credentials("fresh") == []
    for account, connector, field in (("nobody", "gate_io", "account"), ("fresh", "nosuch", "connector")):
        with pytest.raises(UpstreamRejected) as caught:
            await writer.add_credential(account, connector, wrong)
        assert caught.value.field == field


async def test_the_market(reader: HummingbotReader) -> None:
    rules = await reader.trading_rules("gate_io", [SHARP, Pair("NO", "SUCH")])
    assert rules is not None
    assert list(rules) == ["SHARP-USDT"]
    tick = rules["SHARP-USDT"].min_price_increment
    assert tick is not None
    assert tick > 0
    everything = await reader.trading_rules("gate_io")
    assert everything is not None
    assert len(everything) >= 4
    assert await reader.trading_rules("nosuch") is None
    book = await reader.order_book("gate_io", SHARP, 5)
    assert book.mid is not None
    assert len(book.bids) <= 5
    assert book.bids[0][0] < book.asks[0][0]
    price = (await reader.prices("gate_io", [SHARP]))[SHARP]
    assert abs(price / book.mid - 1) < Decimal("0.1")
    balances = await reader.balances("client_sharp", "gate_io", refresh=True)
    assert balances is not None
    units, available = balances["SHARP"]
    assert units >= available > 0
    assert await reader.balances("nobody", "gate_io") is None


async def test_validation(reader: HummingbotReader) -> None:
    await reader.validate_config("generic", "pmm_v1", config("x"))
    with pytest.raises(UpstreamRejected) as caught:
        await reader.validate_config("generic", "pmm_v1", config("x", order_refresh_time="soon"))
    assert caught.value.field == "order_refresh_time"
    assert "pydantic" not in caught.value.message
    with pytest.raises(UpstreamRejected) as caught:
        await reader.validate_config("generic", "nosuch", {})
    assert caught.value.field == "controller_name"


async def test_the_life_of_a_bot(reader: HummingbotReader, writer: HummingbotWriter) -> None:
    name = await deployed(writer)
    assert name.startswith("hummingbot-life-")
    assert name in (await reader.containers()).active

    async def reporting() -> BotReport | None:
        report = await reader.bot(name)
        return report if report and report.controllers.get("life-g1") and open_orders_from_logs(report.logs) else None

    report = await eventually(reporting)
    assert report.recently_active
    assert name in await reader.bots()

    async def first_fills() -> object:
        return await reader.history(name, **MARKET)

    await eventually(first_fills)
    fills = await reader.history(name, **MARKET)
    assert fills
    assert all(one.price > 0 and one.amount > 0 and one.fee is not None for one in fills)
    assert all(one.source is FillSource.HISTORY and not one.approximate for one in fills)
    assert len({one.trade_id for one in fills}) == len(fills)
    with pytest.raises(UpstreamUncertain, match="another bot"):
        await reader.history(name, **{**MARKET, "pair": Pair("BTC", "USDT")})

    await writer.update_bot_config(name, "life-g1", {"order_amount": Decimal(1700)})
    with pytest.raises(UpstreamRejected) as caught:
        await writer.update_bot_config("hummingbot-nobody", "life-g1", {})
    assert caught.value.field == "instance"

    await writer.stop_bot(name)

    async def stopped() -> object:
        told = await reader.bot(name)
        return told is not None and told.stop_confirmed

    await eventually(stopped)
    await writer.stop_and_archive(name)

    async def archived() -> str | None:
        return next((path for path in await reader.archived_databases() if name in path), None)

    database = await eventually(archived)
    kept = await reader.archived_fills(database, **MARKET)
    assert {one.trade_id for one in fills} <= {one.trade_id for one in kept}
    assert all(one.approximate for one in kept)
    containers = await reader.containers()
    assert name not in containers.active | containers.exited


async def test_containers(reader: HummingbotReader, writer: HummingbotWriter) -> None:
    name = await deployed(writer)
    await writer.stop_container(name)
    assert name in (await reader.containers()).exited
    await writer.start_container(name)
    assert name in (await reader.containers()).active
    await writer.stop_container(name)
    await writer.remove_container(name)
    containers = await reader.containers()
    assert name not in containers.active | containers.exited
    for act in (writer.stop_container, writer.start_container):
        with pytest.raises(UpstreamRejected) as caught:
            await act("hummingbot-nobody")
        assert caught.value.field == "instance"


async def test_what_is_not_there(reader: HummingbotReader, writer: HummingbotWriter) -> None:
    assert await reader.bot("hummingbot-nobody") is None
    assert await reader.history("hummingbot-nobody", **MARKET) is None
    for act in (writer.stop_bot, writer.stop_and_archive):
        with pytest.raises(UpstreamRejected) as caught:
            await act("hummingbot-nobody")
        assert caught.value.field == "instance"
    with pytest.raises(UpstreamRejected) as caught:
        await writer.deploy("hummingbot-x", "nobody", "nothing", None)
    assert caught.value.field == "account"
    with pytest.raises(UpstreamRejected):
        await reader.archived_fills("bots/archived/no/data/no.sqlite", **MARKET)


async def test_the_fence(reader: HummingbotReader, writer: HummingbotWriter) -> None:
    await writer.upload_config("gone-g1", config("gone-g1"))
    assert await writer.delete_config("gone-g1") is True
    assert await writer.delete_config("gone-g1") is False
    name = await writer.deploy("hummingbot-gone", "client_sharp", "gone-g1", None)

    async def exited() -> object:
        return name in (await reader.containers()).exited

    await eventually(exited)


async def test_a_deploy_whose_answer_is_lost_is_uncertain_and_findable(
    sandbox: SandboxClient, reader: HummingbotReader, writer: HummingbotWriter
) -> None:
    await writer.upload_config("life-g1", config("life-g1"))
    path = "/bot-orchestration/deploy-v2-controllers"
    sandbox.faults(rules=[{"path": path, "action": "drop", "when": "after", "times": 1}])
    with pytest.raises(UpstreamUncertain):
        await writer.deploy("hummingbot-lost", "client_sharp", "life-g1", None)
    found = [name for name in (await reader.containers()).active if name.startswith("hummingbot-lost-")]
    assert len(found) == 1


async def test_a_tunnels_page_and_a_silent_broker(
    sandbox: SandboxClient, reader: HummingbotReader, writer: HummingbotWriter
) -> None:
    name = await deployed(writer)
    sandbox.faults(rules=[{"path": "/bot-orchestration/status", "action": "html", "status": 502, "times": 1}])
    with pytest.raises(UpstreamNotHummingbot):
        await reader.bots()

    async def listed() -> object:
        return name in await reader.bots()

    await eventually(listed)
    sandbox.faults(mqtt_silent=True)
    with pytest.raises(UpstreamRejected) as caught:
        await writer.stop_bot(name)
    assert caught.value.field is None
    assert await reader.history(name, **MARKET) is None


async def test_docker_away(sandbox: SandboxClient, reader: HummingbotReader, writer: HummingbotWriter) -> None:
    await writer.upload_config("life-g1", config("life-g1"))
    sandbox.faults(docker_down=True)
    assert await reader.docker_running() is False
    with pytest.raises(UpstreamUncertain):
        await reader.containers()
    with pytest.raises(UpstreamUncertain):
        await writer.deploy("hummingbot-no", "client_sharp", "life-g1", None)
