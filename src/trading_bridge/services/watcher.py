"""Keeps the status of live bots true to the evidence, and notes their first order and first fill."""

from datetime import datetime

from trading_bridge.domain.bots import LIVE, Bot, Desired, Status
from trading_bridge.domain.fleet import BotReport, Fleet
from trading_bridge.domain.operations import EventState
from trading_bridge.domain.watch import Verdict, judge
from trading_bridge.services.board import Board
from trading_bridge.services.clock import Clock
from trading_bridge.services.journal import Journal
from trading_bridge.storage.bots import BotRepository
from trading_bridge.storage.database import Database
from trading_bridge.storage.operations import OperationRepository
from trading_bridge.storage.timeline import TimelineRepository

FIRST_ORDER, FIRST_FILL = "first_order", "first_fill"
_WATCHED = LIVE | {Status.LOST}


class Watcher:
    """Coordinator's listener: judges each watched bot after each poll, writes only what changed."""

    def __init__(self, database: Database, board: Board, clock: Clock) -> None:
        self._database = database
        self._board = board
        self._clock = clock
        self._noted: set[tuple[str, str]] = set()  # (instance, first order | first fill)

    async def load(self) -> None:
        """What was noted before a restart."""
        async with self._database.reading() as connection:
            self._noted = await TimelineRepository(connection).marks((FIRST_ORDER, FIRST_FILL))

    async def on_poll(self, fleet: Fleet) -> None:
        """Judge and note."""
        for bot in self._board.bots():
            if bot.desired is not Desired.RUNNING:
                continue
            if bot.status in _WATCHED:
                verdict = judge(bot, fleet, self._clock())
                if verdict is not None and (verdict.status, verdict.code) != (bot.status, bot.reason_code):
                    await self._write(bot, verdict)
            if bot.instance_name is not None and (report := fleet.bots.get(bot.instance_name)) is not None:
                await self._note_firsts(bot, report, fleet)

    async def _write(self, seen: Bot, verdict: Verdict) -> None:
        async with self._database.writing() as connection:
            bot = await BotRepository(connection).locked(seen.id)
            if bot is None or bot.status is not seen.status or await OperationRepository(connection).open_of(bot.id):
                return  # an operation has taken over since: its word counts
            bot = await Journal(connection, self._clock()).set_status(bot, verdict.status, verdict.code, verdict.reason)
        self._board.put(bot)

    async def _note_firsts(self, bot: Bot, report: BotReport, fleet: Fleet) -> None:
        orders = fleet.own_orders(report)
        if orders and (report.instance, FIRST_ORDER) not in self._noted:
            first = min(orders, key=lambda order: order.at)
            words = f"First order placed: {first.side} {first.amount:f} {bot.pair.base} at {first.price:f}"
            await self._note(bot, report.instance, FIRST_ORDER, words, first.at)
        controller = report.controllers.get(bot.controller_id or "")
        if controller is not None and controller.volume > 0 and (report.instance, FIRST_FILL) not in self._noted:
            await self._note(bot, report.instance, FIRST_FILL, "First fill", self._clock())

    async def _note(self, bot: Bot, instance: str, step: str, words: str, at: datetime) -> None:
        async with self._database.writing() as connection:
            await TimelineRepository(connection).add(
                bot.id, at, "deploy", step, EventState.DONE, words, operation_id=instance
            )
        self._noted.add((instance, step))
        self._board.touch(bot.id)
