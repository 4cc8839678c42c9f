"""Stops and removals that don't go as they should: something is always said, nothing is left half-way."""

from decimal import Decimal
from pathlib import Path

from tests.support.firm import ANA, PATIENCE, firm, new_bot
from tests.support.waiting import eventually
from trading_bridge.domain.bots import Status
from trading_bridge.domain.fills import FillSource


async def test_a_bot_that_cannot_be_told_to_stop_is_stopped_with_its_container(tmp_path: Path) -> None:
    far = {**new_bot().config, "bid_spread": Decimal("0.09"), "ask_spread": Decimal("0.09")}  # nothing fills there
    far["order_refresh_time"] = 3600
    async with firm(tmp_path) as house:
        bot = (await house.running(config=far)).bot
        await eventually(lambda: len(house.orders()) == 2, PATIENCE)
        house.sandbox.faults(mqtt_silent=True)
        await house.status(bot.id, Status.DEGRADED, code="silent")

        await house.bots.stop(bot.id, ANA)
        stopped = await house.status(bot.id, Status.STOPPED)

        assert "orders may be left" in stopped.bot.reason
        await house.gone()
        assert house.orders() != []  # a container that is stopped cancels nothing [measured]: what the reason says


async def test_a_deaf_bot_is_archived_all_the_same(tmp_path: Path) -> None:
    async with firm(tmp_path) as house:
        bot = (await house.running()).bot
        await house.filled(bot.id)
        house.sandbox.faults(mqtt_silent=True)
        await house.status(bot.id, Status.DEGRADED, code="silent")

        await house.bots.archive(bot.id, ANA)

        await house.status(bot.id, Status.ARCHIVED)
        assert await house.containers() == {}


async def test_fills_after_the_last_history_come_out_of_the_archive_and_say_so(tmp_path: Path) -> None:
    async with firm(tmp_path) as house:
        bot = (await house.running()).bot
        await house.filled(bot.id)
        house.sandbox.faults(rules=[{"path": "*/history", "action": "status", "status": 500}])
        known = len(await house.bots.fills(bot.id, limit=100_000))
        await eventually(lambda: len(house.trades()) > known + 2, PATIENCE)

        await house.bots.stop(bot.id, ANA)
        await house.status(bot.id, Status.STOPPED)
        await house.gone()

        async def all_read() -> bool:
            fills = await house.bots.fills(bot.id, limit=100_000)
            return {fill.trade_id for fill in fills} == set(house.trades())

        await eventually(all_read, PATIENCE)
        late = [fill for fill in await house.bots.fills(bot.id, limit=100_000) if fill.source is FillSource.ARCHIVE]
        assert late
        assert all(fill.approximate for fill in late)
        view = await house.bots.get(bot.id)
        assert view.figures.position.approximate
        told = [event.message for event in await house.bots.timeline(bot.id)]
        assert any("the history could not be read now" in message for message in told)


async def test_an_archive_that_is_not_there_holds_nothing_up_for_ever(tmp_path: Path) -> None:
    async with firm(tmp_path) as house:
        bot = (await house.running()).bot
        house.sandbox.faults(rules=[{"path": "/archived-bots/", "action": "status", "status": 500, "times": 2}])
        await house.bots.archive(bot.id, ANA)
        await house.status(bot.id, Status.ARCHIVED)
        told = [event.message for event in await house.bots.timeline(bot.id)]
        assert any(message.startswith("Archived fills read") for message in told)


async def test_logs_are_live_and_then_kept(tmp_path: Path) -> None:
    async with firm(tmp_path) as house:
        bot = (await house.running()).bot
        live = await house.bots.logs(bot.id)
        assert live.live
        assert live.lines

        await house.bots.stop(bot.id, ANA)
        await house.status(bot.id, Status.STOPPED)
        await house.gone()

        async def kept() -> bool:
            return not (await house.bots.logs(bot.id)).live

        await eventually(kept, PATIENCE)
        tail = await house.bots.logs(bot.id)
        assert "Hummingbot stopped." in [line.message for line in tail.lines]
        assert (await house.bots.logs(bot.id, level="error")).lines == tuple(
            line for line in tail.lines if line.level in ("ERROR", "CRITICAL")
        )
