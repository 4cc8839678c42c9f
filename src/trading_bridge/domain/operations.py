"""An operation is the recorded intent to change something upstream, and how far it got.

It is written before anything is sent. The life of its present step:

    ready ──claim (committed)──> sending ──answer──> next step | waiting for evidence | failed
                                    └── no trustworthy answer ──> uncertain ──looking──> found | not found
After a crash every `sending` is treated as `uncertain`: settled by looking, never by resending.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What the operation is for."""

    DEPLOY = "deploy"
    STOP = "stop"
    RETIRE = "retire"  # stop if needed, remove the instance upstream, read its archived database
    ARCHIVE = "archive"  # the same, and put the bot away


class State(StrEnum):
    """Open, or how it ended."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Phase(StrEnum):
    """Where the present step stands."""

    READY = "ready"
    SENDING = "sending"
    UNCERTAIN = "uncertain"


class Step(StrEnum):
    """Steps in the order in which an operation takes them; each is shown live in the timeline."""

    PROFILE = "profile"
    CREDENTIALS = "credentials"
    VALIDATED = "validated"
    UPLOADED = "uploaded"
    DEPLOYED = "deployed"
    CONTAINER = "container"
    CONNECTED = "connected"
    REPORTING = "reporting"
    SAVED = "saved"
    STOP_SENT = "stop_sent"
    STRATEGY_ENDED = "strategy_ended"
    ARCHIVE_SENT = "archive_sent"
    REMOVED = "removed"
    BOOKS_CLOSED = "books_closed"


_REMOVAL = (
    Step.SAVED,
    Step.STOP_SENT,
    Step.STRATEGY_ENDED,
    Step.ARCHIVE_SENT,
    Step.REMOVED,
    Step.BOOKS_CLOSED,
)
STEPS: dict[Kind, tuple[Step, ...]] = {
    Kind.DEPLOY: (
        Step.PROFILE,
        Step.CREDENTIALS,
        Step.VALIDATED,
        Step.UPLOADED,
        Step.DEPLOYED,
        Step.CONTAINER,
        Step.CONNECTED,
        Step.REPORTING,
    ),
    Kind.STOP: (Step.SAVED, Step.STOP_SENT, Step.STRATEGY_ENDED),
    Kind.RETIRE: _REMOVAL,
    Kind.ARCHIVE: _REMOVAL,
}

WORDS: dict[Step, str] = {
    Step.PROFILE: "Account found on the server",
    Step.CREDENTIALS: "Exchange keys found",
    Step.VALIDATED: "Settings accepted by the server",
    Step.UPLOADED: "Settings uploaded",
    Step.DEPLOYED: "Deploy accepted",
    Step.CONTAINER: "Container up",
    Step.CONNECTED: "Connected",
    Step.REPORTING: "Strategy reporting",
    Step.SAVED: "Fills and P&L saved",
    Step.STOP_SENT: "Stop sent",
    Step.STRATEGY_ENDED: "Strategy ended",
    Step.ARCHIVE_SENT: "Removal sent",
    Step.REMOVED: "Container removed",
    Step.BOOKS_CLOSED: "Archived fills read",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One intent for one bot. `generation` is the deploy attempt it is about."""

    id: str
    bot_id: str
    kind: Kind
    state: State
    step: Step
    phase: Phase
    generation: int
    attempt: int  # 1 for the first deploy (or stop) that this operation sends; each deploy has its own generation
    instance_name: str | None
    tries: int  # times in a row that the present step could not be done
    not_before: datetime | None
    step_since: datetime
    error_code: str | None
    error: str | None
    actor: str
    request_id: str
    created_at: datetime
    settled_at: datetime | None

    @property
    def open(self) -> bool:
        return self.state is State.OPEN

    def claimed(self) -> "Operation":
        """About to send: committed before the call, so that a crash leaves `sending` behind."""
        return replace(self, phase=Phase.SENDING, not_before=None)

    def advanced(self, now: datetime) -> "Operation":
        """The present step is proven: the next one is due, or the operation is done."""
        steps = STEPS[self.kind]
        index = steps.index(self.step) + 1
        if index == len(steps):
            return replace(self, state=State.DONE, phase=Phase.READY, settled_at=now, not_before=None, tries=0)
        return replace(
            self,
            step=steps[index],
            phase=Phase.READY,
            step_since=now,
            not_before=None,
            tries=0,
            error=None,
            error_code=None,
        )

    def back_to(self, step: Step, now: datetime) -> "Operation":
        """An earlier step is due again (a new attempt)."""
        return replace(self, step=step, phase=Phase.READY, step_since=now, not_before=None, tries=0)

    def delayed(self, now: datetime, code: str, message: str, phase: Phase = Phase.READY) -> "Operation":
        """Could not be done now; again after a back-off of 1, 2, 4 ... 30 s."""
        pause = timedelta(seconds=min(30.0, 2.0**self.tries))
        return replace(self, phase=phase, tries=self.tries + 1, not_before=now + pause, error_code=code, error=message)

    def uncertain(self, code: str, message: str) -> "Operation":
        """Sent, outcome unknown: to be settled by looking."""
        return replace(self, phase=Phase.UNCERTAIN, error_code=code, error=message, not_before=None, tries=0)

    def failed(self, now: datetime, code: str, message: str) -> "Operation":
        """Ended without its purpose; the reason is shown on the bot."""
        return replace(self, state=State.FAILED, phase=Phase.READY, settled_at=now, error_code=code, error=message)

    def cancelled(self, now: datetime, why: str) -> "Operation":
        """Superseded before it was finished."""
        return replace(
            self, state=State.CANCELLED, phase=Phase.READY, settled_at=now, error_code="superseded", error=why
        )


class EventState(StrEnum):
    """State of one line of the timeline."""

    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One line of a bot's timeline: a step with its time, or something that happened to it."""

    id: int
    bot_id: str
    operation_id: str | None
    at: datetime
    kind: str  # an operation's Kind, or "status" for a change of status
    step: str
    state: EventState
    message: str
    actor: str | None
