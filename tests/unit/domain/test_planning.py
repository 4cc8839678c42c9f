"""What to do next, as tables: (operation, evidence) -> decision."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from trading_bridge.domain.bots import Bot, Desired, Status
from trading_bridge.domain.fleet import BotReport, Containers, ControllerReport, Fleet, LogLine, Reach
from trading_bridge.domain.instruments import Pair
from trading_bridge.domain.operations import STEPS, Kind, Operation, Phase, State, Step
from trading_bridge.domain.planning import Action, decide, plan

T0 = datetime(2026, 11, 21, 12, tzinfo=UTC)
NAME = "hummingbot-sharp-12345678-g1-20261121-120000"
REPORT = ControllerReport(Decimal(0), Decimal(0), Decimal(0), None, {})


def seconds(number: float) -> datetime:
    return T0 + timedelta(seconds=number)


def bot(**changes: Any) -> Bot:
    base = Bot(
        id="bot_1",
        name="Sharp",
        upstream_key="sharp-12345678",
        server_id="default",
        account="client_sharp",
        connector="gate_io",
        pair=Pair("SHARP", "USDT"),
        strategy="spread",
        config={},
        desired=Desired.RUNNING,
        status=Status.DEPLOYING,
        reason_code="",
        reason="",
        status_since=T0,
        generation=1,
        instance_name=NAME,
        created_at=T0,
        updated_at=T0,
    )
    return replace(base, **changes)


def operation(kind: Kind = Kind.DEPLOY, step: Step | None = None, **changes: Any) -> Operation:
    base = Operation(
        id="op_1",
        bot_id="bot_1",
        kind=kind,
        state=State.OPEN,
        step=step or STEPS[kind][0],
        phase=Phase.READY,
        generation=1,
        attempt=1,
        instance_name=None,
        tries=0,
        not_before=None,
        step_since=T0,
        error_code=None,
        error=None,
        actor="ana",
        request_id="r1",
        created_at=T0,
        settled_at=None,
    )
    return replace(base, **changes)


def report(
    *, active: bool = True, performance: object = REPORT, logs: tuple[str, ...] = (), errors: tuple[str, ...] = ()
) -> BotReport:
    return BotReport(
        instance=NAME,
        upstream_status="running",
        source="docker",
        recently_active=active,
        controllers={} if performance == "none" else {"sharp-12345678-g1": performance},  # type: ignore[dict-item]
        errors=tuple(LogLine(T0, "ERROR", "x", text) for text in errors),
        logs=tuple(LogLine(T0, "INFO", "x", text) for text in logs),
    )


def fleet(
    at: float = 1,
    *,
    active: bool = True,
    exited: bool = False,
    heard: bool = False,
    bot_report: BotReport | None = None,
) -> Fleet:
    return Fleet(
        "default",
        reach=Reach.UP,
        as_of=seconds(at),
        containers_as_of=seconds(at),
        bots={} if bot_report is None else {NAME: bot_report},
        containers=Containers(frozenset({NAME} if active else ()), frozenset({NAME} if exited else ())),
        heard={NAME: seconds(at)} if heard else {},
    )


@pytest.mark.parametrize(
    ("step", "action"),
    [
        (Step.PROFILE, Action.PROFILE),
        (Step.CREDENTIALS, Action.CREDENTIALS),
        (Step.VALIDATED, Action.VALIDATE),
        (Step.UPLOADED, Action.UPLOAD),
        (Step.DEPLOYED, Action.DEPLOY),
    ],
)
def test_deploy_calls_in_order(step: Step, action: Action) -> None:
    assert decide(bot(instance_name=None), operation(step=step), fleet(), seconds(1)).action is action


@pytest.mark.parametrize(
    ("step", "seen", "action", "code"),
    [
        (Step.CONTAINER, fleet(), Action.ADVANCE, ""),
        (Step.CONTAINER, fleet(active=False), Action.WAIT, ""),
        (Step.CONTAINER, fleet(60, active=False), Action.FAIL, "container_missing"),
        (Step.CONTAINER, fleet(active=False, exited=True), Action.FAIL, "container_exited"),
        (Step.CONNECTED, fleet(bot_report=report(active=False)), Action.WAIT, ""),
        (Step.CONNECTED, fleet(bot_report=report()), Action.ADVANCE, ""),
        (Step.CONNECTED, fleet(90, bot_report=report(active=False)), Action.FAIL, "never_connected"),
        (Step.CONNECTED, fleet(active=False, exited=True), Action.FAIL, "container_exited"),
        (Step.REPORTING, fleet(bot_report=report(performance="none")), Action.WAIT, ""),
        (Step.REPORTING, fleet(bot_report=report(performance=None)), Action.WAIT, ""),
        (Step.REPORTING, fleet(bot_report=report()), Action.ADVANCE, ""),
        (Step.REPORTING, fleet(120, bot_report=report(performance="none")), Action.FAIL, "never_reported"),
    ],
)
def test_deploy_waits_for_evidence(step: Step, seen: Fleet, action: Action, code: str) -> None:
    found = decide(bot(), operation(step=step), seen, seconds(500))
    assert (found.action, found.code) == (action, code)


def test_a_silent_server_makes_nothing_fail() -> None:
    """A deadline counts evidence, not the clock: the last answer is from second 5."""
    assert decide(bot(), operation(step=Step.CONNECTED), fleet(5), seconds(100_000)).action is Action.WAIT


def test_old_lists_prove_no_exit() -> None:
    assert decide(bot(), operation(step=Step.CONTAINER), fleet(-1, active=False, exited=True), T0).action is Action.WAIT


def test_a_failed_start_tells_the_bots_last_words_without_traceback() -> None:
    seen = fleet(active=False, exited=True, bot_report=report(errors=("first", "boom\nTraceback ...")))
    assert decide(bot(), operation(step=Step.CONTAINER), seen, T0).message.endswith("Its last error: boom")


@pytest.mark.parametrize("phase", [Phase.READY, Phase.UNCERTAIN])
@pytest.mark.parametrize("desired", [Desired.STOPPED, Desired.ARCHIVED])
def test_a_stop_gives_up_the_start_unless_a_deploy_is_unsettled(phase: Phase, desired: Desired) -> None:
    op = operation(step=Step.DEPLOYED, phase=phase)
    expected = Action.FENCE if phase is Phase.UNCERTAIN else Action.CANCEL
    assert decide(bot(desired=desired), op, fleet(), seconds(1)).action is expected


def test_an_uncertain_deploy_is_never_sent_again() -> None:
    op = operation(step=Step.DEPLOYED, phase=Phase.UNCERTAIN)
    assert decide(bot(instance_name=None), op, fleet(), seconds(1)).action is Action.FENCE


@pytest.mark.parametrize(
    ("step", "phase", "seen", "action"),
    [
        (Step.SAVED, Phase.READY, fleet(), Action.SAVE),
        (Step.SAVED, Phase.READY, fleet(active=False), Action.ADVANCE),
        (Step.SAVED, Phase.READY, fleet(bot_report=report(performance=None)), Action.ADVANCE),
        (Step.SAVED, Phase.READY, fleet(-1, active=False), Action.SAVE),
        (Step.STOP_SENT, Phase.READY, fleet(), Action.WAIT),  # not connected yet: it would not hear
        (Step.STOP_SENT, Phase.READY, fleet(20), Action.STOP),
        (Step.STOP_SENT, Phase.READY, fleet(heard=True), Action.STOP),
        (Step.STOP_SENT, Phase.UNCERTAIN, fleet(), Action.ADVANCE),
        (Step.STOP_SENT, Phase.READY, fleet(active=False, exited=True), Action.ADVANCE),
        (Step.STRATEGY_ENDED, Phase.READY, fleet(bot_report=report()), Action.WAIT),
        (Step.STRATEGY_ENDED, Phase.READY, fleet(bot_report=report(performance=None)), Action.ADVANCE),
        (Step.STRATEGY_ENDED, Phase.READY, fleet(bot_report=report(logs=("Hummingbot stopped.",))), Action.ADVANCE),
        (Step.STRATEGY_ENDED, Phase.READY, fleet(-1, bot_report=report(performance=None)), Action.WAIT),
        (Step.STRATEGY_ENDED, Phase.READY, fleet(active=False), Action.ADVANCE),
        (Step.STRATEGY_ENDED, Phase.READY, fleet(20, bot_report=report()), Action.RESEND),
    ],
)
def test_stop(step: Step, phase: Phase, seen: Fleet, action: Action) -> None:
    op = operation(Kind.STOP, step, phase=phase)
    assert decide(bot(desired=Desired.STOPPED), op, seen, seconds(500)).action is action


@pytest.mark.parametrize("step", [Step.STOP_SENT, Step.STRATEGY_ENDED])
@pytest.mark.parametrize(
    ("instance", "said", "before", "code"),
    [
        (NAME, (), None, "ended_before"),
        (NAME, ("Hummingbot stopped.",), None, ""),
        (NAME, (), "container_stopped", ""),
        (None, (), None, "nothing_there"),
    ],
)
def test_a_stop_without_the_bots_word_is_remembered(
    step: Step, instance: str | None, said: tuple[str, ...], before: str | None, code: str
) -> None:
    op = operation(Kind.STOP, step, error_code=before)
    gone = fleet(active=False, exited=True, bot_report=report(logs=said))
    decision = decide(bot(desired=Desired.STOPPED, instance_name=instance), op, gone, seconds(5))
    assert (decision.action, decision.code) == (Action.ADVANCE, code)


@pytest.mark.parametrize("kind", [Kind.RETIRE, Kind.ARCHIVE])
@pytest.mark.parametrize(
    ("step", "seen", "action"),
    [
        (Step.STOP_SENT, fleet(heard=True, bot_report=report()), Action.STOP),
        (Step.STOP_SENT, fleet(bot_report=report(performance=None)), Action.ADVANCE),
        (Step.ARCHIVE_SENT, fleet(), Action.REMOVE),
        (Step.ARCHIVE_SENT, fleet(active=False, exited=True), Action.REMOVE),
        (Step.ARCHIVE_SENT, fleet(-1), Action.WAIT),
        (Step.ARCHIVE_SENT, fleet(active=False), Action.ADVANCE),
        (Step.REMOVED, fleet(), Action.WAIT),
        (Step.REMOVED, fleet(active=False), Action.ADVANCE),
        (Step.REMOVED, fleet(120), Action.RESEND),
        (Step.BOOKS_CLOSED, fleet(active=False), Action.CLOSE_BOOKS),
    ],
)
def test_removal(kind: Kind, step: Step, seen: Fleet, action: Action) -> None:
    assert decide(bot(desired=Desired.STOPPED), operation(kind, step), seen, seconds(500)).action is action


@pytest.mark.parametrize("kind", [Kind.STOP, Kind.RETIRE, Kind.ARCHIVE])
@pytest.mark.parametrize("index", range(3))
def test_nothing_upstream_means_nothing_to_do(kind: Kind, index: int) -> None:
    op = operation(kind, STEPS[kind][index])
    assert decide(bot(instance_name=None, desired=Desired.STOPPED), op, fleet(), seconds(1)).action is Action.ADVANCE


def test_waiting_and_claimed_operations_are_left_alone() -> None:
    assert decide(bot(), operation(not_before=seconds(9)), fleet(), seconds(8)).action is Action.WAIT
    assert decide(bot(), operation(phase=Phase.SENDING), fleet(), seconds(8)).action is Action.WAIT


def test_stops_go_first_and_one_operation_a_bot() -> None:
    bots = {f"bot_{i}": bot(id=f"bot_{i}", instance_name=None if i == 1 else NAME) for i in (1, 2, 3)}
    bots["bot_2"] = replace(bots["bot_2"], desired=Desired.STOPPED)
    operations = [
        operation(id="op_1", bot_id="bot_1", step=Step.DEPLOYED),
        operation(Kind.RETIRE, id="op_3", bot_id="bot_3"),
        operation(Kind.STOP, id="op_2", bot_id="bot_2", created_at=seconds(5)),
        operation(Kind.RETIRE, id="op_4", bot_id="bot_2", created_at=seconds(6)),
    ]
    assert [d.operation.id for d in plan(bots, operations, fleet(), seconds(10))] == ["op_2", "op_1", "op_3"]


def test_back_off_grows_to_half_a_minute() -> None:
    op, pauses = operation(), []
    for _ in range(7):
        op = op.delayed(T0, "upstream_unreachable", "no connection")
        assert op.not_before is not None
        pauses.append((op.not_before - T0).total_seconds())
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize("kind", list(Kind))
def test_every_operation_ends_after_its_last_step(kind: Kind) -> None:
    op = operation(kind)
    for step in STEPS[kind]:
        assert op.step is step
        assert op.open
        op = op.advanced(seconds(1))
    assert (op.state, op.settled_at) == (State.DONE, seconds(1))


@pytest.mark.parametrize("ids", [("op_a", "op_b"), ("op_b", "op_a")])
def test_what_is_left_of_the_last_start_goes_before_the_new_one_asked_for_in_the_same_moment(
    ids: tuple[str, str],
) -> None:
    retire = operation(Kind.RETIRE, id=ids[0])
    deploy = operation(Kind.DEPLOY, id=ids[1], generation=2)
    decisions = plan({"bot_1": bot(generation=2)}, [deploy, retire], fleet(), T0)

    assert [decision.operation.kind for decision in decisions] == [Kind.RETIRE]
