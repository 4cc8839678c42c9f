"""Parts that tests of the sandbox's exchange share: a clock, small markets, and checks of its books."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from trading_bridge.sandbox.exchange import HOUSE, Exchange, Market, Order, Side

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PAIR = "SHARP-USDT"
FLOW_OWNERS = ("~maker", "~taker", HOUSE)


class Clock:
    """A clock that stands still until told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        """Go forward."""
        self.now += timedelta(seconds=seconds)


def run(exchange: Exchange, clock: Clock, seconds: int) -> None:
    """Let clock and flow go on together, a second at a time."""
    for _ in range(seconds):
        clock.pass_seconds(1)
        exchange.advance(1)


def on_tick(price: Decimal, market: Market) -> Decimal:
    """The price rounded down to the market's tick."""
    return price // market.tick * market.tick


def total(exchange: Exchange, owners: Iterable[str], token: str) -> Decimal:
    """All money of those owners in one token."""
    balances = (exchange.balances(owner).get(token) for owner in owners)
    return sum((balance.total for balance in balances if balance), Decimal(0))


def locked_by(exchange: Exchange, orders: Iterable[Order]) -> dict[str, Decimal]:
    """What those open orders must lock, by token: sales their base, buys their quote and the fee to come."""
    locks: dict[str, Decimal] = {}
    for order in orders:
        market = exchange.markets[order.pair]
        assert order.price is not None
        if order.side is Side.SELL:
            token, needed = market.base, order.remaining
        else:
            rate = max(market.maker_fee, market.taker_fee)
            token, needed = market.quote, order.remaining * order.price * (1 + rate)
        locks[token] = locks.get(token, Decimal(0)) + needed
    return locks


def assert_sound(exchange: Exchange, owners: Iterable[str]) -> None:
    """No negative balance, and each owner's locked money is exactly what its open orders need."""
    for owner in owners:
        locks = locked_by(exchange, exchange.open_orders(owner))
        for token, balance in exchange.balances(owner).items():
            assert balance.total >= 0
            assert balance.available >= 0
            assert balance.total - balance.available == locks.get(token, Decimal(0)), (owner, token)
