"""Start, stop and archive from wherever a bot may stand, and many at once."""

import asyncio
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.firm import ANA, PATIENCE, Firm, firm, new_bot
from tests.support.waiting import eventually
from trading_bridge.domain.bots import Status
from trading_bridge.domain.errors import IdempotencyConflict, IllegalTransition, NotFound, UnknownAccount
from trading_bridge.domain.operations import EventState
from trading_bridge.domain.views import BotView
from trading_bridge.services.bots import BotFilter

DEPLOY = "/bot-orchestration/deploy-v2-controllers"


async def told(house: Firm, bot_id: str) -> list[str]:
    """Steps of the timeline, oldest first."""
    return [event.step for event in await house.bots.timeline(bot_id)]


@pytest.mark.parametrize(
    "stage", ["profile", "credentials", "validated", "uploaded", "deployed", "container", "connected"]
)
async def test_a_stop_during_a_deploy_leaves_nothing_behind(tmp_path: Path, stage: str) -> None:
    slow = {
        "profile": "/accounts/",
        "credentials": "/accounts/*/credentials",
        "validated": "/controllers/*/config/validate",
        "uploaded": "/controllers/configs/*",
        "deployed": DEPLOY,
    }
    async with firm(tmp_path) as house:
        bot_id = await house.create(start=False)
        if stage in slow:
            house.sandbox.faults(rules=[{"path": slow[stage], "action": "latency", "seconds": 0.4}])
        elif stage == "connected":
            house.sandbox.faults(mqtt_silent=True)
        else:
            house.sandbox.faults(rules=[{"path": "/docker/*-containers", "action": "status", "times": None}])
        await house.bots.start(bot_id, ANA)
        await house.status(bot_id, Status.DEPLOYING, code=stage)

        await house.bots.stop(bot_id, ANA)
        house.sandbox.clear_faults()

        await house.status(bot_id, Status.STOPPED)
        await house.gone()
        assert house.orders() == []
        steps = await told(house, bot_id)
        assert "running" not in steps
        view = await house.bots.start(bot_id, ANA)  # it can be started again; and the bridge ends in the middle of it
        assert view.bot.status is Status.DEPLOYING


async def test_a_draft_can_be_started_or_put_away(tmp_path: Path, database_url: str) -> None:
    async with firm(tmp_path, database_url=database_url) as house:
        first, second = [await house.create(name, start=False) for name in ("one", "two")]
        assert (await house.bots.get(first)).bot.status is Status.DRAFT
        with pytest.raises(IllegalTransition):
            await house.bots.stop(first, ANA)

        await house.bots.archive(first, ANA)
        view = await house.bots.wait_settled(first, 10)
        assert view.bot.status is Status.ARCHIVED
        for act in (house.bots.start, house.bots.stop, house.bots.archive):
            with pytest.raises(IllegalTransition):
                await act(first, ANA)

        await house.bots.start(second, ANA)
        assert (await house.status(second, Status.RUNNING)).bot.generation == 1
        listed = await house.bots.list(BotFilter())
        assert [view.bot.id for view in listed.bots] == [second]
        assert len((await house.bots.list(BotFilter(archived=True))).bots) == 2
        with pytest.raises(NotFound):
            await house.bots.get("bot_none")


async def test_a_running_bot_is_archived_in_one_go(tmp_path: Path, database_url: str) -> None:
    async with firm(tmp_path, database_url=database_url) as house:
        bot = (await house.running()).bot
        await house.filled(bot.id)

        await house.bots.archive(bot.id, ANA)
        view = await house.status(bot.id, Status.ARCHIVED)

        assert view.bot.instance_name is None
        assert await house.containers() == {}
        assert house.orders() == []
        assert {fill.trade_id for fill in await house.bots.fills(bot.id, limit=100_000)} == set(house.trades())
        assert (await house.bots.logs(bot.id)).lines


async def test_a_failed_bot_is_cleared_away_started_again_and_archived(tmp_path: Path) -> None:
    async with firm(tmp_path, hummingbot_image="nobody/hummingbot:none") as house:
        bot_id = await house.create()
        failed = await house.status(bot_id, Status.FAILED)
        assert failed.bot.reason_code == "deploy_refused"
        assert "pull access denied" in failed.bot.reason
        assert await house.containers() == {}

        await house.bots.start(bot_id, ANA)
        assert (await house.status(bot_id, Status.FAILED)).bot.generation == 2
        await house.bots.archive(bot_id, ANA)
        await house.status(bot_id, Status.ARCHIVED)


async def test_a_crashed_container_is_lost_and_its_bot_starts_anew(tmp_path: Path, database_url: str) -> None:
    async with firm(tmp_path, database_url=database_url) as house:
        bot = (await house.running()).bot
        await house.filled(bot.id)
        crashed_at = house.clock()
        house.sandbox.post(f"/sandbox/containers/{bot.instance_name}/crash")
        log = "\n".join(house.sandbox.get(f"/sandbox/containers/{bot.instance_name}/log")["lines"])

        lost = await house.status(bot.id, Status.LOST)
        assert lost.bot.reason_code == "container_exited"
        assert lost.bot.reason == "Its container has exited; it was not asked to."

        await house.bots.start(bot.id, ANA)
        again = (await house.status(bot.id, Status.RUNNING)).bot
        assert await house.containers() == {again.instance_name: "active"}
        await house.bots.archive(bot.id, ANA)
        await house.status(bot.id, Status.ARCHIVED)
        # what the crashed one filled after its last history came out of its archive; nobody follows the orders it left
        ours = {fill.trade_id for fill in await house.bots.fills(bot.id, limit=100_000)}
        theirs = house.trades()
        assert ours <= set(theirs)
        for trade_id in set(theirs) - ours:
            assert datetime.fromisoformat(theirs[trade_id]["at"]) >= crashed_at
            assert f" order {theirs[trade_id]['client_order_id']} for " in log


async def test_a_container_that_somebody_removed_is_lost_too(tmp_path: Path) -> None:
    async with firm(tmp_path) as house:
        bot = (await house.running()).bot
        await asyncio.to_thread(house.sandbox.post, f"/docker/remove-container/{bot.instance_name}")

        assert (await house.status(bot.id, Status.LOST)).bot.reason_code == "container_gone"
        await house.bots.archive(bot.id, ANA)
        await house.status(bot.id, Status.ARCHIVED)


async def test_of_two_starts_at_once_one_wins(tmp_path: Path, database_url: str) -> None:
    async with firm(tmp_path, database_url=database_url) as house:
        bot_id = await house.create(start=False)

        results = await asyncio.gather(*(house.bots.start(bot_id, ANA) for _ in range(5)), return_exceptions=True)

        assert sum(isinstance(result, BotView) for result in results) == 1
        assert sum(isinstance(result, IllegalTransition) for result in results) == 4
        view = await house.status(bot_id, Status.RUNNING)
        assert view.bot.generation == 1
        assert await house.containers() == {view.bot.instance_name: "active"}


async def test_stops_at_once_are_one_stop(tmp_path: Path, database_url: str) -> None:
    async with firm(tmp_path, database_url=database_url) as house:
        bot_id = (await house.running()).bot.id

        await asyncio.gather(*(house.bots.stop(bot_id, ANA) for _ in range(4)))
        await house.status(bot_id, Status.STOPPED)

        assert (await told(house, bot_id)).count("stop_sent") == 1


async def test_one_key_makes_one_bot_even_at_the_same_moment(tmp_path: Path, database_url: str) -> None:
    async with firm(tmp_path, database_url=database_url) as house:
        new = new_bot(start=False)
        views = await asyncio.gather(*(house.bots.create(new, ANA, idempotency_key="k1") for _ in range(5)))
        assert len({view.bot.id for view in views}) == 1
        assert (await house.bots.list(BotFilter())).total == 1
        with pytest.raises(IdempotencyConflict):
            await house.bots.create(new_bot("Other", start=False), ANA, idempotency_key="k1")


async def test_twenty_bots_at_once_are_twenty_containers(tmp_path: Path) -> None:
    async with firm(tmp_path, speed=10) as house:
        ids = await asyncio.gather(
            *(house.create(f"Sharp {number}", connector=("gate_io", "bitmart")[number % 2]) for number in range(20))
        )
        views = [await house.status(bot_id, Status.RUNNING, seconds=120) for bot_id in ids]

        assert await house.containers() == {view.bot.instance_name: "active" for view in views}


async def test_an_account_nobody_knows_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    async with firm(tmp_path) as house:
        with pytest.raises(UnknownAccount):
            await house.create(account="nobody")
        assert (await house.bots.list(BotFilter())).total == 0


async def test_the_timeline_tells_every_step_once_and_in_order(tmp_path: Path) -> None:
    async with firm(tmp_path) as house:
        bot_id = (await house.running()).bot.id

        async def first_fill() -> bool:
            return "first_fill" in await told(house, bot_id)

        await eventually(first_fill, PATIENCE)
        await house.bots.stop(bot_id, ANA)
        await house.status(bot_id, Status.STOPPED)
        await house.gone()

        events = [event for event in await house.bots.timeline(bot_id) if event.state is EventState.DONE]
        steps = [event.step for event in events if event.step not in ("first_order", "first_fill")]
        assert steps[:11] == [
            "profile",
            "credentials",
            "validated",
            "uploaded",
            "deployed",
            "container",
            "connected",
            "reporting",
            "saved",
            "stop_sent",
            "strategy_ended",
        ]
        assert len(steps) == len(set(steps))
        assert {"first_order", "first_fill"} <= {event.step for event in events}
