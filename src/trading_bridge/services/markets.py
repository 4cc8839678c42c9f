"""Markets of the exchanges, as the Hummingbot server shows them. Answers are kept for a while and shared, so that load
upstream does not grow with the number of viewers."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from trading_bridge.domain.errors import BridgeError, PairNotListed, UnknownConnector
from trading_bridge.domain.instruments import OrderBook, Pair, TradingRules
from trading_bridge.domain.venues import VenueNotice, notices_for
from trading_bridge.hummingbot.client import HummingbotReader
from trading_bridge.services.clock import Clock

T = TypeVar("T")

CONNECTORS_FOR = timedelta(minutes=10)
RULES_FOR = timedelta(minutes=5)
BOOK_FOR = timedelta(seconds=4)
BOOK_DEPTH = 20
_FIRST = ("gate_io", "kucoin", "mexc", "bitget", "okx", "bybit", "htx", "kraken", "binance")
_NOT_SPOT = ("_perpetual", "_testnet", "_sandbox", "_hft")


class MarketService:
    """Connectors, pairs, trading rules and order books, each with its own shelf life."""

    def __init__(self, reader: HummingbotReader, notices: Sequence[VenueNotice], clock: Clock) -> None:
        self._reader = reader
        self._notices = tuple(notices)
        self._clock = clock
        self._kept: dict[Hashable, tuple[datetime, Any]] = {}
        self._locks: dict[Hashable, asyncio.Lock] = {}

    async def _cached(
        self, key: Hashable, shelf_life: timedelta, fetch: Callable[[], Awaitable[T]]
    ) -> tuple[datetime, T]:
        """The kept answer while it is fresh, else one fetch that all who wait share."""
        async with self._locks.setdefault(key, asyncio.Lock()):
            kept = self._kept.get(key)
            if kept is not None and self._clock() - kept[0] < shelf_life:
                return kept
            asked = self._clock()
            self._kept[key] = asked, await fetch()
            return self._kept[key]

    async def connectors(self) -> list[str]:
        """Spot connectors, the common ones first. Raises UpstreamError."""
        _, names = await self._cached("connectors", CONNECTORS_FOR, self._reader.connectors)
        spot = [name for name in names if not any(part in name for part in _NOT_SPOT)]
        return [name for name in _FIRST if name in spot] + sorted(name for name in spot if name not in _FIRST)

    async def _all_rules(self, connector: str) -> dict[str, TradingRules]:
        if connector not in await self.connectors():
            raise UnknownConnector(
                f"“{connector[:60]}” is not a spot connector of this Hummingbot server.",
                field="connector",
                hint="For example gate_io.",
            )
        _, rules = await self._cached(("rules", connector), RULES_FOR, lambda: self._reader.trading_rules(connector))
        if rules is None:
            raise UnknownConnector(
                f"The server gives no trading rules for {connector}.",
                field="connector",
                hint="Choose another exchange.",
            )
        return rules

    async def pairs(self, connector: str) -> list[Pair]:
        """Pairs that the exchange lists, by name. Raises UnknownConnector, UpstreamError."""
        pairs = []
        for wire in sorted(await self._all_rules(connector)):
            try:
                pairs.append(Pair.parse(wire))
            except BridgeError:
                continue  # a few exchanges list symbols that no strategy of ours can name
        return pairs

    async def rules(self, connector: str, pair: Pair) -> TradingRules:
        """Rules of one pair. Raises UnknownConnector, PairNotListed, UpstreamError."""
        found = (await self._all_rules(connector)).get(pair.wire)
        if found is None:
            raise PairNotListed(
                f"{connector} does not list {pair}.",
                field="pair",
                hint="Check the spelling, or choose another exchange.",
            )
        return found

    async def book(self, connector: str, pair: Pair, depth: int = 10) -> tuple[OrderBook, datetime]:
        """Order book and its time. Raises UpstreamError."""
        at, book = await self._cached(
            ("book", connector, pair), BOOK_FOR, lambda: self._reader.order_book(connector, pair, BOOK_DEPTH)
        )
        return OrderBook(book.bids[:depth], book.asks[:depth]), at

    def last_book(self, connector: str, pair: Pair) -> tuple[datetime, OrderBook] | None:
        """The newest book that was read, however old; asks nothing."""
        kept: tuple[datetime, OrderBook] | None = self._kept.get(("book", connector, pair))
        return kept

    async def mid(self, connector: str, pair: Pair) -> Decimal | None:
        """Mid price now; None while the book is one-sided or can't be read."""
        try:
            book, _ = await self.book(connector, pair)
        except BridgeError:
            return None
        return book.mid

    def notices(self, connector: str) -> list[VenueNotice]:
        """Venue notices to be shown today."""
        return notices_for(self._notices, connector, self._clock().date())
