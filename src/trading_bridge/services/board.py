"""The fleet as shown: every bot joined with the newest evidence, held in memory."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from trading_bridge.domain.bots import Bot, Status
from trading_bridge.domain.fleet import BotReport, Fleet, Reach
from trading_bridge.domain.instruments import OrderBook
from trading_bridge.domain.performance import Position
from trading_bridge.domain.views import BotView, Figures, Shown, shown
from trading_bridge.services.broadcaster import Broadcaster
from trading_bridge.services.clock import Clock
from trading_bridge.services.ledger import Ledger
from trading_bridge.services.markets import MarketService
from trading_bridge.services.strips import Strips
from trading_bridge.storage.bots import BotRepository
from trading_bridge.storage.database import Database

STALE_AFTER = timedelta(seconds=30)
_EVIDENCE_EXPECTED = frozenset({Status.DEPLOYING, Status.RUNNING, Status.DEGRADED, Status.STOPPING, Status.ARCHIVING})


class Board:
    """Reads for pages and REST cost no query and no upstream call."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        markets: MarketService,
        strips: Strips,
        broadcaster: Broadcaster,
        clock: Clock,
        server_id: str,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._markets = markets
        self._strips = strips
        self._broadcaster = broadcaster
        self._clock = clock
        self._bots: dict[str, Bot] = {}
        self.fleet = Fleet(server_id)

    async def load(self) -> None:
        """All bots, at start-up."""
        async with self._database.reading() as connection:
            self._bots = {bot.id: bot for bot in await BotRepository(connection).all()}

    def bots(self) -> list[Bot]:
        """All bots as last stored, oldest first."""
        return list(self._bots.values())

    def bot(self, bot_id: str) -> Bot | None:
        return self._bots.get(bot_id)

    def position(self, bot_id: str) -> Position:
        """Totals from our own fills."""
        return self._ledger.position(bot_id)

    def put(self, *bots: Bot) -> None:
        """These rows have just been committed; one that a later commit has overtaken is left."""
        for bot in bots:
            known = self._bots.get(bot.id)
            if known is None or bot.revision >= known.revision:
                self._bots[bot.id] = bot
        self.touch(*(bot.id for bot in bots))

    def touch(self, *bot_ids: str) -> None:
        """Something shown of these bots has changed."""
        if bot_ids:
            self._broadcaster.publish("bots", *(f"bot:{bot_id}" for bot_id in bot_ids))

    async def on_poll(self, fleet: Fleet) -> None:
        """Coordinator's listener: which bots' evidence changed?"""
        before, self.fleet = self.fleet, fleet
        if (before.reach, before.since) != (fleet.reach, fleet.since):
            self._broadcaster.publish("server")
            self.touch(*self._bots)
            return
        self.touch(
            *(
                bot.id
                for bot in self._bots.values()
                if bot.instance_name and before.bots.get(bot.instance_name) != fleet.bots.get(bot.instance_name)
            )
        )

    def as_of(self) -> datetime | None:
        """Time of the newest good answer of the server."""
        return self.fleet.as_of

    def stale(self) -> bool:
        """Whether the figures of live bots are older than they should be."""
        as_of = self.fleet.as_of
        return self.fleet.reach is Reach.DOWN or as_of is None or self._clock() - as_of > STALE_AFTER

    def view(self, bot: Bot) -> BotView:
        """One bot as shown now."""
        report = self.fleet.bots.get(bot.instance_name) if bot.instance_name else None
        live = bot.status in _EVIDENCE_EXPECTED
        as_of = self.fleet.heard.get(bot.instance_name) if bot.instance_name and live else bot.status_since
        stale = live and (self.stale() or (as_of is not None and self._clock() - as_of > STALE_AFTER))
        return BotView(
            bot=bot,
            shown=shown(bot.status, server_up=self.fleet.reach is not Reach.DOWN),
            figures=self._figures(bot, report),
            notices=tuple(self._markets.notices(bot.connector)),
            as_of=as_of,
            stale=stale,
            strip=self._strips.cells(bot.id),
        )

    def views(self, bots: Iterable[Bot]) -> list[BotView]:
        return [self.view(bot) for bot in bots]

    def _figures(self, bot: Bot, report: BotReport | None) -> Figures:
        position = self._ledger.position(bot.id)
        kept = self._markets.last_book(bot.connector, bot.pair)
        mid_at, book = kept or (None, OrderBook((), ()))
        mid = book.mid
        orders = self.fleet.own_orders(report) if report is not None else None
        bids = [order.price for order in orders or () if order.side == "buy"]
        asks = [order.price for order in orders or () if order.side == "sell"]
        return Figures(
            position=position,
            mid=mid,
            mid_at=mid_at,
            unrealised=position.unrealised(mid),
            net=position.net(mid),
            own_bid=max(bids, default=None),
            own_ask=min(asks, default=None),
            own_orders=orders,
            reported=report.controllers.get(bot.controller_id or "") if report is not None else None,
            volume_24h=self._ledger.volume_24h(bot.id),
            pnl_today=self._pnl_today(bot.id, position, mid),
            best_bid=book.bids[0][0] if book.bids else None,
            best_ask=book.asks[0][0] if book.asks else None,
        )

    def _pnl_today(self, bot_id: str, now: Position, mid: Decimal | None) -> Decimal | None:
        """Net now - net at 00:00 UTC; without a position then, its unrealised part was a known zero."""
        start = self._ledger.position_at_midnight(bot_id)
        net_now, net_then = now.net(mid), start.net(self._strips.mid_at_midnight(bot_id))
        return None if net_now is None or net_then is None else net_now - net_then

    def counts(self, bots: Iterable[Bot]) -> dict[Shown, int]:
        """Bots by the word they are shown with."""
        up = self.fleet.reach is not Reach.DOWN
        result = dict.fromkeys(Shown, 0)
        for bot in bots:
            result[shown(bot.status, server_up=up)] += 1
        return result
