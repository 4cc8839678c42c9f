"""The steps of a bot's newest operation as the page shows them: what is proven, what is waited for, what failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from trading_bridge.domain.bots import IN_MOTION, Status
from trading_bridge.domain.operations import STEPS, WORDS, EventState, Kind, Step, TimelineEvent
from trading_bridge.domain.views import BotView

TITLES = {Kind.DEPLOY: "Start", Kind.STOP: "Stop", Kind.ARCHIVE: "Archive", Kind.RETIRE: "Removal"}
SHORT: dict[Step, str] = {
    Step.PROFILE: "Account",
    Step.CREDENTIALS: "Keys",
    Step.VALIDATED: "Settings checked",
    Step.UPLOADED: "Settings uploaded",
    Step.DEPLOYED: "Deployed",
    Step.CONTAINER: "Container up",
    Step.CONNECTED: "Connected",
    Step.REPORTING: "Reporting",
    Step.SAVED: "Fills saved",
    Step.STOP_SENT: "Stop sent",
    Step.STRATEGY_ENDED: "Strategy ended",
    Step.ARCHIVE_SENT: "Removal sent",
    Step.REMOVED: "Container gone",
    Step.BOOKS_CLOSED: "Last fills read",
}
SHOWN_FOR = timedelta(minutes=10)  # after a successful start, so that the first order and fill are seen to come


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step. `state`: done, now, failed, todo. `after` = since the operation was asked for; None = not known."""

    key: str
    words: str
    state: str
    after: timedelta | None = None
    since: datetime | None = None  # of the step that is waited for
    long: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """An operation with its steps. `open` = still going on."""

    title: str
    asked_at: datetime
    actor: str | None
    open: bool
    steps: Sequence[StepLine]
    failure: str | None


def newest_operation(events: Sequence[TimelineEvent]) -> list[TimelineEvent]:
    """Events of the newest operation that the operator asked for, oldest first."""
    asked = [event for event in events if event.operation_id and event.step == "asked"]
    if not asked:
        return []
    wanted = [event for event in asked if event.kind != Kind.RETIRE] or asked
    return [event for event in events if event.operation_id == wanted[-1].operation_id]


def progress(
    view: BotView,
    events: Sequence[TimelineEvent],
    first_order: datetime | None,
    first_fill: datetime | None,
    now: datetime,
) -> Progress | None:
    """What to show above the figures; None when nothing is under way and the last start is long proven.

    `first_order` and `first_fill` are the first evidence of each since the operation was asked for.
    """
    own = newest_operation(events)
    if not own or own[0].kind not in list(Kind):
        return None
    kind, asked = Kind(own[0].kind), own[0].at
    failed = next((event for event in reversed(own) if event.state is EventState.FAILED), None)
    done = {event.step: event.at for event in own if event.state is EventState.DONE}
    last = STEPS[kind][-1]
    moving = view.bot.status in IN_MOTION and failed is None
    proven = last.value in done
    if kind is Kind.DEPLOY and proven:
        if view.bot.status not in (Status.RUNNING, Status.DEGRADED) or now - asked > SHOWN_FOR:
            return None
    elif not moving and (failed is None or view.bot.status is not Status.FAILED):
        return None
    lines = _lines(kind, asked, done, failed, own[-1].at, moving)
    if kind is Kind.DEPLOY:
        lines += _proof(asked, proven, first_order, first_fill)
    return Progress(TITLES[kind], asked, own[0].actor, moving or proven, lines, failed.message if failed else None)


def _lines(
    kind: Kind,
    asked: datetime,
    done: dict[str, datetime],
    failed: TimelineEvent | None,
    newest: datetime,
    moving: bool,
) -> list[StepLine]:
    lines = [StepLine("asked", "Asked", "done", timedelta(0))]
    waiting = moving
    for step in STEPS[kind]:
        words, long = SHORT[step], WORDS[step]
        if step.value in done:
            lines.append(StepLine(step.value, words, "done", done[step.value] - asked, long=long))
        elif failed is not None and failed.step == step.value:
            lines.append(StepLine(step.value, words, "failed", failed.at - asked, long=long))
        elif waiting:
            lines.append(
                StepLine(step.value, words, "now", since=max([asked, *done.values()], default=newest), long=long)
            )
            waiting = False
        else:
            lines.append(StepLine(step.value, words, "todo", long=long))
    return lines


def _proof(asked: datetime, proven: bool, first_order: datetime | None, first_fill: datetime | None) -> list[StepLine]:
    """A reporting strategy is not yet a trading one: orders and fills follow as steps of their own."""
    lines = []
    waiting = proven
    for key, words, at in (("order", "First order", first_order), ("fill", "First fill", first_fill)):
        if at is not None:
            lines.append(StepLine(key, words, "done", at - asked))
        elif waiting:
            lines.append(StepLine(key, words, "now", since=first_order or asked))
            waiting = False
        else:
            lines.append(StepLine(key, words, "todo"))
    return lines


def step_words(step: str) -> str:
    """A timeline step in words."""
    return WORDS[Step(step)] if step in list(Step) else step.replace("_", " ").capitalize()
