"""The official `hummingbot-api-client` from PyPI drives the sandbox as it would a real server."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import pytest
from hummingbot_api_client import HummingbotAPIClient

from tests.support.sandbox_server import SandboxClient, pmm_v1, sandbox_thread
from trading_bridge.sandbox.connectors import sandbox_credentials

# The client's own fault: it still uses aiohttp's old way to name a user.
pytestmark = [
    pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The 'auth' parameter is deprecated:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxClient]:
    with sandbox_thread(speed=40) as running:
        yield running


@pytest.fixture
async def client(sandbox: SandboxClient) -> AsyncIterator[Any]:
    async with HummingbotAPIClient(sandbox.url, sandbox.username, sandbox.password) as opened:
        yield opened


async def until(look: Callable[[], Awaitable[Any]], seconds: float = 15.0) -> Any:
    """Ask again until the answer is true."""
    deadline = time.monotonic() + seconds
    while not (found := await look()):
        assert time.monotonic() < deadline, f"not within {seconds} s; last seen: {found!r}"
        await asyncio.sleep(0.02)
    return found


async def test_accounts_and_keys(client: Any) -> None:
    assert (await client.accounts.list_accounts())[:2] == ["master_account", "client_sharp"]
    assert await client.accounts.list_account_credentials("client_sharp") == ["gate_io", "bitmart"]
    await client.accounts.add_account("desk_one")
    fields = await client.connectors.get_config_map("kucoin")
    keys = sandbox_credentials("kucoin")
    assert set(fields) == set(keys)
    await client.accounts.add_credential("desk_one", "kucoin", keys)
    assert await client.accounts.list_account_credentials("desk_one") == ["kucoin"]
    state = await client.portfolio.get_state(account_names=["desk_one"], refresh=True)
    sharp = next(row for row in state["desk_one"]["kucoin"] if row["token"] == "SHARP")
    assert (sharp["units"], sharp["available_units"]) == (200_000.0, 200_000.0)
    await client.accounts.delete_credential("desk_one", "kucoin")
    await client.accounts.delete_account("desk_one")
    assert "desk_one" not in await client.accounts.list_accounts()


async def test_connectors_and_prices(client: Any) -> None:
    assert {"gate_io", "bitmart", "kucoin", "mexc", "bitget"} <= set(await client.connectors.list_connectors())
    rules = await client.connectors.get_trading_rules("gate_io", ["SHARP-USDT", "NO-SUCH"])
    assert rules["SHARP-USDT"]["min_price_increment"] == 1e-6
    assert rules["NO-SUCH"] == {"error": "Trading pair NO-SUCH not found"}
    assert "LIMIT" in (await client.connectors.get_supported_order_types("gate_io"))["supported_order_types"]
    prices = await client.market_data.get_prices("gate_io", ["SHARP-USDT", "BTC-USDT"])
    assert 0.045 < prices["prices"]["SHARP-USDT"] < 0.055
    book = await client.market_data.get_order_book("gate_io", "SHARP-USDT", depth=5)
    assert book["bids"][0]["price"] < book["asks"][0]["price"]
    assert len(book["bids"]) == len(book["asks"]) == 5


async def test_controllers_and_scripts(client: Any) -> None:
    assert "pmm_v1" in (await client.controllers.list_controllers())["generic"]
    template = await client.controllers.get_controller_config_template("generic", "pmm_v1")
    assert template["order_refresh_time"] == {"default": 30, "type": "<class 'int'>", "required": False}
    config = pmm_v1("official_check")
    checked = await client.controllers.validate_controller_config("generic", "pmm_v1", config)
    assert checked == {"message": "Configuration is valid"}
    await client.controllers.create_or_update_controller_config("official_check", config)
    assert await client.controllers.get_controller_config("official_check") == config
    assert config in await client.controllers.list_controller_configs()
    await client.controllers.delete_controller_config("official_check")
    with pytest.raises(aiohttp.ClientResponseError, match="not found") as missing:
        await client.controllers.get_controller_config("official_check")
    assert missing.value.status == 404
    assert "v2_with_controllers" in await client.scripts.list_scripts()
    await client.scripts.create_or_update_script("mine", {"content": "x = 1"})
    assert (await client.scripts.get_script("mine"))["content"] == "x = 1"
    await client.scripts.create_or_update_script_config("mine_1", {"script_file_name": "mine.py"})
    assert await client.scripts.get_script_config("mine_1") == {"script_file_name": "mine.py"}
    await client.scripts.delete_script_config("mine_1")
    await client.scripts.delete_script("mine")


async def test_a_bot_from_deploy_to_archive(client: Any) -> None:
    bots = client.bot_orchestration
    await client.controllers.create_or_update_controller_config("cycle", pmm_v1("cycle"))
    deployed = await bots.deploy_v2_controllers("hummingbot-cycle", "client_sharp", ["cycle"])
    assert deployed["success"] is True
    name = deployed["unique_instance_name"]

    async def reported() -> Any:
        entry = (await bots.get_active_bots_status())["data"].get(name, {})
        return entry if entry.get("status") == "running" else None

    entry = await until(reported)
    assert entry["source"] == "docker"
    assert entry["performance"]["cycle"]["performance"]["positions_summary"] == []

    async def filled() -> Any:
        # The client can't send its own default False: a 0 means the same to the server.
        return (await bots.get_bot_history(name, verbose=0))["response"]["data"]["data"]["trades"]

    first = (await until(filled))[0]
    assert (first["market"], first["symbol"]) == ("gate_io", "SHARP-USDT")
    active = await client.docker.get_active_containers(name_filter=name)
    assert [row["name"] for row in active] == [name]
    run = (await bots.get_bot_runs(bot_name=name))["data"][0]
    assert (run["run_status"], run["deployment_status"]) == ("CREATED", "DEPLOYED")

    assert (await bots.stop_bot(name))["response"] == {"success": True}
    run = (await bots.get_bot_runs(bot_name=name))["data"][0]
    assert run["run_status"] == "STOPPED"
    archiving = await bots.stop_and_archive_bot(name)
    assert archiving["status"] == "success"

    async def archived() -> Any:
        rows = (await bots.get_bot_runs(bot_name=name))["data"]
        return rows[0]["deployment_status"] == "ARCHIVED"

    await until(archived)
    database = f"bots/archived/{name}/data/{name}.sqlite"
    assert database in await client.archived_bots.list_databases()
    summary = await client.archived_bots.get_database_summary(database)
    trades = await client.archived_bots.get_database_trades(database, limit=1)
    assert summary["total_trades"] == trades["pagination"]["total"] >= 1
    assert trades["trades"][0]["exchange_trade_id"] == first["trade_id"]
    assert await client.docker.get_active_containers(name_filter=name) == []


async def test_docker(client: Any) -> None:
    assert await client.docker.is_running() is True
    assert await client.docker.get_available_images("hummingbot") == ["hummingbot/hummingbot:latest"]
    await client.controllers.create_or_update_controller_config("boxed", pmm_v1("boxed"))
    deployed = await client.bot_orchestration.deploy_v2_controllers("hummingbot-boxed", "client_sharp", ["boxed"])
    name = deployed["unique_instance_name"]
    assert await client.docker.stop_container(name) is None
    assert [row["name"] for row in await client.docker.get_exited_containers(name_filter="boxed")] == [name]
    assert await client.docker.start_container(name) is None
    assert (await client.docker.remove_container(name, archive_locally=1))["success"] is True
    assert await client.docker.get_exited_containers(name_filter="boxed") == []


async def test_searches_are_empty(client: Any) -> None:
    assert (await client.trading.get_trades(limit=3))["data"] == []
    assert (await client.trading.search_orders(limit=3))["data"] == []


async def test_a_wrong_password_is_refused(sandbox: SandboxClient) -> None:
    async with HummingbotAPIClient(sandbox.url, "admin", "wrong") as stranger:
        with pytest.raises(aiohttp.ClientResponseError, match="Incorrect username or password"):
            await stranger.accounts.list_accounts()
