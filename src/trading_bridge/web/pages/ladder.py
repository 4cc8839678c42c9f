"""A ladder: own orders and the best of the book around the mid price, highest price first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from trading_bridge.web import presentation


@dataclass(frozen=True, slots=True)
class Rung:
    """One price. `bps` = distance from mid; `share` = 0..58, width of the amount bar in pixels."""

    side: str
    price: Decimal
    amount: Decimal
    bps: Decimal | None
    share: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """`places` = decimals of the prices, as the market's tick shows in them."""

    asks: Sequence[Rung]
    bids: Sequence[Rung]
    mid: Decimal | None
    places: int | None


def ladder(quotes: Iterable[tuple[str, Decimal, Decimal]], mid: Decimal | None, places: int | None = None) -> Ladder:
    """From (side, price, amount): asks and bids with their distance from mid and their share of the largest."""
    known = sorted(quotes, key=lambda quote: quote[1], reverse=True)
    most = max((amount for _, _, amount in known), default=Decimal(0))
    rungs = [
        Rung(
            side,
            price,
            amount,
            None if mid is None or mid <= 0 else (price - mid) / mid * 10_000,
            int(amount / most * 58) if most > 0 else 0,
        )
        for side, price, amount in known
    ]
    return Ladder(
        asks=[rung for rung in rungs if rung.side == "sell"],
        bids=[rung for rung in rungs if rung.side == "buy"],
        mid=mid,
        places=presentation.decimals(price for _, price, _ in known) if places is None else places,
    )
