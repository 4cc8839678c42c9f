"""The steps above a bot's figures: proof by proof, never a green step too early."""

from datetime import UTC, datetime, timedelta

from tests.unit.web.pages.test_fleet_table import view
from trading_bridge.domain.bots import Status
from trading_bridge.domain.operations import STEPS, EventState, Kind, Step, TimelineEvent
from trading_bridge.web.pages.progress import SHOWN_FOR, progress

ASKED = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def event(
    number: int, step: str, state: EventState = EventState.DONE, kind: Kind = Kind.DEPLOY, op: str = "op1"
) -> TimelineEvent:
    return TimelineEvent(number, "bot", op, ASKED + timedelta(seconds=number), kind.value, step, state, step, "ana")


def deploy(done: int) -> list[TimelineEvent]:
    steps = STEPS[Kind.DEPLOY][:done]
    return [event(0, "asked", EventState.STARTED), *(event(i, step.value) for i, step in enumerate(steps, 1))]


def states(status: Status, events: list[TimelineEvent], **times: datetime | None) -> dict[str, str]:
    found = progress(view("bot", status), events, times.get("order"), times.get("fill"), times.get("now") or ASKED)
    return {} if found is None else {line.key: line.state for line in found.steps}


def test_a_start_under_way_shows_what_is_proven_and_what_is_waited_for() -> None:
    found = states(Status.DEPLOYING, deploy(6))
    assert found["asked"] == found["container"] == "done"
    assert found["connected"] == "now"
    assert found["reporting"] == found["order"] == found["fill"] == "todo"


def test_orders_and_fills_are_steps_of_their_own_after_the_report() -> None:
    everything = deploy(len(STEPS[Kind.DEPLOY]))
    assert states(Status.RUNNING, everything)["order"] == "now"
    order = states(Status.RUNNING, everything, order=ASKED + timedelta(seconds=11))
    assert (order["order"], order["fill"]) == ("done", "now")
    fill = states(Status.RUNNING, everything, order=ASKED + timedelta(seconds=11), fill=ASKED + timedelta(seconds=40))
    assert fill["fill"] == "done"


def test_a_failed_step_is_red_and_nothing_after_it_is_waited_for() -> None:
    events = [*deploy(1), event(2, Step.CREDENTIALS.value, EventState.FAILED)]
    found = states(Status.FAILED, events)
    assert found["credentials"] == "failed"
    assert "now" not in found.values()


def test_a_proven_start_is_shown_for_a_while_only_and_not_once_stopped() -> None:
    everything = deploy(len(STEPS[Kind.DEPLOY]))
    assert states(Status.RUNNING, everything, now=ASKED + SHOWN_FOR)
    assert not states(Status.RUNNING, everything, now=ASKED + SHOWN_FOR + timedelta(seconds=1))
    assert not states(Status.STOPPED, everything)
    assert not states(Status.DRAFT, [])


def test_the_newest_operation_counts_and_removals_by_the_way_do_not() -> None:
    events = [
        *deploy(8),
        event(20, "asked", EventState.STARTED, Kind.STOP, "op2"),
        event(21, Step.SAVED.value, EventState.DONE, Kind.STOP, "op2"),
        event(22, "asked", EventState.STARTED, Kind.RETIRE, "op3"),
    ]
    found = states(Status.STOPPING, events)
    assert list(found) == ["asked", "saved", "stop_sent", "strategy_ended"]
    assert found["stop_sent"] == "now"
