"""Trading pairs and the exchange's rules for orders on them."""

import re
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from trading_bridge.domain.errors import InvalidInput

_PAIR = re.compile(r"^([A-Za-z0-9]{1,20})[/\-_]([A-Za-z0-9]{1,20})$")


@dataclass(frozen=True, slots=True)
class Pair:
    """A trading pair; `str()` is our notation BASE/QUOTE, `.wire` is Hummingbot's BASE-QUOTE."""

    base: str
    quote: str

    @classmethod
    def parse(cls, text: str) -> "Pair":
        """Read `SHARP/USDT`, `SHARP-USDT` or `sharp_usdt`. Raises InvalidInput(field='pair')."""
        match = _PAIR.match(text.strip())
        if match is None:
            raise InvalidInput("A pair is two token symbols, like SHARP/USDT.", field="pair", hint="Write BASE/QUOTE.")
        return cls(match[1].upper(), match[2].upper())

    @property
    def wire(self) -> str:
        return f"{self.base}-{self.quote}"

    def __str__(self) -> str:
        return f"{self.base}/{self.quote}"


@dataclass(frozen=True, slots=True)
class TradingRules:
    """What the exchange asks of an order; None = the exchange names no such limit (0 on the wire).

    Source: GET /connectors/{connector}/trading-rules of Hummingbot API (one object per pair, floats).
    Units: sizes in base, values in quote.
    """

    min_order_size: Decimal | None
    max_order_size: Decimal | None
    min_price_increment: Decimal | None
    min_base_amount_increment: Decimal | None
    min_notional: Decimal | None

    def round_price(self, price: Decimal) -> Decimal:
        """Round down to the tick, as Hummingbot's connectors quantise prices."""
        return _floor(price, self.min_price_increment)

    def round_amount(self, amount: Decimal) -> Decimal:
        """Round down to the lot."""
        return _floor(amount, self.min_base_amount_increment)


def _floor(value: Decimal, step: Decimal | None) -> Decimal:
    if step is None or step <= 0:
        return value
    return (value / step).to_integral_value(rounding=ROUND_DOWN) * step


@dataclass(frozen=True, slots=True)
class OrderBook:
    """Price levels (price in quote, amount in base), best first."""

    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]

    @property
    def mid(self) -> Decimal | None:
        """(best bid + best ask) / 2; None when a side is empty: a one-sided book has no mid price."""
        if not self.bids or not self.asks:
            return None
        return (self.bids[0][0] + self.asks[0][0]) / 2

    @property
    def spread_bps(self) -> Decimal | None:
        """(ask - bid) / mid x 10^4."""
        mid = self.mid
        if mid is None or mid <= 0:
            return None
        return (self.asks[0][0] - self.bids[0][0]) / mid * 10_000
