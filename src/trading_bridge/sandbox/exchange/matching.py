"""Matching: what happens to an order that was let in, and to the money on both sides."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from trading_bridge.sandbox.exchange.accounts import Accounts
from trading_bridge.sandbox.exchange.admission import check_notional, crosses, reachable
from trading_bridge.sandbox.exchange.book import OrderBook
from trading_bridge.sandbox.exchange.history import History
from trading_bridge.sandbox.exchange.market import Market, Side
from trading_bridge.sandbox.exchange.orders import Order, Rejected, Trade
from trading_bridge.sandbox.exchange.tape import PublicTrade, Tape

HOUSE = "~house"
"""Owner of the fees. Names that begin with `~` belong to the exchange itself."""

FIRST_TRADE_ID = 40_000_000_000


class Matcher:
    """Moves orders and money by price-time priority; `events` are trades that nobody was told of yet."""

    def __init__(self, accounts: Accounts, history: History, now: Callable[[], datetime]) -> None:
        self._accounts = accounts
        self._history = history
        self._now = now
        self.next_trade = FIRST_TRADE_ID
        self.events: deque[Trade] = deque()

    def check_funds(
        self, market: Market, book: OrderBook, owner: str, side: Side, amount: Decimal, price: Decimal | None
    ) -> None:
        """Rejected(INSUFFICIENT_BALANCE, and for market orders NO_LIQUIDITY, MIN_NOTIONAL)."""
        quote = amount * price if price is not None else Decimal(0)
        if price is None:
            base, quote = reachable(book, owner, side, amount)
            if not base:
                raise Rejected("NO_LIQUIDITY", f"nobody to trade with on {market.pair}")
            check_notional(market, quote)
        if side is Side.SELL:
            token, needed = market.base, amount
        else:
            token, needed = market.quote, quote * (1 + _lock_rate(market))
        available = self._accounts.holding(owner, token).available
        if needed > available:
            raise Rejected("INSUFFICIENT_BALANCE", f"{needed} {token} needed, {available} available")

    def _lock(self, market: Market, order: Order, amount: Decimal) -> None:
        # A market order never rests: its funds were checked and go at once, there is nothing to lock.
        if order.price is None:
            return
        if order.side is Side.SELL:
            self._accounts.holding(order.owner, market.base).locked += amount
        else:
            locked = amount * order.price * (1 + _lock_rate(market))
            self._accounts.holding(order.owner, market.quote).locked += locked

    def match(self, market: Market, book: OrderBook, tape: Tape, taker: Order) -> None:
        """Lock the order's money, trade what crosses, rest or drop the rest."""
        self._lock(market, taker, taker.amount)
        while taker.remaining:
            maker = book.best(taker.side.opposite)
            if maker is None or maker.price is None or not crosses(taker.side, taker.price, maker.price):
                break
            if maker.owner == taker.owner:
                self.drop_remainder(market, taker)
                return
            self._settle(market, tape, maker, taker, maker.price, min(maker.remaining, taker.remaining))
            if not maker.remaining:
                book.remove(maker)
                self._history.closed(maker)
        if not taker.remaining:
            self._history.closed(taker)
        elif taker.price is None:
            self.drop_remainder(market, taker)
        else:
            book.add(taker)
            self._history.opened(taker)

    def drop_remainder(self, market: Market, order: Order) -> None:
        """End an order that is off the book: unlock what it didn't trade."""
        self._lock(market, order, -order.remaining)
        order.status = "partially_cancelled" if order.filled else "cancelled"
        order.updated_at = self._now()
        self._history.closed(order)

    def _settle(self, market: Market, tape: Tape, maker: Order, taker: Order, price: Decimal, amount: Decimal) -> None:
        moment, quote, id_ = self._now(), price * amount, str(self.next_trade)
        self.next_trade += 1
        for order, rate in ((maker, market.maker_fee), (taker, market.taker_fee)):
            fee = quote * rate
            self._lock(market, order, -amount)
            base_holding = self._accounts.holding(order.owner, market.base)
            quote_holding = self._accounts.holding(order.owner, market.quote)
            sign = 1 if order.side is Side.BUY else -1
            base_holding.total += sign * amount
            quote_holding.total -= sign * quote + fee
            self._accounts.holding(HOUSE, market.quote).total += fee
            order.filled += amount
            order.filled_quote += quote
            order.fee += fee
            order.updated_at = moment
            if not order.remaining:
                order.status = "filled"
            self.events.append(
                Trade(
                    id=id_,
                    order_id=order.id,
                    client_order_id=order.client_id,
                    owner=order.owner,
                    pair=order.pair,
                    side=order.side,
                    price=price,
                    amount=amount,
                    fee=fee,
                    fee_token=market.quote,
                    maker=order is maker,
                    at=moment,
                )
            )
            self._history.traded(self.events[-1])
        tape.add(PublicTrade(id_, taker.side, price, amount, moment))


def _lock_rate(market: Market) -> Decimal:
    return max(market.maker_fee, market.taker_fee)
