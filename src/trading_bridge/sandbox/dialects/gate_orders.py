"""Orders in Gate's dialect: create, list, cancel."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from trading_bridge.sandbox.dialects.gate_door import (
    GateError,
    find_market,
    invalid,
    missing,
    required_market,
)
from trading_bridge.sandbox.dialects.gate_wire import order_row, pair_id
from trading_bridge.sandbox.dialects.wire import Call, bounded, by_client_id, to_decimal
from trading_bridge.sandbox.exchange import Exchange, Market, Order, OrderType, Rejected, Side

# Gate's rule for a caller's own order id.
_TEXT = re.compile(r"t-[0-9A-Za-z_.-]{1,28}")
_TIMES_IN_FORCE = ("gtc", "ioc", "poc", "fok")
_ENDED = {
    "filled": ("ORDER_CLOSED", "Order already closed"),
    "cancelled": ("ORDER_CANCELLED", "Order already cancelled"),
    "partially_cancelled": ("ORDER_CANCELLED", "Order already cancelled"),
}


class GateOrders:
    """Handlers of /spot/orders and /spot/open_orders."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def open(self, call: Call) -> Any:
        """Open orders of all pairs, grouped by pair."""
        limit, page = bounded(call.query.get("limit"), 100, 100), bounded(call.query.get("page"), 1, 10**6)
        if limit is None or page is None:
            raise invalid("invalid argument: limit" if limit is None else "invalid argument: page")
        groups: dict[str, list[Order]] = {}
        for order in reversed(self._exchange.open_orders(call.owner)):
            groups.setdefault(order.pair, []).append(order)
        return [
            {
                "currency_pair": pair_id(pair),
                "total": len(orders),
                "orders": [self._row(order) for order in orders[(page - 1) * limit : page * limit]],
            }
            for pair, orders in groups.items()
        ]

    def listed(self, call: Call) -> Any:
        """Open or finished orders, newest first; the pair is needed for open ones."""
        status = call.query.get("status")
        if status not in {"open", "finished"}:
            raise missing("status") if not status else invalid("invalid argument: status")
        limit, page = bounded(call.query.get("limit"), 100, 1000), bounded(call.query.get("page"), 1, 10**6)
        if limit is None or page is None:
            raise invalid("invalid argument: limit" if limit is None else "invalid argument: page")
        name = call.query.get("currency_pair")
        if status == "open" and not name:
            raise missing("currency_pair")
        pair = find_market(self._exchange, name).pair if name else None
        source = self._exchange.open_orders if status == "open" else self._exchange.closed_orders
        side = call.query.get("side")
        orders = [o for o in reversed(source(call.owner, pair)) if not side or o.side.value.lower() == side]
        return [self._row(order) for order in orders[(page - 1) * limit : page * limit]]

    def create(self, call: Call) -> Any:
        """Place an order; GateError or Rejected when it can't be."""
        body = call.body
        for parameter in ("currency_pair", "side", "amount"):
            if not body.get(parameter):
                raise missing(parameter)
        market = find_market(self._exchange, str(body["currency_pair"]))
        side = _side(str(body["side"]))
        text = str(body.get("text") or "")
        if text and not _TEXT.fullmatch(text):
            raise invalid(f"Invalid parameter `text` with value: {text}")
        if body.get("account") not in {None, "", "spot"}:
            raise invalid(f"Invalid parameter `account` with value: {body['account']}")
        amount = to_decimal(body["amount"])
        if amount is None:
            raise invalid(f"Invalid parameter `amount` with value: {body['amount']}")
        if body.get("type", "limit") == "market":
            return self._row(self._at_market(call.owner, market, side, amount, text))
        return self._row(self._at_limit(call, market, side, amount, text))

    def one(self, call: Call) -> Any:
        """One order, by its id or the caller's own (`t-...`)."""
        return self._row(self._find(call))

    def cancel(self, call: Call) -> Any:
        """Cancel one order."""
        order = self._find(call)
        if order.status != "open":
            raise GateError(400, *_ENDED[order.status])
        return self._row(self._exchange.cancel(call.owner, order.id))

    def cancel_all(self, call: Call) -> Any:
        """Cancel all open orders, of one pair or (no pair given) of all."""
        name, side = call.query.get("currency_pair"), call.query.get("side")
        pair = find_market(self._exchange, name).pair if name else None
        wanted = _side(side) if side else None
        orders = [o for o in self._exchange.open_orders(call.owner, pair) if wanted in {None, o.side}]
        return [self._row(self._exchange.cancel(call.owner, order.id)) for order in orders]

    def _at_limit(self, call: Call, market: Market, side: Side, amount: Decimal, text: str) -> Order:
        if call.body.get("type", "limit") != "limit":
            raise invalid(f"Invalid parameter `type` with value: {call.body['type']}")
        price = to_decimal(call.body.get("price"))
        if price is None:
            raise missing("price") if not call.body.get("price") else invalid("invalid argument: price")
        in_force = str(call.body.get("time_in_force") or "gtc")
        if in_force not in _TIMES_IN_FORCE:
            raise invalid(f"Invalid parameter `time_in_force` with value: {in_force}")
        if in_force == "fok":
            at_once, _ = self._exchange.reachable(call.owner, market.pair, side, amount, price)
            if at_once < amount:
                raise GateError(400, "FOK_NOT_FILL", "FOK order cannot be filled completely")
        order_type: OrderType = "limit_maker" if in_force == "poc" else "limit"
        order = self._exchange.place(call.owner, market.pair, side, amount, price, type=order_type, client_id=text)
        if in_force == "ioc" and order.status == "open":
            self._exchange.cancel(call.owner, order.id)
        return order

    def _at_market(self, owner: str, market: Market, side: Side, amount: Decimal, text: str) -> Order:
        base = amount
        if side is Side.BUY:
            # A market buy says how much quote to spend (observed.md 6b): whole lots that this buys.
            base = self._exchange.lots_for(market.pair, amount)
        return self._exchange.place(owner, market.pair, side, base, None, type="market", client_id=text)

    def _find(self, call: Call) -> Order:
        market, order_id = required_market(self._exchange, call), str(call.path["order_id"])
        if order_id.startswith("t-"):
            mine = self._exchange.closed_orders(call.owner, market.pair)
            return by_client_id(mine + self._exchange.open_orders(call.owner, market.pair), order_id)
        order = self._exchange.order(call.owner, order_id)
        if order is None or order.pair != market.pair:
            raise Rejected("ORDER_NOT_FOUND", f"no order {order_id}")
        return order

    def _row(self, order: Order) -> dict[str, Any]:
        return order_row(self._exchange.markets[order.pair], order)


def _side(text: str) -> Side:
    try:
        return Side(text.upper())
    except ValueError:
        raise invalid(f"Invalid parameter `side` with value: {text}") from None
