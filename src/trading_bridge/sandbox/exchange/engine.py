"""The simulated exchange: accounts, order books, matching, and the background flow that moves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from trading_bridge.sandbox.exchange.accounts import Accounts
from trading_bridge.sandbox.exchange.admission import (
    check_numbers,
    crosses,
    lots_for,
    reachable,
)
from trading_bridge.sandbox.exchange.book import OrderBook
from trading_bridge.sandbox.exchange.flow import MAKER, TAKER, Flow
from trading_bridge.sandbox.exchange.history import History
from trading_bridge.sandbox.exchange.keys import KeyRing
from trading_bridge.sandbox.exchange.market import DEFAULT_MARKETS, Market, Side
from trading_bridge.sandbox.exchange.matching import HOUSE, Matcher
from trading_bridge.sandbox.exchange.orders import Balance, Book, Order, OrderType, Rejected, Trade
from trading_bridge.sandbox.exchange.tape import Tape

SNAPSHOT_VERSION = 1
_FIRST_ORDER_ID = 700_000_000_000


class Exchange:
    """Spot exchange in memory: synchronous, single-threaded, exact decimals.

    Matching is by price, then time; partial fills happen. An order that would trade against its own owner
    loses its remainder (cancel newest). Fees are paid in the quote token by both sides; a buy locks
    price x amount plus the higher of the two fees, a sale locks its base amount.
    """

    def __init__(
        self,
        *,
        seed: int,
        now: Callable[[], datetime],
        markets: Sequence[Market] = DEFAULT_MARKETS,
        background: bool = True,
    ) -> None:
        """`now` gives aware UTC times. `background=False`: empty books and no flow, for tests of matching."""
        self.markets: Mapping[str, Market] = MappingProxyType({market.pair: market for market in markets})
        self.keys = KeyRing()
        self.refuse: dict[str, str] = {}
        self._now = now
        self._books = {pair: OrderBook() for pair in self.markets}
        self._tapes = {market.pair: Tape(market.start_price) for market in markets}
        self._accounts = Accounts()
        self._history = History(remembered=lambda owner: not owner.startswith("~"))
        self._listeners: dict[str, list[Callable[[Trade], None]]] = {}
        self._matcher = Matcher(self._accounts, self._history, now)
        self._delivering = False
        self._next_order = _FIRST_ORDER_ID
        self._accounts.open(HOUSE, {})
        self._flow = Flow(self, seed) if background else None
        if self._flow:
            endowment = {token: Decimal(10**12) for m in markets for token in (m.base, m.quote)}
            self._accounts.open(MAKER, endowment)
            self._accounts.open(TAKER, endowment)
            self._flow.open()

    # -- accounts ---------------------------------------------------------------------------------------

    def open_account(self, owner: str, balances: Mapping[str, Decimal]) -> None:
        """Create an account; ValueError when it exists, a balance is negative or the name is reserved."""
        if owner.startswith("~") or owner == "*":
            raise ValueError(f"account name {owner!r} is reserved")
        self._accounts.open(owner, balances)

    def has_account(self, owner: str) -> bool:
        """Whether `open_account` was called for that owner (now or before a snapshot)."""
        return owner in self._accounts

    def balances(self, owner: str) -> dict[str, Balance]:
        """Balances by token; Rejected(ACCOUNT_NOT_FOUND)."""
        return self._accounts.balances(owner)

    # -- orders -----------------------------------------------------------------------------------------

    def place(
        self,
        owner: str,
        pair: str,
        side: Side,
        amount: Decimal,
        price: Decimal | None,
        *,
        type: OrderType = "limit",
        client_id: str = "",
    ) -> Order:
        """Place an order and match it; `amount` is base, also for a market buy. Raises Rejected."""
        market = self.market(pair)
        reason = self.refuse.get(owner) or (None if owner.startswith("~") else self.refuse.get("*"))
        if reason is not None:
            raise Rejected("REFUSED", reason)
        if owner not in self._accounts:
            raise Rejected("ACCOUNT_NOT_FOUND", f"no account {owner!r}")
        check_numbers(market, type, amount, price)
        book = self._books[pair]
        best = book.best(side.opposite)
        if type == "limit_maker" and best is not None and best.price and crosses(side, price, best.price):
            raise Rejected("POST_ONLY", f"price {price} would trade at once against {best.price}")
        self._matcher.check_funds(market, book, owner, side, amount, price)
        moment = self._now()
        order = Order(
            id=str(self._next_order),
            client_id=client_id,
            owner=owner,
            pair=pair,
            side=side,
            type=type,
            price=price,
            amount=amount,
            filled=Decimal(0),
            filled_quote=Decimal(0),
            status="open",
            created_at=moment,
            updated_at=moment,
        )
        self._next_order += 1
        self._matcher.match(market, book, self._tapes[pair], order)
        self._deliver()
        return order

    def cancel(self, owner: str, order_id: str) -> Order:
        """Cancel an open order; Rejected(ORDER_NOT_FOUND) when it isn't open or isn't the owner's."""
        order = self._history.order(owner, order_id)
        if order is None or order.status != "open":
            raise Rejected("ORDER_NOT_FOUND", f"no open order {order_id}")
        self._books[order.pair].remove(order)
        self._matcher.drop_remainder(self.markets[order.pair], order)
        return order

    def order(self, owner: str, order_id: str) -> Order | None:
        """An order of that owner, open or (the newest few thousand) closed."""
        return self._history.order(owner, order_id)

    def open_orders(self, owner: str, pair: str | None = None) -> list[Order]:
        """Open orders, oldest first."""
        return self._history.open_orders(owner, pair)

    def closed_orders(self, owner: str, pair: str | None = None) -> list[Order]:
        """Filled and cancelled orders, first closed first; the newest few thousand are kept."""
        return self._history.closed_orders(owner, pair)

    def trades(self, owner: str, pair: str | None = None, since: datetime | None = None) -> list[Trade]:
        """Own trades at or after `since`, oldest first; the newest twenty thousand are kept."""
        return self._history.trades(owner, pair, since)

    # -- market data ------------------------------------------------------------------------------------

    def market(self, pair: str) -> Market:
        """The market of that name; Rejected(INVALID_PAIR)."""
        market = self.markets.get(pair)
        if market is None:
            raise Rejected("INVALID_PAIR", f"no market {pair!r}")
        return market

    def book(self, pair: str, depth: int = 50) -> Book:
        """Aggregated levels of both sides, best first; Rejected(INVALID_PAIR)."""
        self.market(pair)
        return self._books[pair].aggregated(depth)

    def mid(self, pair: str) -> Decimal | None:
        """Mid price; None when a side is empty. Rejected(INVALID_PAIR)."""
        self.market(pair)
        return self._books[pair].mid()

    def tape(self, pair: str) -> Tape:
        """Public trades, candles and figures of the day; Rejected(INVALID_PAIR)."""
        self.market(pair)
        return self._tapes[pair]

    def reachable(
        self, owner: str, pair: str, side: Side, amount: Decimal, price: Decimal | None
    ) -> tuple[Decimal, Decimal]:
        """Base and quote that such an order would trade at once, without placing it."""
        self.market(pair)
        return reachable(self._books[pair], owner, side, amount, price)

    def lots_for(self, pair: str, quote: Decimal) -> Decimal:
        """Base in whole lots that `quote` would buy now; Rejected(INVALID_PAIR, MIN_AMOUNT: not one lot)."""
        market = self.market(pair)
        base = lots_for(self._books[pair], market, quote)
        if not base:
            raise Rejected("MIN_AMOUNT", f"{quote} {market.quote} buys less than one lot of {market.base}")
        return base

    # -- life -------------------------------------------------------------------------------------------

    def on_trade(self, owner: str, callback: Callable[[Trade], None]) -> None:
        """Call back with each trade of that owner, after the whole match is done; it may place and cancel."""
        self._listeners.setdefault(owner, []).append(callback)

    def off_trade(self, owner: str, callback: Callable[[Trade], None]) -> None:
        """End what `on_trade` began; ValueError when it hadn't."""
        self._listeners.get(owner, []).remove(callback)

    def advance(self, seconds: float) -> None:
        """Let the background flow act for so many simulated seconds (the clock itself is `now`)."""
        if self._flow:
            self._flow.advance(seconds)

    def snapshot(self) -> dict[str, Any]:
        """JSON-able, exact copy of everything but the callbacks; API secrets are in it."""
        return {
            "version": SNAPSHOT_VERSION,
            "next_order": self._next_order,
            "next_trade": self._matcher.next_trade,
            "accounts": self._accounts.snapshot(),
            "history": self._history.snapshot(),
            "tapes": {pair: tape.snapshot() for pair, tape in self._tapes.items()},
            "keys": self.keys.snapshot(),
            "refuse": dict(self.refuse),
            "flow": self._flow.snapshot() if self._flow else None,
        }

    def restore(self, data: dict[str, Any]) -> None:
        """Become what `snapshot` saw; ValueError when it is of another version or other markets."""
        if data.get("version") != SNAPSHOT_VERSION or set(data["tapes"]) != set(self.markets):
            raise ValueError("this snapshot is of another version or of other markets")
        self._next_order, self._matcher.next_trade = data["next_order"], data["next_trade"]
        self._accounts.restore(data["accounts"])
        self._history.restore(data["history"])
        self._books = {pair: OrderBook() for pair in self.markets}
        for order in self._history.all_open():
            self._books[order.pair].add(order)
        for pair, tape in data["tapes"].items():
            self._tapes[pair].restore(tape)
        self.keys.restore(data["keys"])
        self.refuse.clear()
        self.refuse.update(data["refuse"])
        if self._flow and data["flow"] is not None:
            self._flow.restore(data["flow"])

    def _deliver(self) -> None:
        # Only after the match, so that a callback sees the exchange at rest. It may place orders, whose
        # trades join the queue: everybody hears of trades in their order.
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._matcher.events:
                trade = self._matcher.events.popleft()
                for callback in tuple(self._listeners.get(trade.owner, ())):
                    callback(trade)
        finally:
            self._delivering = False
