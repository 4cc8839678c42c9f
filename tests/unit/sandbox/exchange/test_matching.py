"""Matching against a naive model: whatever is sent, money is conserved and the best price comes first."""

from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from tests.support.exchange import PAIR, Clock, assert_sound, total
from trading_bridge.sandbox.exchange import HOUSE, Exchange, Market, Order, OrderType, Rejected, Side, Trade

OWNERS = ("ann", "ben", "cleo")
TOKENS = ("SHARP", "USDT")
# Maker and taker fees differ here, so that a mix-up would show.
MARKET = Market(
    pair=PAIR,
    base="SHARP",
    quote="USDT",
    tick=Decimal("0.01"),
    lot=Decimal("0.1"),
    min_base=Decimal("0.1"),
    min_quote=Decimal("0.5"),
    start_price=Decimal(1),
    maker_fee=Decimal("0.0008"),
    taker_fee=Decimal("0.0021"),
)
Fills = list[tuple[str, Decimal, Decimal]]
"""Resting orders that trade: id, price, amount."""
Placed = tuple[str, str] | MultipleResults[tuple[str, str]]

FUNDS = {"SHARP": Decimal(60), "USDT": Decimal(60)}

prices = st.integers(min_value=90, max_value=110).map(lambda n: n * MARKET.tick)
amounts = st.integers(min_value=1, max_value=150).map(lambda n: n * MARKET.lot)
sides = st.sampled_from(Side)
owners = st.sampled_from(OWNERS)


class MatchingMachine(RuleBasedStateMachine):
    """Random orders and cancels of three owners on an empty book."""

    orders: Bundle[tuple[str, str]] = Bundle("orders")

    @initialize()
    def start(self) -> None:
        self.clock = Clock()
        self.exchange = Exchange(seed=1, now=self.clock, markets=(MARKET,), background=False)
        self.heard: list[Trade] = []
        for owner in OWNERS:
            self.exchange.open_account(owner, FUNDS)
            self.exchange.on_trade(owner, self.heard.append)

    @rule(
        target=orders,
        owner=owners,
        side=sides,
        amount=amounts,
        price=prices,
        kind=st.sampled_from(["limit", "limit_maker"]),
    )
    def place(self, owner: str, side: Side, amount: Decimal, price: Decimal, kind: OrderType) -> Placed:
        return self._place(owner, side, amount, price, kind)

    @rule(target=orders, owner=owners, side=sides, amount=amounts)
    def place_at_market(self, owner: str, side: Side, amount: Decimal) -> Placed:
        return self._place(owner, side, amount, None, "market")

    @rule(order=consumes(orders))
    def cancel(self, order: tuple[str, str]) -> None:
        owner, order_id = order
        known = self.exchange.order(owner, order_id)
        assert known is not None
        if known.status == "open":
            ended = self.exchange.cancel(owner, order_id)
            assert ended.status == ("partially_cancelled" if ended.filled else "cancelled")
        else:
            with pytest.raises(Rejected, match="ORDER_NOT_FOUND"):
                self.exchange.cancel(owner, order_id)

    def _place(self, owner: str, side: Side, amount: Decimal, price: Decimal | None, kind: OrderType) -> Placed:
        self.clock.pass_seconds(1)
        expected, meets_itself = self._expected(owner, side, amount, price)
        refusal = self._refusal(owner, side, amount, price, kind, expected)
        self.heard.clear()
        if refusal:
            before = self.exchange.snapshot()
            with pytest.raises(Rejected) as rejected:
                self.exchange.place(owner, PAIR, side, amount, price, type=kind)
            assert rejected.value.code == refusal
            assert self.exchange.snapshot() == before
            return multiple()
        order = self.exchange.place(owner, PAIR, side, amount, price, type=kind)
        took = [trade for trade in self.heard if not trade.maker]
        gave = [trade for trade in self.heard if trade.maker]
        assert [(t.order_id, t.price, t.amount) for t in gave] == expected
        assert [(t.id, t.price, t.amount) for t in took] == [(t.id, t.price, t.amount) for t in gave]
        assert order.filled == sum((t.amount for t in took), Decimal(0))
        assert order.filled_quote == sum((t.amount * t.price for t in took), Decimal(0))
        assert order.fee == sum((t.fee for t in took), Decimal(0)) == order.filled_quote * MARKET.taker_fee
        assert all(t.fee == t.amount * t.price * MARKET.maker_fee for t in gave)
        if not order.remaining:
            assert order.status == "filled"
        elif meets_itself or kind == "market":
            assert order.status == ("partially_cancelled" if order.filled else "cancelled")
        else:
            assert order.status == "open"
        return owner, order.id

    def _refusal(
        self, owner: str, side: Side, amount: Decimal, price: Decimal | None, kind: OrderType, fills: Fills
    ) -> str | None:
        """The naive model of what is let in."""
        cost = price * amount if price is not None else sum((p * a for _, p, a in fills), Decimal(0))
        if price is None and not fills:
            return "NO_LIQUIDITY"
        if cost < MARKET.min_quote:
            return "MIN_NOTIONAL"
        if kind == "limit_maker" and self._crosses(side, price):
            return "POST_ONLY"
        token, needed = ("SHARP", amount) if side is Side.SELL else ("USDT", cost * (1 + MARKET.taker_fee))
        return "INSUFFICIENT_BALANCE" if needed > self.exchange.balances(owner)[token].available else None

    def _resting(self) -> list[Order]:
        return [order for owner in OWNERS for order in self.exchange.open_orders(owner, PAIR)]

    def _crosses(self, side: Side, price: Decimal | None) -> bool:
        assert price is not None
        against = [o.price for o in self._resting() if o.side is side.opposite and o.price is not None]
        return any(price >= other if side is Side.BUY else price <= other for other in against)

    def _expected(self, owner: str, side: Side, amount: Decimal, price: Decimal | None) -> tuple[Fills, bool]:
        """The naive model: all opposite orders, sorted by price, then arrival; stop at one's own."""
        sign = 1 if side is Side.BUY else -1
        line = [(sign * o.price, int(o.id), o) for o in self._resting() if o.side is not side and o.price]
        fills: Fills = []
        for key, _, order in sorted(line, key=lambda entry: entry[:2]):
            if not amount or (price is not None and key > sign * price):
                break
            if order.owner == owner:
                return fills, True
            take = min(order.remaining, amount)
            fills.append((order.id, sign * key, take))
            amount -= take
        return fills, False

    @invariant()
    def money_is_conserved(self) -> None:
        if hasattr(self, "exchange"):
            for token in TOKENS:
                assert total(self.exchange, (*OWNERS, HOUSE), token) == len(OWNERS) * FUNDS[token]

    @invariant()
    def locks_are_the_open_orders(self) -> None:
        if hasattr(self, "exchange"):
            assert_sound(self.exchange, OWNERS)

    @invariant()
    def book_is_the_open_orders(self) -> None:
        if hasattr(self, "exchange"):
            book = self.exchange.book(PAIR, 1000)
            for side, levels in ((Side.BUY, book.bids), (Side.SELL, book.asks)):
                open_orders = [o for o in self._resting() if o.side is side]
                at_price = {
                    price: sum((o.remaining for o in open_orders if o.price == price), Decimal(0))
                    for price in {o.price for o in open_orders if o.price is not None}
                }
                assert levels == sorted(at_price.items(), reverse=side is Side.BUY)
            assert not (book.bids and book.asks) or book.bids[0][0] < book.asks[0][0]


TestMatching = MatchingMachine.TestCase
TestMatching.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
