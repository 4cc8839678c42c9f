"""The calls of a stop and of a removal, step by step."""

from dataclasses import replace
from datetime import datetime

import structlog

from trading_bridge.domain.bots import Bot, config_name
from trading_bridge.domain.errors import BridgeError, UpstreamError, UpstreamRejected
from trading_bridge.domain.fleet import Fleet
from trading_bridge.domain.operations import Kind, Operation
from trading_bridge.hummingbot.client import HummingbotReader
from trading_bridge.hummingbot.writes import HummingbotWriter
from trading_bridge.services.history import HistoryReader
from trading_bridge.services.journal import FORCED
from trading_bridge.services.lane import Lane, Urgency
from trading_bridge.services.ledger import Ledger
from trading_bridge.services.starting import Progress
from trading_bridge.storage.database import Database
from trading_bridge.storage.log_tails import LogTailRepository

log = structlog.get_logger(__name__)

STOP_TRIES = 5  # with the back-off about half a minute: a bot that is still starting can be told by then
STOP_ASKS = 3  # a stop that was published and had no effect within its deadline is asked again so often
REMOVAL_SECONDS = 40.0  # 25 s in all, 10 of them frozen [measured]
SAVE_TRIES = 2  # a stop is never held up by a report that can't be read
BOOK_TRIES = 6


class Ending:
    """Talks to the server for stops and removals. Holds no state."""

    def __init__(
        self,
        reader: HummingbotReader,
        writer: HummingbotWriter,
        lane: Lane,
        history: HistoryReader,
        ledger: Ledger,
        database: Database,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._lane = lane
        self._history = history
        self._ledger = ledger
        self._database = database

    async def save(self, bot: Bot, op: Operation, fleet: Fleet, now: datetime) -> Progress:
        """Read what a stop erases upstream: the history, and the logs that explain an end."""
        await self.keep_logs(bot, fleet)
        try:
            read = await self._history.read(bot)
        except UpstreamError as error:
            if op.tries + 1 < SAVE_TRIES:
                return Progress(op.delayed(now, error.code, "The bot's history could not be read; trying again."), bot)
            return Progress(op.advanced(now), bot, "the history could not be read now; the archive will be read later")
        return Progress(
            op.advanced(now), bot, "" if read else "the bot gave no history; the archive will be read later"
        )

    async def keep_logs(self, bot: Bot, fleet: Fleet) -> None:
        """Keep the newest log lines of the instance: the server forgets them with it."""
        report = fleet.bots.get(bot.instance_name or "")
        if report is None or bot.instance_name is None or fleet.as_of is None or not (report.logs or report.errors):
            return
        lines = tuple(sorted((*report.logs, *report.errors), key=lambda line: line.at))
        async with self._database.writing() as connection:
            await LogTailRepository(connection).keep(bot.id, bot.instance_name, lines, fleet.as_of)

    async def stop(self, bot: Bot, op: Operation, now: datetime) -> Progress:
        """Ask once; "success" means published, so the next step watches for the end [measured]."""
        assert bot.instance_name is not None
        urgency = Urgency.UPKEEP if op.kind is Kind.RETIRE else Urgency.STOP
        async with self._lane.turn(urgency):
            if op.tries < STOP_TRIES and op.attempt <= STOP_ASKS:
                await self._writer.stop_bot(bot.instance_name)
                return Progress(op.advanced(now), bot)
            await self._writer.stop_container(bot.instance_name)
        note = "the bot can't be told to stop; its container was stopped instead, so orders may be left on the exchange"
        return Progress(replace(op.advanced(now), error_code=FORCED, error=note), bot, note)

    async def remove(self, bot: Bot, op: Operation, fleet: Fleet, now: datetime) -> Progress:
        """Archive a running container (it refuses others), remove an exited one."""
        assert bot.instance_name is not None
        await self.keep_logs(bot, fleet)
        async with self._lane.turn(Urgency.UPKEEP):
            if bot.instance_name not in fleet.containers.active:
                await self._writer.remove_container(bot.instance_name)
                return Progress(op.advanced(now), bot)
            try:
                await self._writer.stop_and_archive(bot.instance_name)
                self._lane.expect_freeze(REMOVAL_SECONDS)
            except UpstreamRejected as error:
                if error.field != "instance":
                    raise
                # the server archives only bots that it hears; a deaf one is stopped here and removed once it has exited
                await self._writer.stop_container(bot.instance_name)
                return Progress(op.delayed(now, error.code, "The bot is not heard; its container was stopped."), bot)
        return Progress(op.advanced(now), bot)

    async def close_books(self, bot: Bot, op: Operation, now: datetime) -> Progress:
        """Fills between the last history and the end are in the archived database only (six decimals: approximate)."""
        assert bot.instance_name is not None
        found = [path for path in await self._reader.archived_databases() if bot.instance_name in path]
        if not found and op.tries + 1 < BOOK_TRIES:
            return Progress(op.delayed(now, "archive_missing", "The archived database is not there yet."), bot)
        added = 0
        for path in found:
            fills = await self._reader.archived_fills(path, connector=bot.connector, pair=bot.pair, account=bot.account)
            added += await self._ledger.record(bot, fills)
        await self._drop_config(bot, op)
        self._history.forget(bot.instance_name)
        note = f"{added} late fill{'s' if added != 1 else ''} found" if found else "the server kept no archive of it"
        return Progress(op.advanced(now), bot, note)

    async def _drop_config(self, bot: Bot, op: Operation) -> None:
        """The attempt's config file has done its duty. Leaving it behind is untidy, not harmful."""
        try:
            async with self._lane.turn(Urgency.UPKEEP):
                await self._writer.delete_config(config_name(bot.upstream_key, op.generation))
        except BridgeError as error:
            log.info("config_left_behind", bot=bot.id, code=error.code)
