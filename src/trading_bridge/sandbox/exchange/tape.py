"""Public record of one market: last trades, minute candles, figures of the last 24 hours."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from trading_bridge.sandbox.exchange.market import Side

TRADES_KEPT = 1000
MINUTES_KEPT = 1440


@dataclass(frozen=True, slots=True)
class PublicTrade:
    """A match as everybody sees it; `side` is the taker's."""

    id: str
    side: Side
    price: Decimal
    amount: Decimal
    at: datetime


@dataclass(slots=True)
class Candle:
    """Prices and volumes from `opened_at` on, for the length of the candle."""

    opened_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    base: Decimal
    quote: Decimal

    def add(self, other: Candle) -> None:
        """Extend by a later candle."""
        self.high = max(self.high, other.high)
        self.low = min(self.low, other.low)
        self.close = other.close
        self.base += other.base
        self.quote += other.quote


@dataclass(frozen=True, slots=True)
class DayFigures:
    """Last price and the 24 hours before now; volumes in base and quote."""

    last: Decimal
    open: Decimal
    high: Decimal
    low: Decimal
    base: Decimal
    quote: Decimal


class Tape:
    """Bounded public history of a market."""

    def __init__(self, start_price: Decimal) -> None:
        self.last = start_price
        self._trades: deque[PublicTrade] = deque(maxlen=TRADES_KEPT)
        self._minutes: deque[Candle] = deque(maxlen=MINUTES_KEPT)

    def add(self, trade: PublicTrade) -> None:
        """Record a match."""
        self.last = trade.price
        self._trades.append(trade)
        minute = trade.at.replace(second=0, microsecond=0)
        price = trade.price
        candle = Candle(minute, price, price, price, price, trade.amount, trade.amount * price)
        if self._minutes and self._minutes[-1].opened_at == minute:
            self._minutes[-1].add(candle)
        else:
            self._minutes.append(candle)

    def trades(self, limit: int) -> list[PublicTrade]:
        """The newest `limit` matches, oldest first."""
        return list(self._trades)[-limit:] if limit > 0 else []

    def candles(self, seconds: int) -> list[Candle]:
        """Candles of that length (a multiple of 60), oldest first; spans without a trade are left out."""
        found: list[Candle] = []
        for minute in self._minutes:
            start = minute.opened_at.timestamp() // seconds * seconds
            opened = datetime.fromtimestamp(start, UTC)
            candle = replace(minute, opened_at=opened)
            if found and found[-1].opened_at == opened:
                found[-1].add(candle)
            else:
                found.append(candle)
        return found

    def day(self, now: datetime) -> DayFigures:
        """Figures of the 24 hours before `now`."""
        minutes = [c for c in self._minutes if c.opened_at > now - timedelta(days=1)]
        if not minutes:
            return DayFigures(self.last, self.last, self.last, self.last, Decimal(0), Decimal(0))
        return DayFigures(
            last=self.last,
            open=minutes[0].open,
            high=max(c.high for c in minutes),
            low=min(c.low for c in minutes),
            base=sum((c.base for c in minutes), Decimal(0)),
            quote=sum((c.quote for c in minutes), Decimal(0)),
        )

    def snapshot(self) -> dict[str, Any]:
        """JSON-able copy."""
        return {
            "last": str(self.last),
            "trades": [[t.id, t.side.value, str(t.price), str(t.amount), t.at.isoformat()] for t in self._trades],
            "minutes": [
                [c.opened_at.isoformat(), *map(str, (c.open, c.high, c.low, c.close, c.base, c.quote))]
                for c in self._minutes
            ],
        }

    def restore(self, data: dict[str, Any]) -> None:
        """Replace everything by what `snapshot` gave."""
        self.last = Decimal(data["last"])
        self._trades = deque(
            (
                PublicTrade(id_, Side(side), Decimal(price), Decimal(amount), datetime.fromisoformat(at))
                for id_, side, price, amount, at in data["trades"]
            ),
            maxlen=TRADES_KEPT,
        )
        self._minutes = deque((_candle(row) for row in data["minutes"]), maxlen=MINUTES_KEPT)


def _candle(row: Iterable[str]) -> Candle:
    opened, *numbers = row
    first, high, low, close, base, quote = (Decimal(n) for n in numbers)
    return Candle(datetime.fromisoformat(opened), first, high, low, close, base, quote)
