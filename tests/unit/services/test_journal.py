"""What an operation says about its bot, as a table; and rows that change together."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.books import NOON, bot, store
from tests.unit.domain.test_planning import operation as plain_operation
from trading_bridge.domain.bots import Desired, Status
from trading_bridge.domain.operations import STEPS, WORDS, EventState, Kind, Operation, Phase, State, Step
from trading_bridge.services.journal import FORCED, Journal, begin, status_of
from trading_bridge.storage.bots import BotRepository
from trading_bridge.storage.database import Database
from trading_bridge.storage.operations import OperationRepository
from trading_bridge.storage.timeline import TimelineRepository

LATER = NOON + timedelta(seconds=7)


def open_at(kind: Kind, step: Step, phase: Phase = Phase.READY, error: str | None = None) -> Operation:
    return plain_operation(kind, step, phase=phase, error=error, error_code="why" if error else None)


def ended(kind: Kind, state: State, **changes: object) -> Operation:
    return plain_operation(kind, STEPS[kind][-1], state=state, settled_at=NOON, **changes)


@pytest.mark.parametrize(
    ("operation", "status", "code"),
    [
        (open_at(Kind.DEPLOY, Step.PROFILE), Status.DEPLOYING, "profile"),
        (open_at(Kind.DEPLOY, Step.DEPLOYED, Phase.SENDING), Status.DEPLOYING, "deployed"),
        (open_at(Kind.DEPLOY, Step.DEPLOYED, Phase.UNCERTAIN), Status.UNCERTAIN, "deploy_uncertain"),
        (open_at(Kind.DEPLOY, Step.UPLOADED, Phase.UNCERTAIN), Status.DEPLOYING, "uploaded"),
        (open_at(Kind.DEPLOY, Step.CREDENTIALS, error="No answer."), Status.DEPLOYING, "why"),
        (open_at(Kind.STOP, Step.STOP_SENT), Status.STOPPING, "stop_sent"),
        (open_at(Kind.STOP, Step.STOP_SENT, Phase.UNCERTAIN), Status.STOPPING, "stop_sent"),
        (open_at(Kind.ARCHIVE, Step.SAVED), Status.ARCHIVING, "saved"),
        (open_at(Kind.RETIRE, Step.REMOVED), Status.RUNNING, "as before"),
        (ended(Kind.DEPLOY, State.DONE), Status.RUNNING, "trading"),
        (ended(Kind.STOP, State.DONE), Status.STOPPED, "stopped"),
        (ended(Kind.STOP, State.DONE, error_code=FORCED), Status.STOPPED, FORCED),
        (ended(Kind.STOP, State.DONE, error_code="ended_before"), Status.STOPPED, "ended_before"),
        (ended(Kind.STOP, State.DONE, error_code="nothing_there"), Status.STOPPED, "nothing_there"),
        (ended(Kind.STOP, State.DONE, error_code="stop_unconfirmed"), Status.STOPPED, "stopped"),
        (ended(Kind.ARCHIVE, State.DONE), Status.ARCHIVED, "archived"),
        (ended(Kind.RETIRE, State.DONE), Status.RUNNING, "as before"),
        (ended(Kind.DEPLOY, State.CANCELLED), Status.RUNNING, "as before"),
        (ended(Kind.DEPLOY, State.FAILED, error_code="why", error="Because."), Status.FAILED, "why"),
        (ended(Kind.DEPLOY, State.FAILED), Status.FAILED, "failed"),
    ],
)
def test_the_status_that_an_operation_gives(operation: Operation, status: Status, code: str) -> None:
    before = bot(status=Status.RUNNING, reason_code="as before", reason="As before.")

    found = status_of(before, operation)

    assert found[:2] == (status, code)
    assert found[2].endswith(".")


@pytest.mark.parametrize("kind", [Kind.DEPLOY, Kind.STOP, Kind.ARCHIVE])
def test_every_step_says_what_it_waits_for_and_carries_its_trouble(kind: Kind) -> None:
    for step in STEPS[kind]:
        plain = status_of(bot(), open_at(kind, step))[2]
        troubled = status_of(bot(), open_at(kind, step, error="No answer."))[2]
        assert len(plain) > 10
        assert troubled == f"{plain[:-1]}: No answer."


def test_a_removal_that_a_start_waits_for_says_so() -> None:
    waiting = bot(status=Status.DEPLOYING, desired=Desired.RUNNING, reason_code="profile")

    assert status_of(waiting, open_at(Kind.RETIRE, Step.REMOVED))[:2] == (Status.DEPLOYING, "clearing")


async def opened(database: Database, kind: Kind = Kind.DEPLOY) -> Operation:
    """A stored bot with one open operation."""
    await store(database, bot(status=Status.DRAFT))
    operation = begin(bot(), kind, "ana", "r1", NOON)
    async with database.writing() as connection:
        await Journal(connection, NOON).opened(bot(status=Status.DRAFT), operation, "ana asked")
    return operation


async def lines(database: Database) -> list[tuple[str, EventState, str]]:
    async with database.reading() as connection:
        return [(event.step, event.state, event.message) for event in await TimelineRepository(connection).of("bot_1")]


async def test_an_intent_its_bot_and_its_first_lines_are_written_together(database: Database) -> None:
    operation = await opened(database)

    async with database.reading() as connection:
        assert await OperationRepository(connection).open_of("bot_1") == [operation]
        stored = await BotRepository(connection).get("bot_1")
    assert stored is not None
    assert (stored.status, stored.status_since) == (Status.DEPLOYING, NOON)
    told = await lines(database)
    assert told[0] == ("asked", EventState.STARTED, "ana asked")
    assert told[1][0] == "deploying"


async def test_progress_is_a_line_and_the_same_progress_twice_is_refused(database: Database) -> None:
    old = await opened(database)
    new = old.advanced(LATER)
    async with database.writing() as connection:
        journal = Journal(connection, LATER)
        assert await journal.moved(bot(status=Status.DEPLOYING), old, new, "it was missing") is not None
        assert await journal.moved(bot(status=Status.DEPLOYING), old, new, "it was missing") is None

    told = await lines(database)
    assert told[-1] == ("profile", EventState.DONE, f"{WORDS[Step.PROFILE]}: it was missing")
    assert [line[0] for line in told].count("profile") == 1


async def test_trouble_is_told_once_however_often_it_comes(database: Database) -> None:
    operation = await opened(database)
    for number in range(1, 4):
        worse = operation.delayed(LATER, "upstream_unreachable", "No answer.")
        async with database.writing() as connection:
            moved = await Journal(connection, LATER).moved(bot(status=Status.DEPLOYING), operation, worse)
        assert moved is not None
        assert worse.tries == number
        operation = worse

    told = [line for line in await lines(database) if line[2] == "No answer."]
    assert told == [("profile", EventState.INFO, "No answer.")]


async def test_failure_cancellation_and_a_step_back_are_told(database: Database) -> None:
    operation = await opened(database)
    at_deploy = replace(operation, step=Step.DEPLOYED)
    moves = [
        (operation, at_deploy, WORDS[Step.PROFILE], EventState.DONE),
        (at_deploy, replace(at_deploy, step=Step.UPLOADED), "once more", EventState.INFO),
        (
            replace(at_deploy, step=Step.UPLOADED),
            operation.failed(LATER, "why", "Because."),
            "Because.",
            EventState.FAILED,
        ),
    ]
    for old, new, words, state in moves:
        async with database.writing() as connection:
            note = "once more" if words == "once more" else ""
            assert await Journal(connection, LATER).moved(bot(status=Status.DEPLOYING), old, new, note) is not None
        assert (state, words) in [line[1:] for line in await lines(database)]

    async with database.reading() as connection:
        stored = await BotRepository(connection).get("bot_1")
    assert stored is not None
    assert (stored.status, stored.reason, stored.status_since) == (Status.FAILED, "Because.", LATER)


async def test_a_change_of_reason_alone_keeps_the_time_of_the_status(database: Database) -> None:
    await store(database, bot(status=Status.DEGRADED))
    async with database.writing() as connection:
        journal = Journal(connection, LATER)
        same = await journal.set_status(bot(status=Status.DEGRADED), Status.DEGRADED, "silent", "Not heard.")
        other = await journal.set_status(same, Status.RUNNING, "trading", "It trades.")

    assert (same.status_since, same.reason_code, same.updated_at) == (NOON, "silent", LATER)
    assert other.status_since == LATER
    assert [line[0] for line in await lines(database)] == ["running"]


async def test_what_fails_half_way_leaves_nothing(database: Database) -> None:
    await store(database, bot(status=Status.DRAFT))

    async def half_way() -> None:
        async with database.writing() as connection:
            await Journal(connection, NOON).opened(bot(), begin(bot(), Kind.DEPLOY, "ana", "r1", NOON), "ana asked")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await half_way()

    async with database.reading() as connection:
        assert await OperationRepository(connection).open() == []
        assert (await BotRepository(connection).get("bot_1")) == bot(status=Status.DRAFT)
    assert await lines(database) == []
