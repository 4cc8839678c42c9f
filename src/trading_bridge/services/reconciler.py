"""Carries the recorded intents out: plan, claim, call, settle. The only loop that writes bots upstream.

Before a write its operation is committed as `sending`; what a crash leaves in that phase is settled by looking.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import structlog

from trading_bridge.domain.bots import Bot, Desired, Status
from trading_bridge.domain.errors import (
    BridgeError,
    UpstreamError,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUncertain,
    UpstreamUnreachable,
)
from trading_bridge.domain.fleet import Fleet, Reach
from trading_bridge.domain.operations import Kind, Operation, Phase, State, Step
from trading_bridge.domain.planning import PURE, Action, Decision, plan
from trading_bridge.services.board import Board
from trading_bridge.services.clock import Clock
from trading_bridge.services.coordinator import Coordinator
from trading_bridge.services.ending import Ending
from trading_bridge.services.journal import BRIDGE, Journal, begin
from trading_bridge.services.starting import Progress, Starting
from trading_bridge.storage.bots import BotRepository
from trading_bridge.storage.database import Database
from trading_bridge.storage.operations import OperationRepository

log = structlog.get_logger(__name__)

_WRITES = frozenset({Action.UPLOAD, Action.DEPLOY, Action.STOP, Action.REMOVE})
_IDLE_CHECK = 1.0


class Reconciler:
    """One per Hummingbot server; `wake()` after anything it may have to act on."""

    def __init__(
        self,
        database: Database,
        coordinator: Coordinator,
        board: Board,
        starting: Starting,
        ending: Ending,
        clock: Clock,
    ) -> None:
        self._database = database
        self._coordinator = coordinator
        self._board = board
        self._starting = starting
        self._ending = ending
        self._clock = clock
        self._wake = asyncio.Event()
        self._settled = asyncio.Condition()
        self._broke = False

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()

    async def on_poll(self, fleet: Fleet) -> None:
        """Coordinator's listener."""
        self.wake()

    async def recover(self) -> None:
        """At start-up: whatever was being sent when the last process ended has an unknown outcome."""
        now = self._clock()
        async with self._database.writing() as connection:
            operations = await OperationRepository(connection).open()
            bots = await BotRepository(connection).some([op.bot_id for op in operations])
            for op in operations:
                if op.phase is Phase.SENDING:
                    lost = op.uncertain("restarted", "The bridge ended while this was being sent.")
                    await Journal(connection, now).moved(bots[op.bot_id], op, replace(lost, step_since=now))
        await self._board.load()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                if self._broke:  # an outcome may not have been written: settled by looking, as after a crash
                    await self.recover()
                    self._broke = False
                acted = await self.round()
            except Exception:
                log.exception("reconciler_round_failed")
                acted, self._broke = False, True
            if acted:
                continue
            self._wake.clear()
            # not wait_for: before Python 3.12 it loses a cancellation that comes together with the wake
            with suppress(TimeoutError):
                async with asyncio.timeout(_IDLE_CHECK):
                    await self._wake.wait()

    async def round(self) -> bool:
        """One act (or all that need no call); False when there was nothing to do."""
        async with self._database.reading() as connection:
            operations = await OperationRepository(connection).open()
            bots = await BotRepository(connection).some(list({op.bot_id for op in operations}))
        self._coordinator.attend(bool(operations))
        if not operations:
            return False
        fleet = self._coordinator.fleet
        decisions = plan(bots, operations, fleet, self._clock())
        pure = [decision for decision in decisions if decision.action in PURE]
        if pure:
            for decision in pure:
                await self._decide(decision)
            return True
        if not decisions or fleet.reach is Reach.DOWN:
            return False  # a silent server: the commands wait, the coordinator keeps asking
        await self._call(decisions[0], fleet)
        return True

    async def wait_settled(self, bot_id: str, seconds: float) -> None:
        """Until the bot has no open start, stop or archive, or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._settled:
                while await self._unsettled(bot_id):
                    await self._settled.wait()

    async def _unsettled(self, bot_id: str) -> bool:
        async with self._database.reading() as connection:
            open_now = await OperationRepository(connection).open_of(bot_id)
        return any(op.kind is not Kind.RETIRE for op in open_now)

    # ── decisions without a call ──────────────────────────────────────────────────────────────

    async def _decide(self, decision: Decision) -> None:
        op, now = decision.operation, self._clock()
        if decision.action is Action.ADVANCE:
            new = replace(op, phase=Phase.READY).advanced(now)
            new = replace(new, error_code=decision.code or new.error_code)
        elif decision.action is Action.RESEND:
            target = Step.STOP_SENT if op.step is Step.STRATEGY_ENDED else Step.ARCHIVE_SENT
            again = op.back_to(target, now)
            new = replace(again, tries=1, attempt=op.attempt + 1, error_code=decision.code, error=decision.message)
        elif decision.action is Action.CANCEL:
            new = op.cancelled(now, decision.message)
        else:
            new = op.failed(now, decision.code, decision.message)
            await self._ending.keep_logs(decision.bot, self._coordinator.fleet)
        await self._settle(op, Progress(new, decision.bot, decision.message, skipped=bool(decision.message)))

    # ── calls ─────────────────────────────────────────────────────────────────────────────────

    async def _call(self, decision: Decision, fleet: Fleet) -> None:
        op, bot, action = decision.operation, decision.bot, decision.action
        if action is Action.PROFILE and await self._profile_there(op, bot):
            return
        if action in _WRITES or action is Action.PROFILE:
            claimed = op.claimed()
            if not await self._settle(op, Progress(claimed, bot)):
                return
            op = claimed
        try:
            progress = await self._carry_out(action, bot, op, fleet)
        except BridgeError as error:
            progress = Progress(_after_error(op, action, error, self._clock()), bot)
            log.info("call_not_settled", bot=bot.id, action=action.value, code=error.code)
        except asyncio.CancelledError:
            raise  # shutting down in the middle of a call: start-up finds `sending` and looks
        except Exception:
            log.exception("call_broke", bot=bot.id, action=action.value)
            unknown = UpstreamUncertain("Something broke in the bridge during the call.")
            progress = Progress(_after_error(op, action, unknown, self._clock()), bot)
        if progress.operation.step is not op.step:  # evidence for the next step must be younger than this answer
            progress = replace(progress, operation=replace(progress.operation, step_since=self._clock()))
        await self._settle(op, progress)

    async def _profile_there(self, op: Operation, bot: Bot) -> bool:
        """Settle the step without a write when the profile exists, or when looking failed."""
        try:
            if await self._starting.profile_missing(bot):
                return False
            await self._settle(op, Progress(replace(op, phase=Phase.READY).advanced(self._clock()), bot))
        except UpstreamError as error:
            await self._settle(op, Progress(op.delayed(self._clock(), error.code, error.message), bot))
        return True

    async def _carry_out(self, action: Action, bot: Bot, op: Operation, fleet: Fleet) -> Progress:
        now = self._clock()
        match action:
            case Action.PROFILE:
                return await self._starting.create_profile(bot, op, now)
            case Action.CREDENTIALS:
                return await self._starting.credentials(bot, op, now)
            case Action.VALIDATE:
                return await self._starting.validate(bot, op, now)
            case Action.UPLOAD:
                return await self._starting.upload(bot, op, now)
            case Action.DEPLOY:
                return await self._starting.deploy(bot, op, now)
            case Action.FENCE:
                return await self._starting.fence(bot, op, now)
            case Action.SAVE:
                return await self._ending.save(bot, op, fleet, now)
            case Action.STOP:
                return await self._ending.stop(bot, op, now)
            case Action.REMOVE:
                return await self._ending.remove(bot, op, fleet, now)
            case Action.CLOSE_BOOKS:
                return await self._ending.close_books(bot, op, now)
        raise AssertionError(f"{action} needs no call")

    # ── settling ──────────────────────────────────────────────────────────────────────────────

    async def _settle(self, old: Operation, progress: Progress) -> bool:
        """Write the outcome, and what follows from it; False when another process was faster."""
        now, new = self._clock(), progress.operation
        async with self._database.writing() as connection:
            current = await BotRepository(connection).locked(progress.bot.id)
            assert current is not None
            bot = current  # not as it was when the call began: the wish may have changed meanwhile
            if new.kind is Kind.DEPLOY:  # only a deploy names instance and attempt (a start opens the next one already)
                bot = replace(bot, instance_name=progress.bot.instance_name, generation=progress.bot.generation)
            if new.state is State.DONE and new.kind in (Kind.RETIRE, Kind.ARCHIVE):
                bot = replace(bot, instance_name=None)
            journal = Journal(connection, now)
            stored = await journal.moved(bot, old, new, progress.note, skipped=progress.skipped)
            if stored is None:
                return False
            if _leaves_an_instance(stored, new):
                stored = await journal.opened(
                    stored, begin(stored, Kind.RETIRE, BRIDGE, new.request_id, now), "Removing the container."
                )
            if new.state is State.CANCELLED and not await OperationRepository(connection).open_of(bot.id):
                stored = await journal.set_status(stored, Status.STOPPED, "stopped", new.error or "Stopped.")
        self._board.put(stored)
        if new.state is not State.OPEN:
            async with self._settled:
                self._settled.notify_all()
        return True


def _leaves_an_instance(bot: Bot, op: Operation) -> bool:
    """After a stop, and after a start that failed, the container is of no more use."""
    if bot.instance_name is None or bot.desired is Desired.ARCHIVED:
        return False
    return (op.kind is Kind.STOP and op.state is State.DONE) or (op.kind is Kind.DEPLOY and op.state is State.FAILED)


def _after_error(op: Operation, action: Action, error: BridgeError, now: datetime) -> Operation:
    """The state of an operation whose call did not end well: rejected, unreachable or uncertain."""
    if isinstance(error, UpstreamUnreachable | UpstreamUnauthorized):
        return replace(op, phase=Phase.READY).delayed(now, error.code, error.message)
    if isinstance(error, UpstreamRejected):
        if action is Action.DEPLOY or action is Action.UPLOAD:
            return op.failed(now, "deploy_refused", f"The server refuses: {error.message}")
        return replace(op, phase=Phase.READY).delayed(now, error.code, error.message)
    if action in (Action.DEPLOY, Action.STOP, Action.REMOVE):
        return replace(op.uncertain(error.code, error.message), step_since=now)
    if action is Action.FENCE:
        return op.delayed(now, error.code, error.message, Phase.UNCERTAIN)
    return replace(op, phase=Phase.READY).delayed(now, error.code, error.message)
