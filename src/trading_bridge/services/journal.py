"""How an operation's progress becomes rows: operation, bot and timeline change together, in one transaction."""

from dataclasses import replace
from datetime import datetime

from trading_bridge.domain.bots import Bot, Desired, Status
from trading_bridge.domain.operations import STEPS, WORDS, EventState, Kind, Operation, Phase, State, Step
from trading_bridge.domain.planning import ENDED_BEFORE, NOTHING_THERE
from trading_bridge.services.identity import new_id
from trading_bridge.storage.bots import BotRepository
from trading_bridge.storage.database import Connection
from trading_bridge.storage.operations import OperationRepository
from trading_bridge.storage.timeline import TimelineRepository

BRIDGE = "bridge"
CLEARING = "Removing what is left of the last start."
FORCED = "container_stopped"


def begin(bot: Bot, kind: Kind, actor: str, request_id: str, now: datetime) -> Operation:
    """A fresh operation of this kind; not stored yet."""
    return Operation(
        id=new_id("op"),
        bot_id=bot.id,
        kind=kind,
        state=State.OPEN,
        step=STEPS[kind][0],
        phase=Phase.READY,
        generation=bot.generation,
        attempt=1,
        instance_name=bot.instance_name,
        tries=0,
        not_before=None,
        step_since=now,
        error_code=None,
        error=None,
        actor=actor,
        request_id=request_id,
        created_at=now,
        settled_at=None,
    )


class Journal:
    """Writes on one connection; the caller owns the transaction and tells the board afterwards."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._bots = BotRepository(connection)
        self._operations = OperationRepository(connection)
        self._timeline = TimelineRepository(connection)
        self._now = now

    async def opened(self, bot: Bot, operation: Operation, words: str) -> Bot:
        """Record a new intent and its first line."""
        await self._operations.add(operation)
        await self._timeline.add(
            bot.id,
            self._now,
            operation.kind.value,
            "asked",
            EventState.STARTED,
            words,
            operation_id=operation.id,
            actor=operation.actor,
        )
        return await self.show(bot, operation)

    async def moved(
        self, bot: Bot, old: Operation, new: Operation, note: str = "", *, skipped: bool = False
    ) -> Bot | None:
        """Record progress; None when another process had moved the operation first (nothing is written then)."""
        if not await self._operations.replace(old, new):
            return None
        if new.state is State.OPEN and new.step is old.step:
            if new.error is not None and new.error != old.error:
                await self._line(bot, new, new.step.value, EventState.INFO, new.error)
            return await self.show(bot, new)
        if new.state in (State.FAILED, State.CANCELLED):
            state = EventState.FAILED if new.state is State.FAILED else EventState.INFO
            await self._line(bot, new, old.step.value, state, new.error or new.state.value)
        elif _ended_before(old, note):
            pass  # removing what had stopped already: its stop has told these steps
        elif _index(new) >= _index(old) or new.state is State.DONE:
            words = note if skipped else f"{WORDS[old.step]}: {note}" if note else WORDS[old.step]
            await self._line(bot, new, old.step.value, EventState.DONE, words)
        else:
            await self._line(bot, new, old.step.value, EventState.INFO, new.error or note)
        return await self.show(bot, new)

    async def _line(self, bot: Bot, op: Operation, step: str, state: EventState, message: str) -> None:
        await self._timeline.add(bot.id, self._now, op.kind.value, step, state, message, operation_id=op.id)

    async def show(self, bot: Bot, op: Operation) -> Bot:
        """Store the bot with the status that the operation gives it."""
        status, code, reason = status_of(bot, op)
        return await self.set_status(bot, status, code, reason)

    async def set_status(self, bot: Bot, status: Status, code: str, reason: str) -> Bot:
        """Store the bot; a change of status is a line of its timeline, a change of reason is not."""
        changed = status is not bot.status
        if changed:
            await self._timeline.add(
                bot.id,
                self._now,
                "status",
                status.value,
                EventState.INFO,
                f"{bot.status} → {status}: {reason}",
            )
        bot = replace(
            bot,
            status=status,
            reason_code=code,
            reason=reason,
            status_since=self._now if changed else bot.status_since,
        )
        return await self._bots.save(bot, self._now)


def _ended_before(op: Operation, note: str) -> bool:
    """Whether a removal just passed a step of the stop without having to do anything."""
    return op.kind is Kind.RETIRE and (
        op.step is Step.STRATEGY_ENDED or (bool(note) and op.step in (Step.SAVED, Step.STOP_SENT))
    )


def _index(op: Operation) -> int:
    return STEPS[op.kind].index(op.step)


_OPEN: dict[Kind, Status] = {
    Kind.DEPLOY: Status.DEPLOYING,
    Kind.STOP: Status.STOPPING,
    Kind.ARCHIVE: Status.ARCHIVING,
}
_WAITING_FOR: dict[Step, str] = {
    Step.PROFILE: "Looking for the account on the server",
    Step.CREDENTIALS: "Looking for the exchange keys",
    Step.VALIDATED: "Having the server check the settings",
    Step.UPLOADED: "Uploading the settings",
    Step.DEPLOYED: "Asking the server to deploy",
    Step.CONTAINER: "Waiting for the container",
    Step.CONNECTED: "Container up; waiting for the bot to connect",
    Step.REPORTING: "Connected; waiting for the strategy's first report",
    Step.SAVED: "Saving fills and P&L",
    Step.STOP_SENT: "Asking the bot to stop and cancel its orders",
    Step.STRATEGY_ENDED: "Waiting for the strategy to end",
    Step.ARCHIVE_SENT: "Asking the server to remove the container",
    Step.REMOVED: "Waiting for the container to go",
    Step.BOOKS_CLOSED: "Reading the archived fills",
}


# How a stop ended: only the first has the bot's own word for it.
_STOPPED: dict[str, str] = {
    "stopped": "The strategy has ended and was asked to cancel its orders.",
    FORCED: "It could not be told to stop, so its container was stopped. Check the exchange: orders may be left.",
    ENDED_BEFORE: "Its container ended before it could confirm the stop. Check the exchange: orders may be left.",
    NOTHING_THERE: "Nothing of it was on the server, so there was nothing to stop.",
}


def status_of(bot: Bot, op: Operation) -> tuple[Status, str, str]:
    """(status, code, reason) that an operation in this state gives its bot."""
    if op.state is State.OPEN:
        if op.kind is Kind.RETIRE:
            if bot.desired is Desired.RUNNING and bot.status is Status.DEPLOYING:
                return bot.status, "clearing", CLEARING
            return bot.status, bot.reason_code, bot.reason
        if (
            op.kind is Kind.DEPLOY and bot.desired is not Desired.RUNNING
        ):  # a stop has been asked since: its word counts
            return bot.status, bot.reason_code, bot.reason
        if op.kind is Kind.DEPLOY and op.step is Step.DEPLOYED and op.phase is Phase.UNCERTAIN:
            reason = "No clear answer to the deploy; looking whether it happened. It will not be sent twice."
            return Status.UNCERTAIN, "deploy_uncertain", reason
        reason = f"{_WAITING_FOR[op.step]}."
        if op.error:
            reason = f"{_WAITING_FOR[op.step]}: {op.error}"
        return _OPEN[op.kind], op.error_code or op.step.value, reason
    if op.state is State.FAILED:
        return Status.FAILED, op.error_code or "failed", op.error or "It failed."
    if op.state is State.CANCELLED:
        return bot.status, bot.reason_code, bot.reason
    if op.kind is Kind.DEPLOY:
        return Status.RUNNING, "trading", "Its strategy is reporting."
    if op.kind is Kind.STOP:
        code = op.error_code if op.error_code in _STOPPED else "stopped"
        return Status.STOPPED, code, _STOPPED[code]
    if op.kind is Kind.ARCHIVE:
        return Status.ARCHIVED, "archived", "Archived; its fills and P&L are kept."
    return bot.status, bot.reason_code, bot.reason
