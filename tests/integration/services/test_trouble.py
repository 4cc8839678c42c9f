"""What may go wrong around a bot that trades, or with its server: said in plain words, and over when it is over."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from tests.support.bridge_server import bridge_settings
from tests.support.fast_time import SandboxCalendar
from tests.support.firm import ANA, PATIENCE, Firm, bridge, firm
from tests.support.sandbox_server import free_port, sandbox_thread
from tests.support.waiting import eventually
from trading_bridge.domain.bots import Status
from trading_bridge.domain.errors import CredentialsMissing, InvalidConfig, UpstreamError
from trading_bridge.domain.fleet import Reach
from trading_bridge.domain.operations import Phase
from trading_bridge.domain.views import Shown
from trading_bridge.services.bots import BotFilter
from trading_bridge.storage.operations import OperationRepository

DEPLOY = "/bot-orchestration/deploy-v2-controllers"
EVERYTHING = "*"


async def reach(house: Firm, wanted: Reach) -> None:
    await eventually(lambda: house.runtime.coordinator.fleet.reach is wanted, PATIENCE)


async def test_a_profile_that_was_deleted_is_made_again_and_keys_are_asked_for(tmp_path: Path) -> None:
    async with firm(tmp_path) as house:
        bot_id = await house.create(start=False)
        await asyncio.to_thread(house.sandbox.post, "/accounts/delete-account?account_name=client_sharp")

        await house.bots.start(bot_id, ANA)
        failed = await house.status(bot_id, Status.FAILED)

        assert failed.bot.reason_code == "credentials_missing"
        assert failed.bot.reason == (
            "Account client_sharp holds no keys for gate_io on the server. Add them, then start again."
        )
        assert "client_sharp" in await asyncio.to_thread(house.sandbox.get, "/accounts/")
        told = [event.message for event in await house.bots.timeline(bot_id)]
        assert "Account found on the server: it was missing and has been created" in told
        assert await house.containers() == {}

        keys = {"gate_io_api_key": "sandbox-gate-key", "gate_io_secret_key": "sandbox-gate-secret"}
        await house.runtime.accounts.put_credentials("client_sharp", "gate_io", keys, ANA)
        await house.bots.start(bot_id, ANA)
        await house.status(bot_id, Status.RUNNING)


async def test_an_account_without_keys_is_told_before_anything_is_created(tmp_path: Path) -> None:
    async with firm(tmp_path) as house:
        await house.runtime.accounts.create("client_fresh", ANA)

        with pytest.raises(CredentialsMissing) as caught:
            await house.create(account="client_fresh")

        assert caught.value.hint == "PUT /accounts/client_fresh/credentials/gate_io adds them."
        assert (await house.bots.list(BotFilter())).total == 0


async def test_settings_that_the_server_refuses(tmp_path: Path) -> None:
    refusal = "1 validation error for PMMV1Config\norder_amount\n  Input should be less than 5 [type=less_than]"
    validate: dict[str, Any] = {"path": "*/config/validate", "action": "status", "status": 400, "body": refusal}
    async with firm(tmp_path) as house:
        bot_id = await house.create(start=False)
        house.sandbox.faults(rules=[validate])

        with pytest.raises(InvalidConfig) as caught:
            await house.create("Another")
        assert caught.value.field == "config.order_amount"
        await house.bots.start(bot_id, ANA)
        failed = await house.status(bot_id, Status.FAILED)

        assert failed.bot.reason_code == "config_refused"
        assert failed.bot.reason == "The server refuses the settings: order_amount: Input should be less than 5"
        assert (await house.bots.list(BotFilter())).total == 1


async def test_a_silent_broker_is_told_and_forgotten(tmp_path: Path) -> None:
    async with firm(tmp_path) as house:
        bot_id = (await house.running()).bot.id
        house.sandbox.faults(mqtt_silent=True)

        degraded = await house.status(bot_id, Status.DEGRADED, code="silent")
        assert "may trade on" in degraded.bot.reason
        server = (await house.runtime.system.view()).servers[0]
        assert (server.reach, server.mqtt) == ("up", "silent")

        house.sandbox.clear_faults()
        await house.status(bot_id, Status.RUNNING)
        assert (await house.runtime.system.view()).servers[0].mqtt == "alive"


async def test_an_exchange_that_refuses_orders(tmp_path: Path) -> None:
    async with firm(tmp_path) as house:
        bot_id = (await house.running()).bot.id
        house.sandbox.faults(refuse_orders={"*": "trading is suspended"})

        degraded = await house.status(bot_id, Status.DEGRADED, code="orders_refused")
        assert "refuses its orders" in degraded.bot.reason
        assert degraded.shown is Shown.ATTENTION

        house.sandbox.clear_faults()
        await house.status(bot_id, Status.RUNNING)


async def test_a_one_sided_book_means_no_orders(tmp_path: Path) -> None:
    async with firm(tmp_path) as house:
        house.sandbox.faults(books={"SHARP-USDT": "no_bids"})
        bot_id = await house.create()

        degraded = await house.status(bot_id, Status.DEGRADED, code="no_orders")

        assert "empty on one side" in degraded.bot.reason
        house.sandbox.clear_faults()
        await house.status(bot_id, Status.RUNNING)


async def test_docker_away_breaks_no_bot_and_holds_up_a_deploy(tmp_path: Path) -> None:
    async with firm(tmp_path) as house:
        bot = (await house.running()).bot
        house.sandbox.faults(docker_down=True)
        await eventually(lambda: house.runtime.coordinator.fleet.docker is False, PATIENCE)

        view = await house.bots.get(bot.id)
        assert view.bot.status is Status.RUNNING
        assert house.runtime.coordinator.fleet.up
        other = await house.create("Other")
        await house.status(other, Status.UNCERTAIN, Status.DEPLOYING)

        house.sandbox.clear_faults()
        await house.status(other, Status.RUNNING)
        assert len(await house.containers()) == 2


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"action": "html", "status": 502}, "upstream_not_hummingbot"),
        ({"action": "html", "status": 200}, "upstream_not_hummingbot"),
        ({"action": "status", "status": 401, "body": "Incorrect"}, "upstream_unauthorized"),
        ({"action": "status", "status": 503}, "upstream_uncertain"),
        ({"action": "drop"}, "upstream_uncertain"),
    ],
)
async def test_a_server_that_answers_nonsense_is_down_until_it_does_not(
    tmp_path: Path, rule: dict[str, Any], code: str
) -> None:
    async with firm(tmp_path) as house:
        bot_id = (await house.running()).bot.id
        await house.filled(bot_id)
        before = await house.bots.get(bot_id)
        with capture_logs() as lines:
            house.sandbox.faults(rules=[{"path": EVERYTHING, **rule}])
            await reach(house, Reach.DOWN)

            view = await house.bots.get(bot_id)
            assert house.runtime.coordinator.fleet.failure_code == code
            assert (view.bot.status, view.shown, view.stale) == (Status.RUNNING, Shown.UNKNOWN, True)
            assert view.figures.position.fills >= before.figures.position.fills
            assert view.figures.own_orders is not None
            with pytest.raises(UpstreamError):
                await house.create("Other")
            await house.bots.stop(bot_id, ANA)

            house.sandbox.clear_faults()
            await reach(house, Reach.UP)
        await house.status(bot_id, Status.STOPPED)
        assert house.orders() == []
        told = [line["event"] for line in lines if line["event"].startswith("upstream_")]
        assert told[:2] == ["upstream_down", "upstream_up"]


async def test_a_sandbox_that_is_gone_and_comes_back(tmp_path: Path, database_url: str) -> None:
    clock, port, state = SandboxCalendar(), free_port(), tmp_path / "sandbox"
    settings = bridge_settings(tmp_path, f"http://127.0.0.1:{port}", database_url=database_url)
    with sandbox_thread(port=port, speed=40, state_dir=state, wall=clock) as sandbox:
        assert sandbox.world is not None
        clock.follow(sandbox.world)
        opened = bridge(settings, sandbox, clock)
        house = await opened.__aenter__()
        trading, stopping, draft = [await house.create(name, start=name != "draft") for name in ("one", "two", "draft")]
        for bot_id in (trading, stopping):
            await house.status(bot_id, Status.RUNNING)
        await house.filled(trading)
    await reach(house, Reach.DOWN)

    view = await house.bots.get(trading)
    assert (view.shown, view.stale) == (Shown.UNKNOWN, True)
    assert view.figures.position.fills > 0
    assert (await house.bots.list(BotFilter())).stale
    await house.bots.stop(stopping, ANA)
    await house.bots.start(draft, ANA)
    assert (await house.bots.get(stopping)).bot.status is Status.STOPPING
    assert (await house.bots.get(draft)).bot.status is Status.DEPLOYING

    with sandbox_thread(port=port, speed=40, state_dir=state, wall=clock) as sandbox:
        assert sandbox.world is not None
        clock.follow(sandbox.world)
        house.sandbox = sandbox
        await reach(house, Reach.UP)
        await house.status(stopping, Status.STOPPED)
        await house.status(draft, Status.RUNNING)
        assert (await house.bots.get(trading)).shown is Shown.TRADING
        assert sum(state == "active" for state in (await house.containers()).values()) >= 2
        await opened.__aexit__(None, None, None)


async def test_a_database_that_fails_in_the_middle_of_a_deploy(tmp_path: Path, database_url: str) -> None:
    async def rename(house: Firm, old: str, new: str) -> None:
        async with house.runtime.database.writing() as connection:
            await connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    async with firm(tmp_path, database_url=database_url) as house:
        house.sandbox.faults(rules=[{"path": DEPLOY, "action": "latency", "seconds": 0.5, "when": "after"}])
        bot_id = await house.create()
        await eventually(house.containers, PATIENCE)  # it has happened, the answer is still under way
        with capture_logs() as lines:
            await rename(house, "timeline", "timeline_away")
            await eventually(lambda: any(line["event"] == "reconciler_round_failed" for line in lines), PATIENCE)
            await rename(house, "timeline_away", "timeline")

        view = await house.status(bot_id, Status.RUNNING)

        assert await house.containers() == {view.bot.instance_name: "active"}
        assert view.bot.generation == 1
        async with house.runtime.database.reading() as connection:
            left = await OperationRepository(connection).open()
        assert [op for op in left if op.phase is Phase.SENDING] == []
