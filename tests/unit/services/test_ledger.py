"""Our books: every fill once, totals right however the fills arrive."""

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.books import NOON, bot, fill, store
from tests.support.fast_time import HandClock
from trading_bridge.domain.fills import Fill, FillSource, Side
from trading_bridge.domain.performance import Position, fold
from trading_bridge.services.ledger import Ledger
from trading_bridge.storage.database import Database

SECOND = timedelta(seconds=1)
numbers = itertools.count(1)


async def everything(ledger: Ledger, bot_id: str) -> list[Fill]:
    return await ledger.fills(bot_id, limit=None, before=None, since=None)


async def test_the_same_fill_read_twice_is_one_fill(database: Database) -> None:
    ledger = Ledger(database, HandClock(NOON))
    await store(database, bot())
    bought = fill("t1", Side.BUY, "0.05", "1600", NOON - SECOND)

    assert await ledger.record(bot(), []) == 0
    assert await ledger.record(bot(), [bought]) == 1
    assert await ledger.record(bot(), [bought, bought]) == 0
    assert await ledger.record(bot(), [replace(bought, source=FillSource.ARCHIVE, approximate=True)]) == 0

    position = ledger.position("bot_1")
    assert (position.fills, position.amount, position.volume) == (1, Decimal(1600), Decimal("80.00"))
    assert position.approximate is False
    assert [one.source for one in await everything(ledger, "bot_1")] == [FillSource.HISTORY]


async def test_a_batch_that_repeats_a_fill_counts_it_once(database: Database) -> None:
    ledger = Ledger(database, HandClock(NOON))
    await store(database, bot())
    bought = fill("t1", Side.BUY, "0.05", "1600", NOON - SECOND)

    assert await ledger.record(bot(), [bought, bought]) == 1
    assert ledger.position("bot_1").fills == 1
    assert len(await everything(ledger, "bot_1")) == 1


async def test_a_late_fill_is_put_in_its_place(database: Database) -> None:
    ledger = Ledger(database, HandClock(NOON))
    await store(database, bot())
    first = fill("t1", Side.BUY, "1", "10", NOON - 30 * SECOND)
    late = fill("t2", Side.BUY, "2", "10", NOON - 20 * SECOND)
    last = fill("t3", Side.SELL, "3", "10", NOON - 10 * SECOND)

    await ledger.record(bot(), [first, last])
    assert ledger.position("bot_1").realised == Decimal(20)
    await ledger.record(bot(), [late])

    assert ledger.position("bot_1") == fold([first, late, last])
    assert ledger.position("bot_1").realised == Decimal(15)  # the late buy made the stock dearer


async def test_fills_of_one_moment_have_one_order(database: Database) -> None:
    ledger = Ledger(database, HandClock(NOON))
    await store(database, bot())
    buy, sell = fill("t2", Side.BUY, "1", "10", NOON), fill("t1", Side.SELL, "2", "10", NOON)

    await ledger.record(bot(), [buy])
    await ledger.record(bot(), [sell])

    assert ledger.position("bot_1") == fold([sell, buy])


async def test_each_bot_has_its_own_books(database: Database) -> None:
    ledger = Ledger(database, HandClock(NOON))
    await store(database, bot(1), bot(2))
    await ledger.record(bot(1), [fill("t1", Side.BUY, "1", "10", NOON)])
    await ledger.record(bot(2), [fill("t1", Side.SELL, "2", "5", NOON, connector="bitmart")])

    assert ledger.position("bot_1").amount == Decimal(10)
    assert ledger.position("bot_2").amount == Decimal(-5)
    assert ledger.position("bot_3") == Position()
    assert ledger.volume_24h("bot_3") == 0


async def test_the_day_begins_with_what_was_held_at_midnight(database: Database) -> None:
    clock = HandClock(NOON)
    ledger = Ledger(database, clock)
    await store(database, bot())
    yesterday = fill("t1", Side.BUY, "1", "10", NOON - SECOND)
    await ledger.record(bot(), [yesterday])
    assert ledger.position_at_midnight("bot_1") == Position()

    clock.forward(hours=13)  # 01:00 of the next day, and nobody asked in between
    assert ledger.position_at_midnight("bot_1") == fold([yesterday])

    today = fill("t2", Side.SELL, "2", "10", clock.now - SECOND)
    await ledger.record(bot(), [today])
    assert ledger.position_at_midnight("bot_1") == fold([yesterday])
    assert ledger.position("bot_1") == fold([yesterday, today])

    clock.forward(days=1)
    assert ledger.position_at_midnight("bot_1") == fold([yesterday, today])


async def test_a_fill_of_yesterday_that_comes_today_belongs_to_yesterday(database: Database) -> None:
    clock = HandClock(NOON.replace(hour=0, minute=0, second=5))
    ledger = Ledger(database, clock)
    await store(database, bot())
    before = fill("t1", Side.BUY, "1", "10", clock.now - 10 * SECOND)
    after = fill("t2", Side.BUY, "1", "10", clock.now - SECOND)

    await ledger.record(bot(), [before, after])

    assert ledger.position_at_midnight("bot_1") == fold([before])
    assert ledger.position("bot_1") == fold([before, after])


async def test_the_volume_is_of_the_last_24_hours_and_moves_with_the_clock(database: Database) -> None:
    clock = HandClock(NOON)
    ledger = Ledger(database, clock)
    await store(database, bot())
    await ledger.record(bot(), [fill("t1", Side.BUY, "2", "10", NOON - timedelta(hours=25))])
    await ledger.record(bot(), [fill("t2", Side.SELL, "3", "10", NOON - timedelta(hours=23))])
    await ledger.record(bot(), [fill("t3", Side.BUY, "4", "10", NOON)])

    assert ledger.volume_24h("bot_1") == Decimal(70)
    clock.forward(hours=1, seconds=1)
    assert ledger.volume_24h("bot_1") == Decimal(40)
    clock.forward(days=2)
    assert ledger.volume_24h("bot_1") == 0
    assert ledger.position("bot_1").volume == Decimal(90)


async def test_histories_that_are_read_at_the_same_time_leave_the_right_totals(database: Database) -> None:
    ledger = Ledger(database, HandClock(NOON))
    await store(database, bot())
    fills = [
        fill(f"t{number}", Side.BUY if number % 3 else Side.SELL, "1.5", "2", NOON - (100 - number) * SECOND)
        for number in range(60)
    ]
    batches = [fills[start::7] for start in range(7)]  # each reaches over the whole time: all but the first are late

    await asyncio.gather(*(ledger.record(bot(), batch) for batch in batches))

    assert ledger.position("bot_1") == fold(fills)
    assert len(await everything(ledger, "bot_1")) == len(fills)


@st.composite
def histories(draw: st.DrawFn) -> list[list[Fill]]:
    """Batches of fills over three days, in any order, some of them more than once."""
    count = draw(st.integers(1, 12))
    fills = [
        fill(
            f"t{number}",
            draw(st.sampled_from(Side)),
            draw(st.sampled_from(["0.0498", "0.05", "1", "3.7"])),
            draw(st.sampled_from(["1", "0.5", "1600"])),
            NOON - timedelta(minutes=draw(st.integers(0, 72 * 60))),
        )
        for number in range(count)
    ]
    return draw(st.lists(st.lists(st.sampled_from(fills), max_size=6), min_size=1, max_size=5))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(batches=histories(), hours=st.integers(0, 30))
async def test_what_was_counted_step_by_step_equals_a_rebuild(
    database: Database, batches: list[list[Fill]], hours: int
) -> None:
    owner = bot(next(numbers), account=f"account-{next(numbers)}")
    await store(database, owner)
    clock = HandClock(NOON)
    counted = Ledger(database, clock)
    for batch in batches:
        await counted.record(owner, [replace(one, account=owner.account) for one in batch])
        clock.forward(hours=hours / len(batches))
    rebuilt = Ledger(database, clock)
    await rebuilt.load()

    assert counted.position(owner.id) == rebuilt.position(owner.id)
    assert counted.position_at_midnight(owner.id) == rebuilt.position_at_midnight(owner.id)
    assert counted.volume_24h(owner.id) == rebuilt.volume_24h(owner.id)
