"""Checks that an order passes before it touches the book."""

from __future__ import annotations

from decimal import Decimal

from trading_bridge.sandbox.exchange.book import OrderBook
from trading_bridge.sandbox.exchange.market import Market, Side
from trading_bridge.sandbox.exchange.orders import OrderType, Rejected

# Beyond any market here; keeps every product of price, amount and fee within Decimal's 28 digits.
LARGEST = Decimal("1e12")

LEVELS_SEARCHED = 1000


def check_numbers(market: Market, order_type: OrderType, amount: Decimal, price: Decimal | None) -> None:
    """Reject what the market's steps and minima don't allow; nothing is ever rounded."""
    if not amount.is_finite() or not 0 < amount <= LARGEST:
        raise Rejected("INVALID_AMOUNT", f"amount {amount} is not a positive number within limits")
    if amount % market.lot:
        raise Rejected("AMOUNT_LOT", f"amount {amount} is not a multiple of {market.lot} {market.base}")
    if amount < market.min_base:
        raise Rejected("MIN_AMOUNT", f"amount {amount} is under the minimum {market.min_base} {market.base}")
    if order_type == "market":
        if price is not None:
            raise Rejected("INVALID_PRICE", "a market order takes no price")
        return
    if price is None or not price.is_finite() or not 0 < price <= LARGEST:
        raise Rejected("INVALID_PRICE", f"price {price} is not a positive number within limits")
    if price % market.tick:
        raise Rejected("PRICE_TICK", f"price {price} is not a multiple of {market.tick} {market.quote}")
    check_notional(market, price * amount)


def check_notional(market: Market, quote: Decimal) -> None:
    """Reject an order worth less than the market's minimum."""
    if quote < market.min_quote:
        # Gate's wording, as ccxt's sources quote it: callers who read texts know this one.
        raise Rejected(
            "MIN_NOTIONAL",
            f"Your order size {quote} {market.quote} is too small. The minimum is {market.min_quote} {market.quote}",
        )


def crosses(side: Side, price: Decimal | None, resting_price: Decimal) -> bool:
    """Whether an order at `price` (None: any) trades against one that rests at `resting_price`."""
    if price is None:
        return True
    return price >= resting_price if side is Side.BUY else price <= resting_price


def lots_for(book: OrderBook, market: Market, quote: Decimal) -> Decimal:
    """Base in whole lots that `quote` buys at the prices asked now, fees not counted; 0 when none."""
    base, left = Decimal(0), quote
    for price, amount in book.levels(Side.SELL, LEVELS_SEARCHED):
        take = min(amount, left / price) // market.lot * market.lot
        base += take
        left -= take * price
        if take < amount:
            break
    return base


def reachable(
    book: OrderBook, owner: str, side: Side, amount: Decimal, price: Decimal | None = None
) -> tuple[Decimal, Decimal]:
    """Base and quote that an order would trade at once; it ends where the owner's own order is in line."""
    base = quote = Decimal(0)
    for order in book.resting(side.opposite):
        resting = order.price
        if resting is None or order.owner == owner or base == amount or not crosses(side, price, resting):
            break
        take = min(order.remaining, amount - base)
        base += take
        quote += take * resting
    return base, quote
