"""What to do next: pure decisions from (bots, open operations, what was seen, now).

One step at a time per bot, stops before everything else, evidence before every "done". A deadline counts only while
evidence arrives: a silent server makes nothing fail.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from trading_bridge.domain.bots import Bot, Desired
from trading_bridge.domain.fleet import BotReport, Fleet
from trading_bridge.domain.operations import Kind, Operation, Phase, Step


class Action(StrEnum):
    """What the reconciler is to do for an operation."""

    # calls to the server (the reconciler runs them one at a time)
    PROFILE = "profile"
    CREDENTIALS = "credentials"
    VALIDATE = "validate"
    UPLOAD = "upload"
    DEPLOY = "deploy"
    FENCE = "fence"
    SAVE = "save"
    STOP = "stop"
    REMOVE = "remove"
    CLOSE_BOOKS = "close_books"
    # decisions without a call
    ADVANCE = "advance"
    RESEND = "resend"  # back to the step that sends: only where repeating is harmless (stop, removal)
    FAIL = "fail"
    CANCEL = "cancel"
    WAIT = "wait"


# A stop that ended without the bot's word that it has; kept, since it changes what “stopped” means.
ENDED_BEFORE = "ended_before"
NOTHING_THERE = "nothing_there"

PURE = frozenset({Action.ADVANCE, Action.RESEND, Action.FAIL, Action.CANCEL})


@dataclass(frozen=True, slots=True)
class Decision:
    """The next act for one operation; `code` and `message` say why it fails, or what was seen (an ADVANCE's code is
    kept by the operation)."""

    operation: Operation
    bot: Bot
    action: Action
    code: str = ""
    message: str = ""


DEADLINES: Mapping[Step, timedelta] = {
    Step.CONTAINER: timedelta(seconds=60),
    Step.CONNECTED: timedelta(seconds=90),
    Step.REPORTING: timedelta(seconds=120),
    Step.STRATEGY_ENDED: timedelta(seconds=20),  # 3 to 13 s [measured]; asking twice does no harm
    Step.REMOVED: timedelta(seconds=120),
}

CONNECTS_WITHIN = timedelta(seconds=20)  # 5 to 7 s after the container, 20 s when seven start at once [measured]

_CALLS: Mapping[Step, Action] = {
    Step.PROFILE: Action.PROFILE,
    Step.CREDENTIALS: Action.CREDENTIALS,
    Step.VALIDATED: Action.VALIDATE,
    Step.UPLOADED: Action.UPLOAD,
    Step.DEPLOYED: Action.DEPLOY,
    Step.SAVED: Action.SAVE,
    Step.STOP_SENT: Action.STOP,
    Step.ARCHIVE_SENT: Action.REMOVE,
    Step.BOOKS_CLOSED: Action.CLOSE_BOOKS,
}


def plan(bots: Mapping[str, Bot], operations: Iterable[Operation], fleet: Fleet, now: datetime) -> list[Decision]:
    """Decisions in the order in which they are to be carried out; waiting ones are left out.

    Only the oldest open operation of a bot acts; stops (and removals that begin with one) come first.
    """
    heads: dict[str, Operation] = {}
    for operation in sorted(operations, key=_by_age):
        if operation.open and operation.bot_id in bots:
            heads.setdefault(operation.bot_id, operation)
    decisions = [decide(bots[op.bot_id], op, fleet, now) for op in heads.values()]
    acting = [decision for decision in decisions if decision.action is not Action.WAIT]
    return sorted(acting, key=_priority)


def _by_age(op: Operation) -> tuple[datetime, bool, str]:
    """A start after a crash asks in one moment for a removal and a deploy: what is left goes first."""
    return op.created_at, op.kind is Kind.DEPLOY, op.id


def _priority(decision: Decision) -> tuple[int, datetime, str]:
    op = decision.operation
    rank = 0 if decision.action in PURE else {Kind.STOP: 1, Kind.ARCHIVE: 1, Kind.DEPLOY: 2, Kind.RETIRE: 3}[op.kind]
    return rank, op.created_at, op.id


def decide(bot: Bot, op: Operation, fleet: Fleet, now: datetime) -> Decision:
    """The next act for the oldest open operation of a bot."""
    if op.not_before is not None and now < op.not_before:
        return Decision(op, bot, Action.WAIT)
    if op.phase is Phase.SENDING:  # another turn of the loop is on it, or a crash left it: start-up settles those
        return Decision(op, bot, Action.WAIT)
    if op.kind is Kind.DEPLOY:
        return _deploy(bot, op, fleet, now)
    return _wind_down(bot, op, fleet, now)


# ── deploy ──────────────────────────────────────────────────────────────────────────────────────


def _deploy(bot: Bot, op: Operation, fleet: Fleet, now: datetime) -> Decision:
    if op.phase is Phase.UNCERTAIN and op.step is Step.DEPLOYED:
        return Decision(op, bot, Action.FENCE)
    if bot.desired is not Desired.RUNNING:
        return Decision(op, bot, Action.CANCEL, "superseded", "Stopped before the start was finished.")
    if op.step in _CALLS:  # an uncertain read, or the upload of a file of our own name: repeating is harmless
        return Decision(op, bot, _CALLS[op.step])
    name = bot.instance_name
    if name is None:
        return Decision(op, bot, Action.FAIL, "instance_unknown", "The server never named the bot's instance.")
    report = fleet.bots.get(name)
    if _seen_since(fleet.containers_as_of, op.step_since) and name in fleet.containers.exited:
        return Decision(op, bot, Action.FAIL, "container_exited", _with_errors("The bot's container exited", report))
    if _PROOF[op.step](bot, name, report, fleet):
        return Decision(op, bot, Action.ADVANCE)
    as_of = fleet.containers_as_of if op.step is Step.CONTAINER else fleet.as_of
    if _overdue(op, as_of):
        code, message = _OVERDUE[op.step]
        return Decision(op, bot, Action.FAIL, code, _with_errors(message, report))
    return Decision(op, bot, Action.WAIT)


def _container_up(bot: Bot, name: str, report: BotReport | None, fleet: Fleet) -> bool:
    return name in fleet.containers.active


def _connected(bot: Bot, name: str, report: BotReport | None, fleet: Fleet) -> bool:
    return report is not None and report.recently_active


def _reporting(bot: Bot, name: str, report: BotReport | None, fleet: Fleet) -> bool:
    return report is not None and report.controllers.get(bot.controller_id or "") is not None


_PROOF: Mapping[Step, Callable[[Bot, str, BotReport | None, Fleet], bool]] = {
    Step.CONTAINER: _container_up,
    Step.CONNECTED: _connected,
    Step.REPORTING: _reporting,
}
_OVERDUE: Mapping[Step, tuple[str, str]] = {
    Step.CONTAINER: (
        "container_missing",
        "The server accepted the deploy, but no container of it was seen for 60 s",
    ),
    Step.CONNECTED: (
        "never_connected",
        "The container runs, but the bot was not heard on the message broker for 90 s",
    ),
    Step.REPORTING: ("never_reported", "The bot is connected, but its strategy reported nothing for 120 s"),
}


# ── stop, retire, archive ───────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Sight:
    """What is known of an instance that is to end. `looked` = the container list is younger than the step."""

    looked: bool
    active: bool
    exited: bool
    report: BotReport | None

    @property
    def gone(self) -> bool:
        return self.looked and not self.active and not self.exited

    @property
    def ended(self) -> bool:
        return self.looked and not self.active


def _wind_down(bot: Bot, op: Operation, fleet: Fleet, now: datetime) -> Decision:
    name = bot.instance_name
    if name is None:
        return Decision(op, bot, Action.ADVANCE, NOTHING_THERE, "Nothing of this bot is on the server.")
    sight = _Sight(
        looked=_seen_since(fleet.containers_as_of, op.step_since),
        active=name in fleet.containers.active,
        exited=name in fleet.containers.exited,
        report=fleet.bots.get(name),
    )
    if op.step is Step.BOOKS_CLOSED:
        return Decision(op, bot, Action.CLOSE_BOOKS)
    return _WIND_DOWN[op.step](bot, op, fleet, sight)


def _save(bot: Bot, op: Operation, fleet: Fleet, sight: _Sight) -> Decision:
    if sight.ended:
        return Decision(op, bot, Action.ADVANCE, message="The container has ended; nothing more can be read.")
    if sight.report is not None and sight.report.stop_confirmed:  # a stop erases the history upstream [measured]
        return Decision(op, bot, Action.ADVANCE, message="The strategy has ended; its archive will be read.")
    return Decision(op, bot, Action.SAVE)


def _send_stop(bot: Bot, op: Operation, fleet: Fleet, sight: _Sight) -> Decision:
    if op.phase is Phase.UNCERTAIN:
        return Decision(op, bot, Action.ADVANCE, message="No answer to the stop; watching whether it took effect.")
    if sight.ended:
        return Decision(op, bot, Action.ADVANCE, _end_unseen(op, sight), "The container has ended already.")
    if op.kind is not Kind.STOP and op.tries == 0 and sight.report is not None and sight.report.stop_confirmed:
        return Decision(op, bot, Action.ADVANCE, message="The strategy has ended already.")
    if _still_starting(bot, op, fleet):
        return Decision(op, bot, Action.WAIT)
    return Decision(op, bot, Action.STOP)


def _still_starting(bot: Bot, op: Operation, fleet: Fleet) -> bool:
    """A bot that has not connected yet hears no stop, and the server says success all the same [measured]: asking the
    moment it connects ends it sooner than asking now and waiting in vain."""
    if bot.instance_name in fleet.heard or fleet.as_of is None:
        return False
    return fleet.as_of < op.step_since + CONNECTS_WITHIN


def _await_end(bot: Bot, op: Operation, fleet: Fleet, sight: _Sight) -> Decision:
    if sight.ended:
        return Decision(op, bot, Action.ADVANCE, _end_unseen(op, sight), "The container has ended.")
    fresh = _seen_since(fleet.as_of, op.step_since)
    if fresh and sight.report is not None and sight.report.stop_confirmed:
        return Decision(op, bot, Action.ADVANCE)
    if _overdue(op, fleet.as_of):
        return Decision(op, bot, Action.RESEND, "stop_unconfirmed", "No sign of the end after 20 s; asking again.")
    return Decision(op, bot, Action.WAIT)


def _end_unseen(op: Operation, sight: _Sight) -> str:
    """A container that ends is no proof that orders were cancelled: a bot that obeys a stop says so and its container
    lives on [measured]. A code that the operation has already (the container was stopped by us) says more."""
    told = sight.report is not None and sight.report.stop_confirmed
    return "" if told or op.error_code else ENDED_BEFORE


def _send_removal(bot: Bot, op: Operation, fleet: Fleet, sight: _Sight) -> Decision:
    if op.phase is Phase.UNCERTAIN:
        return Decision(op, bot, Action.ADVANCE, message="No answer to the removal; watching the containers.")
    if sight.gone:
        return Decision(op, bot, Action.ADVANCE, message="The container is gone already.")
    return Decision(op, bot, Action.REMOVE if sight.looked else Action.WAIT)


def _await_removal(bot: Bot, op: Operation, fleet: Fleet, sight: _Sight) -> Decision:
    if sight.gone:
        return Decision(op, bot, Action.ADVANCE)
    if _overdue(op, fleet.containers_as_of):
        return Decision(op, bot, Action.RESEND, "removal_unconfirmed", "Still there after 120 s; asking again.")
    return Decision(op, bot, Action.WAIT)


_WIND_DOWN: Mapping[Step, Callable[[Bot, Operation, Fleet, _Sight], Decision]] = {
    Step.SAVED: _save,
    Step.STOP_SENT: _send_stop,
    Step.STRATEGY_ENDED: _await_end,
    Step.ARCHIVE_SENT: _send_removal,
    Step.REMOVED: _await_removal,
}


def _seen_since(as_of: datetime | None, since: datetime) -> bool:
    return as_of is not None and as_of >= since


def _overdue(op: Operation, as_of: datetime | None) -> bool:
    return as_of is not None and as_of >= op.step_since + DEADLINES[op.step]


def _with_errors(message: str, report: BotReport | None) -> str:
    """The message with the bot's last own words, first line only: a traceback belongs on the Logs tab."""
    if report is None or not report.errors:
        return f"{message}."
    last = report.errors[-1].message.splitlines()[0][:200]
    return f"{message}. Its last error: {last}"
