"""What can be traded: markets with their price and size steps."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Side(StrEnum):
    """Direction of an order or a trade, seen from its owner."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> Side:
        """The side that this one trades against."""
        return Side.SELL if self is Side.BUY else Side.BUY


@dataclass(frozen=True)
class Market:
    """One spot market.

    `tick` is the price step (quote per base), `lot` the amount step (base). `min_base` and `min_quote` are
    the smallest order by amount and by price x amount. Fees are fractions of the quote amount.
    """

    pair: str
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    min_base: Decimal
    min_quote: Decimal
    start_price: Decimal
    maker_fee: Decimal
    taker_fee: Decimal

    @property
    def price_decimals(self) -> int:
        """Decimal places of a price: 6 for a tick of 0.000001."""
        return decimal_places(self.tick)

    @property
    def amount_decimals(self) -> int:
        """Decimal places of an amount: 0 for a lot of 1."""
        return decimal_places(self.lot)


def decimal_places(step: Decimal) -> int:
    """Decimal places that a step of `0.001` or `1` implies, never negative."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _market(pair: str, start: str, tick: str, lot: str, min_base: str) -> Market:
    base, quote = pair.split("-")
    return Market(
        pair=pair,
        base=base,
        quote=quote,
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_base=Decimal(min_base),
        min_quote=Decimal(3),
        start_price=Decimal(start),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
    )


DEFAULT_MARKETS: tuple[Market, ...] = (
    _market("SHARP-USDT", "0.05000", "0.000001", "1", "1"),
    _market("BTC-USDT", "91500", "0.1", "0.00001", "0.00001"),
    _market("ETH-USDT", "3050", "0.01", "0.0001", "0.0001"),
    _market("SOL-USDT", "138", "0.01", "0.001", "0.001"),
)
