"""Fills from the bots' histories. One call in flight per server: two calls of one millisecond share a reply topic, and
one bot's trades can arrive as another's (measured, hummingbot-api.md, "Performance and fills")."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal

import structlog

from trading_bridge.domain.bots import LIVE, Bot, Status
from trading_bridge.domain.errors import BridgeError
from trading_bridge.domain.fleet import Fleet
from trading_bridge.domain.instruments import TradingRules
from trading_bridge.hummingbot.client import HummingbotReader
from trading_bridge.services.board import Board
from trading_bridge.services.clock import Clock
from trading_bridge.services.ledger import Ledger
from trading_bridge.services.markets import MarketService

log = structlog.get_logger(__name__)

RECHECK_EVERY = timedelta(seconds=60)
RETRY_AFTER = timedelta(seconds=10)
_READ = LIVE | {Status.STOPPING, Status.DEPLOYING}


class HistoryReader:
    """Reads a bot's history when its reported volume has moved, and now and then in any case."""

    def __init__(
        self, reader: HummingbotReader, ledger: Ledger, board: Board, markets: MarketService, clock: Clock
    ) -> None:
        self._reader = reader
        self._ledger = ledger
        self._board = board
        self._markets = markets
        self._clock = clock
        self._lock = asyncio.Lock()
        self._seen: dict[str, tuple[Decimal, datetime]] = {}  # instance -> (volume, when read)
        self._failed: dict[str, datetime] = {}
        self._wake = asyncio.Event()
        self._fleet: Fleet | None = None

    async def on_poll(self, fleet: Fleet) -> None:
        """Coordinator's listener: remember what was seen, let the loop work it off."""
        self._fleet = fleet
        self._wake.set()

    async def run(self) -> None:
        """Read due histories until cancelled, one after another."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            fleet = self._fleet
            if fleet is None or not fleet.up:
                continue
            for bot in self._board.bots():
                volume = self._due(bot, fleet)
                if volume is not None:
                    await self._attempt(bot, volume)

    def _due(self, bot: Bot, fleet: Fleet) -> Decimal | None:
        """The reported volume, if the bot's history is to be read now."""
        if bot.instance_name is None or bot.status not in _READ:
            return None
        report = fleet.bots.get(bot.instance_name)
        controller = report.controllers.get(bot.controller_id or "") if report else None
        if controller is None:
            return None
        now = self._clock()
        failed = self._failed.get(bot.instance_name)
        if failed is not None and now - failed < RETRY_AFTER:
            return None
        seen = self._seen.get(bot.instance_name)
        if seen is not None and seen[0] == controller.volume and now - seen[1] < RECHECK_EVERY:
            return None
        return controller.volume

    async def _attempt(self, bot: Bot, volume: Decimal) -> None:
        assert bot.instance_name is not None
        try:
            if await self.read(bot):
                self._seen[bot.instance_name] = (volume, self._clock())
                self._failed.pop(bot.instance_name, None)
                return
        except BridgeError as error:
            log.info("history_not_read", bot=bot.id, code=error.code)
        except Exception:  # a bug must not end the loop that all bots share
            log.exception("history_broke", bot=bot.id)
        self._failed[bot.instance_name] = self._clock()

    async def read(self, bot: Bot) -> bool:
        """Read one bot's history into the ledger; False when the bot gave none. Raises UpstreamError."""
        if bot.instance_name is None:
            return False
        async with self._lock:
            fills = await self._reader.history(
                bot.instance_name,
                connector=bot.connector,
                pair=bot.pair,
                account=bot.account,
                rules=await self._rules(bot),
            )
        if fills is None:
            return False
        if await self._ledger.record(bot, fills):
            self._board.touch(bot.id)
        return True

    async def _rules(self, bot: Bot) -> TradingRules | None:
        """To tell which fills are exact: a bot keeps prices and amounts to six decimals."""
        try:
            return await self._markets.rules(bot.connector, bot.pair)
        except BridgeError:
            return None

    def forget(self, instance_name: str) -> None:
        """An instance has ended."""
        self._seen.pop(instance_name, None)
        self._failed.pop(instance_name, None)
