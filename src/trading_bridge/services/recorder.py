"""Samples the markets and quotes of the bots that live, for charts, strips and the mid price of unrealised P&L."""

import asyncio
from datetime import datetime, timedelta

import structlog

from trading_bridge.domain.bots import LIVE, Bot, Status
from trading_bridge.domain.errors import BridgeError
from trading_bridge.domain.instruments import Pair
from trading_bridge.domain.views import Sample
from trading_bridge.services.board import Board
from trading_bridge.services.clock import Clock
from trading_bridge.services.markets import MarketService
from trading_bridge.services.strips import Strips

log = structlog.get_logger(__name__)

MID_FRESH_FOR = timedelta(seconds=30)
PRUNE_EVERY = timedelta(hours=1)


class Recorder:
    """One order book per market and one row per live bot each `interval` seconds."""

    def __init__(self, board: Board, markets: MarketService, strips: Strips, clock: Clock, interval: float) -> None:
        self._board = board
        self._markets = markets
        self._strips = strips
        self._clock = clock
        self._interval = interval
        self._pruned_at: datetime | None = None

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            try:
                await self.sample()
            except Exception:
                log.exception("sampling_failed")
            await asyncio.sleep(self._interval)

    async def sample(self) -> None:
        """One round."""
        live = [bot for bot in self._board.bots() if bot.status in LIVE]
        if self._board.fleet.up:
            await self._read_books({(bot.connector, bot.pair) for bot in self._board.bots() if self._needs_mid(bot)})
        now = self._clock()
        points = {bot.id: self._point(bot, now) for bot in live if self._board.fleet.up}
        if points:
            await self._strips.add(points)
            self._board.touch(*points)
        if self._pruned_at is None or now - self._pruned_at > PRUNE_EVERY:
            await self._strips.prune()
            self._pruned_at = now

    def _needs_mid(self, bot: Bot) -> bool:
        """A live bot has a chart; one at rest may still hold a position that has to be valued."""
        if bot.status in LIVE:
            return True
        return bot.status is not Status.ARCHIVED and self._board.position(bot.id).amount != 0

    async def _read_books(self, markets: set[tuple[str, Pair]]) -> None:
        for connector, pair in sorted(markets, key=str):
            try:
                await self._markets.book(connector, pair)
            except BridgeError as error:
                log.debug("book_not_read", connector=connector, pair=str(pair), code=error.code)

    def _point(self, bot: Bot, now: datetime) -> tuple[Sample, bool | None]:
        view = self._board.view(bot)
        figures = view.figures
        fresh = figures.mid_at is not None and now - figures.mid_at <= MID_FRESH_FOR
        heard = not view.stale and figures.own_orders is not None
        sample = Sample(
            at=now,
            mid=figures.mid if fresh else None,
            own_bid=figures.own_bid if heard else None,
            own_ask=figures.own_ask if heard else None,
            net=figures.net if fresh else None,
        )
        return sample, bool(figures.own_orders) if heard else None
