"""Both databases give back exactly what was stored, and the migrations lead to the tables."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlalchemy.exc import StatementError

from tests.unit.domain.test_planning import bot, operation
from trading_bridge.domain.fills import Fill, FillSource, Side
from trading_bridge.domain.fleet import LogLine
from trading_bridge.domain.operations import EventState, Phase
from trading_bridge.domain.views import Sample
from trading_bridge.storage.bots import BotRepository
from trading_bridge.storage.database import Database
from trading_bridge.storage.fills import FillRepository
from trading_bridge.storage.log_tails import LogTailRepository
from trading_bridge.storage.operations import OperationRepository
from trading_bridge.storage.samples import SampleRepository
from trading_bridge.storage.schema import differences, head, migrate, revision
from trading_bridge.storage.tables import samples
from trading_bridge.storage.timeline import TimelineRepository

NOW = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    await migrate(opened)
    yield opened
    await opened.close()


async def with_bot(database: Database) -> None:
    async with database.writing() as connection:
        await BotRepository(connection).add(bot())


def fill(number: int, at: datetime = NOW) -> Fill:
    return Fill(
        f"t{number}",
        "gate_io",
        "client_sharp",
        "SHARP/USDT",
        Side.BUY,
        Decimal("0.050154"),
        Decimal(6566),
        Decimal("0.82327791"),
        "USDT",
        at,
        FillSource.HISTORY,
    )


async def test_migrations_lead_to_the_tables(database: Database) -> None:
    assert await differences(database) == []
    assert await revision(database) == head()
    assert await migrate(database) == (head(), head())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    value=st.decimals(allow_nan=False, allow_infinity=False, places=None, min_value=-(10**20), max_value=10**20),
    moment=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 st.just adds the zone
)
async def test_values_come_back_exactly(database: Database, value: Decimal, moment: datetime) -> None:
    async with database.engine.connect() as connection, connection.begin() as transaction:
        await BotRepository(connection).add(bot())
        await connection.execute(insert(samples).values(bot_id="bot_1", at=moment, mid=value))
        row = (await connection.execute(select(samples.c.at, samples.c.mid))).one()
        await transaction.rollback()
    assert row.mid == value
    assert isinstance(row.mid, Decimal)
    assert row.at == moment
    assert row.at.utcoffset() == timedelta(0)


async def test_floats_and_naive_times_are_refused(database: Database) -> None:
    await with_bot(database)
    for bad in ({"at": NOW, "mid": 0.1}, {"at": datetime(2026, 1, 1)}, {"at": NOW, "mid": Decimal("NaN")}):  # noqa: DTZ001 the point
        with pytest.raises(StatementError):
            async with database.writing() as connection:
                await connection.execute(insert(samples).values(bot_id="bot_1", **bad))


async def test_bots_and_operations_round_trip(database: Database) -> None:
    await with_bot(database)
    async with database.writing() as connection:
        await OperationRepository(connection).add(operation(not_before=NOW))
    async with database.reading() as connection:
        assert await BotRepository(connection).get("bot_1") == bot()
        assert await BotRepository(connection).some(["bot_1"]) == {"bot_1": bot()}
        assert await OperationRepository(connection).open() == [operation(not_before=NOW)]
        assert await BotRepository(connection).get("nope") is None


async def test_only_one_claim_wins(database: Database) -> None:
    await with_bot(database)
    op = operation()
    async with database.writing() as connection:
        await OperationRepository(connection).add(op)
    won = []
    for _ in range(2):
        async with database.writing() as connection:
            won.append(await OperationRepository(connection).replace(op, op.claimed()))
    assert won == [True, False]
    async with database.reading() as connection:
        assert (await OperationRepository(connection).open_of("bot_1"))[0].phase is Phase.SENDING


async def test_a_fill_read_twice_is_one_fill(database: Database) -> None:
    await with_bot(database)
    async with database.writing() as connection:
        repository = FillRepository(connection)
        assert await repository.add("bot_1", [fill(1), fill(2)], NOW) == [fill(1), fill(2)]
        assert await repository.add("bot_1", [fill(2), fill(3)], NOW) == [fill(3)]
        other_pair = replace(fill(3), pair="BTC/USDT")
        assert await repository.add("bot_1", [other_pair], NOW) == [other_pair]


async def test_fills_are_paged_newest_first(database: Database) -> None:
    await with_bot(database)
    fills = [fill(n, NOW + timedelta(seconds=n // 2)) for n in range(1200)]
    async with database.writing() as connection:
        assert len(await FillRepository(connection).add("bot_1", fills, NOW)) == 1200
    async with database.reading() as connection:
        repository = FillRepository(connection)
        first = await repository.of("bot_1", limit=500)
        second = await repository.of("bot_1", limit=500, before=first[-1].trade_id)
        assert [f.trade_id for f in first + second] == [f"t{n}" for n in range(1199, 199, -1)]
        assert await repository.of("bot_1", before="no-such-trade") == []
        assert len(await repository.of("bot_1", since=fills[-10].at)) == 10


async def test_timeline_samples_and_logs(database: Database) -> None:
    await with_bot(database)
    local = NOW.astimezone(timezone(timedelta(hours=3)))
    async with database.writing() as connection:
        timeline = TimelineRepository(connection)
        await timeline.add("bot_1", local, "deploy", "profile", EventState.DONE, "Account found")
        await timeline.add("bot_1", NOW, "status", "running", EventState.INFO, "deploying → running", actor="ana")
        await timeline.add("bot_1", NOW, "deploy", "first_order", EventState.DONE, "First order", operation_id="i1")
        sample = Sample(NOW, Decimal("0.05"), None, Decimal("0.0501"), None)
        await SampleRepository(connection).add({"bot_1": (sample, True)})
        await LogTailRepository(connection).keep("bot_1", "i1", (LogLine(NOW, "INFO", "x", "old"),), NOW)
        await LogTailRepository(connection).keep("bot_1", "i2", (LogLine(NOW, "INFO", "x", "new"),), NOW)
    async with database.reading() as connection:
        timeline = TimelineRepository(connection)
        assert [event.step for event in await timeline.of("bot_1")] == ["profile", "running", "first_order"]
        assert (await timeline.of("bot_1"))[0].at == NOW
        assert [event.message for event in await timeline.newest(5)] == ["deploying → running"]
        assert await timeline.marks(("first_order",)) == {("i1", "first_order")}
        assert await SampleRepository(connection).of("bot_1", NOW) == [sample]
        assert await SampleRepository(connection).opening_mids(NOW) == {"bot_1": Decimal("0.05")}
        assert list(await SampleRepository(connection).quoting_since(NOW)) == [("bot_1", NOW, True)]
        tail = await LogTailRepository(connection).of("bot_1")
        assert tail is not None
        assert [line.message for line in tail.lines] == ["new"]


async def test_reading_changes_nothing(database: Database) -> None:
    async with database.reading() as connection:
        await BotRepository(connection).add(bot())
    async with database.reading() as connection:
        assert await BotRepository(connection).all() == []


async def test_a_broken_address_does_not_answer() -> None:
    database = Database("sqlite+aiosqlite:////nowhere/at/all.db")
    assert not await database.answers()
    await database.close()
