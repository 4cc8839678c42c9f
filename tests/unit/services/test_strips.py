"""The last hour in twelve cells, and the day's opening mid."""

from datetime import timedelta
from decimal import Decimal

from tests.support.books import NOON, bot, store
from tests.support.fast_time import HandClock
from trading_bridge.domain.views import Sample
from trading_bridge.services.strips import CELLS, Strips
from trading_bridge.storage.database import Database
from trading_bridge.storage.samples import SampleRepository

MINUTE = timedelta(minutes=1)


def point(clock: HandClock, mid: str | None = None) -> Sample:
    return Sample(clock.now, None if mid is None else Decimal(mid), None, None, None)


async def opened(database: Database) -> tuple[Strips, HandClock]:
    clock = HandClock(NOON)
    await store(database, bot())
    return Strips(database, clock), clock


async def test_nothing_is_known_of_a_bot_that_was_never_sampled(database: Database) -> None:
    strips, _ = await opened(database)

    assert strips.cells("bot_1") == ("unknown",) * CELLS
    assert strips.mid_at_midnight("bot_1") is None


async def test_a_cell_is_quoting_if_it_ever_was_and_idle_if_it_was_only_idle(database: Database) -> None:
    strips, clock = await opened(database)
    for quoting in (False, True, False, None):
        await strips.add({"bot_1": (point(clock), quoting)})
        clock.forward(seconds=5)
    clock.forward(minutes=5)
    await strips.add({"bot_1": (point(clock), False)})
    clock.forward(minutes=5)
    await strips.add({"bot_1": (point(clock), None)})

    assert strips.cells("bot_1")[-3:] == ("quoting", "idle", "unknown")
    assert set(strips.cells("bot_1")[:-3]) == {"unknown"}


async def test_cells_move_left_and_leave(database: Database) -> None:
    strips, clock = await opened(database)
    await strips.add({"bot_1": (point(clock), True)})

    assert strips.cells("bot_1").index("quoting") == CELLS - 1
    clock.forward(minutes=30)
    assert strips.cells("bot_1").index("quoting") == CELLS - 7
    clock.forward(minutes=30)
    assert "quoting" not in strips.cells("bot_1")


async def test_a_long_day_keeps_an_hour_in_memory_only(database: Database) -> None:
    strips, clock = await opened(database)
    for _ in range(30):
        await strips.add({"bot_1": (point(clock), True)})
        clock.forward(minutes=10)
    clock.forward(minutes=-9)  # one minute after the last point

    assert strips.cells("bot_1").count("quoting") == 6
    assert len(strips._quoting["bot_1"]) <= 8


async def test_the_opening_mid_is_the_first_one_of_the_day(database: Database) -> None:
    strips, clock = await opened(database)
    await strips.add({"bot_1": (point(clock), True)})
    assert strips.mid_at_midnight("bot_1") is None
    for mid in ("0.05", "0.06"):
        clock.forward(minutes=1)
        await strips.add({"bot_1": (point(clock, mid), True)})
    assert strips.mid_at_midnight("bot_1") == Decimal("0.05")

    clock.forward(hours=12)  # the next day
    assert strips.mid_at_midnight("bot_1") is None
    await strips.add({"bot_1": (point(clock, "0.07"), True)})
    assert strips.mid_at_midnight("bot_1") == Decimal("0.07")


async def test_a_restart_knows_the_same(database: Database) -> None:
    strips, clock = await opened(database)
    for quoting, mid in ((True, None), (None, "0.05"), (False, "0.06")):
        await strips.add({"bot_1": (point(clock, mid), quoting)})
        clock.forward(minutes=6)
    restarted = Strips(database, clock)
    await restarted.load()

    assert restarted.cells("bot_1") == strips.cells("bot_1")
    assert restarted.mid_at_midnight("bot_1") == strips.mid_at_midnight("bot_1") == Decimal("0.05")


async def test_points_older_than_a_week_are_dropped(database: Database) -> None:
    strips, clock = await opened(database)
    await strips.add({"bot_1": (point(clock, "1"), True)})
    clock.forward(days=6)
    await strips.add({"bot_1": (point(clock, "2"), True)})
    clock.forward(days=2)

    await strips.prune()

    async with database.reading() as connection:
        kept = await SampleRepository(connection).of("bot_1", NOON)
    assert [sample.mid for sample in kept] == [Decimal(2)]
