"""Held inventory of a controller and the performance report made of it.

Report shape and arithmetic: measured (observed.md section 3); P&L is before fees for a controller that holds
its inventory (hummingbot-api.md, "Performance and fills").
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from trading_bridge.sandbox.exchange import Side

ZERO = Decimal(0)


@dataclass
class Position:
    """Net inventory with its average entry price; amounts in base, money in quote, before fees."""

    connector: str
    pair: str
    net: Decimal = ZERO
    entry: Decimal = ZERO
    realized: Decimal = ZERO
    volume: Decimal = ZERO
    fees: Decimal = ZERO

    def add(self, side: Side, base: Decimal, quote: Decimal, fee: Decimal) -> None:
        """Take in one order's fills: base amount, its sum in quote, the fee in quote."""
        if not base:
            return
        self.volume += quote
        self.fees += fee
        sign = 1 if side is Side.BUY else -1
        price = quote / base
        if self.net * sign >= 0:
            held = abs(self.net)
            self.entry = (self.entry * held + quote) / (held + base)
            self.net += sign * base
            return
        closed = min(base, abs(self.net))
        self.realized += (price - self.entry) * closed * -sign
        self.net += sign * base
        if not self.net:
            self.entry = ZERO
        elif self.net * sign > 0:  # turned over: the rest opens at this price
            self.entry = price

    def unrealized(self, mid: Decimal) -> Decimal:
        """Value change of the inventory against its entry at a price."""
        return (mid - self.entry) * self.net

    def summary(self, mid: Decimal) -> dict[str, Any]:
        """One entry of `positions_summary`."""
        return {
            "connector_name": self.connector,
            "trading_pair": self.pair,
            "volume_traded_quote": float(self.volume),
            "side": "TradeType.BUY" if self.net >= 0 else "TradeType.SELL",
            "amount": float(abs(self.net)),
            "breakeven_price": float(self.entry),
            "unrealized_pnl_quote": float(self.unrealized(mid)),
            "realized_pnl_quote": float(self.realized),
            "cum_fees_quote": float(self.fees),
        }


@dataclass
class Ledger:
    """What one controller has behind it: its position and how its executors ended. Outlives a restart."""

    position: Position | None = None
    endings: Counter[str] = field(default_factory=Counter)
    changed: bool = True

    def end(self, ending: str) -> None:
        """Count an executor's end."""
        self.endings[ending] += 1
        self.changed = True

    def hold(self, connector: str, pair: str) -> Position:
        """The position, opened when there is none yet."""
        if self.position is None:
            self.position = Position(connector, pair)
        return self.position

    def report(self, mid: Decimal | None, open_volume: Decimal) -> dict[str, Any]:
        """The performance report; `open_volume` is the quote filled by executors that still run.

        Without a mid price Hummingbot values the inventory at 0.
        """
        price = mid if mid is not None else ZERO
        position = self.position
        realized = position.realized if position else ZERO
        unrealized = position.unrealized(price) if position else ZERO
        volume = open_volume + (position.volume if position else ZERO)

        def percent(amount: Decimal) -> float:
            return float(amount / volume * 100) if volume else 0.0

        return {
            "realized_pnl_quote": float(realized),
            "unrealized_pnl_quote": float(unrealized),
            "unrealized_pnl_pct": percent(unrealized),
            "realized_pnl_pct": percent(realized),
            "global_pnl_quote": float(realized + unrealized),
            "global_pnl_pct": percent(realized + unrealized),
            "volume_traded": float(volume),
            "positions_summary": [position.summary(price)] if position else [],
            "close_type_counts": {f"CloseType.{name}": count for name, count in self.endings.items()},
        }

    def snapshot(self) -> dict[str, Any]:
        """JSON-able copy."""
        p = self.position
        numbers = None if p is None else [str(n) for n in (p.net, p.entry, p.realized, p.volume, p.fees)]
        return {
            "market": None if p is None else [p.connector, p.pair],
            "numbers": numbers,
            "endings": dict(self.endings),
        }

    @classmethod
    def restored(cls, data: dict[str, Any]) -> Ledger:
        """The ledger that `snapshot` saw."""
        position = None
        if data["market"] is not None:
            position = Position(*data["market"], *(Decimal(n) for n in data["numbers"]))
        return cls(position, Counter(data["endings"]))
