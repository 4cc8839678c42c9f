"""What operators do with bots: create, start, stop, archive, and look. Acts are recorded before anything is sent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from trading_bridge.domain.bots import (
    Bot,
    Desired,
    Status,
    check_may_archive,
    check_may_start,
    check_may_stop,
)
from trading_bridge.domain.errors import NotFound
from trading_bridge.domain.fills import Fill
from trading_bridge.domain.operations import Kind, TimelineEvent
from trading_bridge.domain.views import BotView, LogTail, Preflight, Sample, Shown
from trading_bridge.services.admission import NewBot
from trading_bridge.services.board import Board
from trading_bridge.services.clock import Clock
from trading_bridge.services.creation import Actor, Creation
from trading_bridge.services.journal import CLEARING, Journal, begin
from trading_bridge.services.ledger import Ledger
from trading_bridge.services.reconciler import Reconciler
from trading_bridge.storage.bots import BotRepository
from trading_bridge.storage.database import Database
from trading_bridge.storage.log_tails import LogTailRepository
from trading_bridge.storage.operations import OperationRepository
from trading_bridge.storage.samples import SampleRepository
from trading_bridge.storage.timeline import TimelineRepository

__all__ = ["Actor", "BotFilter", "BotPage", "BotService", "NewBot"]

_LEVELS = {"error": ("ERROR", "CRITICAL"), "warning": ("WARNING", "ERROR", "CRITICAL")}


@dataclass(frozen=True, slots=True)
class BotFilter:
    """Which bots to list. Archived ones are left out unless they are asked for."""

    status: Status | None = None
    account: str | None = None
    q: str | None = None
    archived: bool = False
    limit: int = 100
    offset: int = 0


@dataclass(frozen=True, slots=True)
class BotPage:
    """One page of a list; `total` and `counts` are over the whole filter."""

    bots: list[BotView]
    total: int
    as_of: datetime | None
    stale: bool
    counts: dict[Shown, int]


class BotService:
    """The use cases. Answers come from the board, changes go through the journal to the reconciler."""

    def __init__(
        self,
        database: Database,
        board: Board,
        ledger: Ledger,
        creation: Creation,
        reconciler: Reconciler,
        clock: Clock,
    ) -> None:
        self._database = database
        self._board = board
        self._ledger = ledger
        self._creation = creation
        self._reconciler = reconciler
        self._clock = clock

    # ── reading ───────────────────────────────────────────────────────────────────────────────

    async def list(self, filter: BotFilter) -> BotPage:
        """Bots by filter, oldest first."""
        found = [bot for bot in self._board.bots() if _matches(bot, filter)]
        page = found[filter.offset : filter.offset + filter.limit]
        return BotPage(
            bots=self._board.views(page),
            total=len(found),
            as_of=self._board.as_of(),
            stale=self._board.stale(),
            counts=self._board.counts(found),
        )

    async def get(self, bot_id: str) -> BotView:
        """One bot. Raises NotFound."""
        return self._board.view(self._bot(bot_id))

    def _bot(self, bot_id: str) -> Bot:
        bot = self._board.bot(bot_id)
        if bot is None:
            raise NotFound("There is no such bot.", hint="GET /bots lists them.")
        return bot

    async def fills(
        self, bot_id: str, *, limit: int = 200, before: str | None = None, since: datetime | None = None
    ) -> Sequence[Fill]:
        """Fills, newest first; `before` = a trade id of the page before. Raises NotFound."""
        self._bot(bot_id)
        return await self._ledger.fills(bot_id, limit=limit, before=before, since=since)

    async def timeline(self, bot_id: str) -> Sequence[TimelineEvent]:
        """Steps and changes, oldest first. Raises NotFound."""
        self._bot(bot_id)
        async with self._database.reading() as connection:
            return await TimelineRepository(connection).of(bot_id)

    async def recent_changes(self, limit: int = 10) -> Sequence[TimelineEvent]:
        """The newest changes of status of all bots, newest first."""
        async with self._database.reading() as connection:
            return await TimelineRepository(connection).newest(limit)

    async def logs(self, bot_id: str, *, level: str | None = None) -> LogTail:
        """Newest lines: from the last poll while the instance lives, else as kept at its end. Raises NotFound."""
        bot = self._bot(bot_id)
        report = self._board.fleet.bots.get(bot.instance_name or "")
        if report is not None and (report.logs or report.errors):  # a ghost after a removal has none [measured]
            lines = tuple(sorted((*report.logs, *report.errors), key=lambda line: line.at))
            tail = LogTail(lines, self._board.fleet.as_of, live=self._board.fleet.up)
        else:
            async with self._database.reading() as connection:
                tail = await LogTailRepository(connection).of(bot_id) or LogTail((), None, live=False)
        wanted = _LEVELS.get(level or "")
        if wanted is None:
            return tail
        return replace(tail, lines=tuple(line for line in tail.lines if line.level in wanted))

    async def samples(self, bot_id: str, *, since: datetime) -> Sequence[Sample]:
        """Chart points, oldest first. Raises NotFound."""
        self._bot(bot_id)
        async with self._database.reading() as connection:
            return await SampleRepository(connection).of(bot_id, since)

    async def preflight(self, new: NewBot) -> Sequence[Preflight]:
        """The checks of `create` as lines, none of them raised."""
        return await self._creation.preflight(new)

    # ── changing ──────────────────────────────────────────────────────────────────────────────

    async def create(self, new: NewBot, actor: Actor, *, idempotency_key: str | None = None) -> BotView:
        """Check everything, then record the bot (and its start). Raises InvalidInput kinds, Upstream*,
        IdempotencyConflict."""
        bot = await self._creation.create(new, actor, idempotency_key)
        return self._changed(bot)

    async def start(self, bot_id: str, actor: Actor) -> BotView:
        """A new deployment of the same bot: the server's own start starts nothing [measured].

        Raises NotFound, IllegalTransition.
        """
        self._bot(bot_id)
        now = self._clock()
        async with self._database.writing() as connection:
            bot = await _locked(BotRepository(connection), bot_id)
            check_may_start(bot)
            journal = Journal(connection, now)
            retiring = [op for op in await OperationRepository(connection).open_of(bot_id) if op.kind is Kind.RETIRE]
            if bot.instance_name is not None and not retiring:
                removal = begin(bot, Kind.RETIRE, actor.name, actor.request_id, now)
                bot = await journal.opened(bot, removal, CLEARING)
            bot = replace(bot, desired=Desired.RUNNING, generation=bot.generation + 1)
            operation = begin(bot, Kind.DEPLOY, actor.name, actor.request_id, now)
            bot = await journal.opened(bot, operation, f"{actor.name} asked to start")
            if bot.instance_name is not None:
                bot = await journal.set_status(bot, Status.DEPLOYING, "clearing", CLEARING)
        return self._changed(bot)

    async def stop(self, bot_id: str, actor: Actor) -> BotView:
        """Ask it to stop; a start under way is given up. Raises IllegalTransition."""
        self._bot(bot_id)
        now = self._clock()
        async with self._database.writing() as connection:
            bot = await _locked(BotRepository(connection), bot_id)
            open_now = await OperationRepository(connection).open_of(bot_id)
            if not any(op.kind is Kind.STOP for op in open_now):  # asking twice is no mistake, and one stop is enough
                check_may_stop(bot)
                bot = replace(bot, desired=Desired.STOPPED)
                operation = begin(bot, Kind.STOP, actor.name, actor.request_id, now)
                bot = await Journal(connection, now).opened(bot, operation, f"{actor.name} asked to stop")
        return self._changed(bot)

    async def archive(self, bot_id: str, actor: Actor) -> BotView:
        """Stop it if needed, remove it from the server, put it away. Raises IllegalTransition."""
        self._bot(bot_id)
        now = self._clock()
        async with self._database.writing() as connection:
            bot = await _locked(BotRepository(connection), bot_id)
            check_may_archive(bot)
            bot = replace(bot, desired=Desired.ARCHIVED)
            operation = begin(bot, Kind.ARCHIVE, actor.name, actor.request_id, now)
            bot = await Journal(connection, now).opened(bot, operation, f"{actor.name} asked to archive")
        return self._changed(bot)

    def _changed(self, bot: Bot) -> BotView:
        self._board.put(bot)
        self._reconciler.wake()
        return self._board.view(bot)

    async def wait_settled(self, bot_id: str, seconds: float) -> BotView:
        """The bot once no start, stop or archive of it is open, or after `seconds`. Raises NotFound."""
        self._bot(bot_id)
        await self._reconciler.wait_settled(bot_id, seconds)
        return await self.get(bot_id)


async def _locked(repository: BotRepository, bot_id: str) -> Bot:
    bot = await repository.locked(bot_id)
    if bot is None:
        raise NotFound("There is no such bot.", hint="GET /bots lists them.")
    return bot


def _matches(bot: Bot, filter: BotFilter) -> bool:
    if filter.status is not None:
        if bot.status is not filter.status:
            return False
    elif bot.status is Status.ARCHIVED and not filter.archived:
        return False
    if filter.account is not None and bot.account != filter.account:
        return False
    if filter.q:
        text = " ".join((bot.name, bot.account, bot.connector, str(bot.pair), bot.pair.wire, bot.id)).casefold()
        return filter.q.strip().casefold() in text
    return True
