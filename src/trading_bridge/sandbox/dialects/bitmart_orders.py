"""Orders and own trades in BitMart's dialect."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from trading_bridge.sandbox.dialects import bitmart_wire as wire
from trading_bridge.sandbox.dialects.bitmart_door import BitmartError, missing
from trading_bridge.sandbox.dialects.wire import Call, bounded, by_client_id, moment_of, to_decimal
from trading_bridge.sandbox.exchange import Exchange, Market, Order, OrderType, Rejected, Side

_TYPES: dict[str, OrderType] = {
    "limit": "limit",
    "market": "market",
    "limit_maker": "limit_maker",
    "ioc": "limit",
}
_ENDED = {
    "filled": (400, 50031, "Order is already completed"),
    "cancelled": (400, 50030, "Order is already canceled"),
    "partially_cancelled": (400, 50030, "Order is already canceled"),
}
_LONGEST_CLIENT_ID = 32


class BitmartOrders:
    """Handlers of orders; each gives the `data` of the envelope."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def submit(self, call: Call) -> Any:
        """/spot/v2/submit_order: sizes in base, a market buy in quote (`notional`)."""
        body = call.body
        for parameter in ("symbol", "side", "type"):
            if not body.get(parameter):
                raise missing(parameter)
        market, kind = self._market(body), str(body["type"])
        if kind not in _TYPES:
            raise BitmartError(400, 52001, "Unsupported Trade Type")
        try:
            side = Side(str(body["side"]).upper())
        except ValueError:
            raise BitmartError(400, 52002, "Unsupported Side Type") from None
        client_id = _client_id(body)
        amount = self._amount(market, kind, side, body)
        price = None
        if kind != "market":
            price = to_decimal(body.get("price"))
            if price is None:
                raise BitmartError(400, 50011, "RequestParam price is required")
        try:
            order = self._exchange.place(
                call.owner, market.pair, side, amount, price, type=_TYPES[kind], client_id=client_id
            )
        except Rejected as rejected:
            if rejected.code == "POST_ONLY" and side is Side.SELL:
                raise BitmartError(400, 50035, "The price is low and there is no matching depth") from None
            raise
        if kind == "ioc" and order.status == "open":
            self._exchange.cancel(call.owner, order.id)
        return {"order_id": order.id}

    def cancel(self, call: Call) -> Any:
        """/spot/v3/cancel_order."""
        market = self._market(call.body)
        order_id, client_id = call.body.get("order_id"), call.body.get("client_order_id")
        if not order_id and not client_id:
            raise BitmartError(400, 50039, "Order_id and clientOrderId cannot be empty at the same time")
        try:
            order = self._find(call.owner, order_id, client_id)
        except Rejected:
            order = None
        if order is None or order.pair != market.pair:
            raise BitmartError(400, 50032, "Order does not exist")
        if order.status != "open":
            raise BitmartError(*_ENDED[order.status])
        self._exchange.cancel(call.owner, order.id)
        return {"result": True}

    def cancel_all(self, call: Call) -> Any:
        """/spot/v4/cancel_all: of one symbol, of one side, or everything."""
        pair = self._market(call.body).pair if call.body.get("symbol") else None
        side = call.body.get("side")
        for order in self._exchange.open_orders(call.owner, pair):
            if not side or order.side.value.lower() == side:
                self._exchange.cancel(call.owner, order.id)
        return {}

    def open(self, call: Call) -> Any:
        """/spot/v4/query/open-orders, newest first."""
        return self._listed(call, self._exchange.open_orders)

    def history(self, call: Call) -> Any:
        """/spot/v4/query/history-orders, newest first."""
        return self._listed(call, self._exchange.closed_orders)

    def one(self, call: Call) -> Any:
        """/spot/v4/query/order."""
        if not call.body.get("orderId"):
            raise missing("orderId")
        return self._row(self._find(call.owner, call.body["orderId"], None))

    def one_of_client(self, call: Call) -> Any:
        """/spot/v4/query/client-order."""
        if not call.body.get("clientOrderId"):
            raise missing("clientOrderId")
        return self._row(self._find(call.owner, None, call.body["clientOrderId"]))

    def trades(self, call: Call) -> Any:
        """/spot/v4/query/trades, newest first."""
        pair = self._market(call.body).pair if call.body.get("symbol") else None
        start, end = _window(call)
        trades = [t for t in self._exchange.trades(call.owner, pair, start) if end is None or t.at <= end]
        return self._trade_rows(call, trades[::-1][: _limit(call)])

    def order_trades(self, call: Call) -> Any:
        """/spot/v4/query/order-trades."""
        order_id = call.body.get("orderId")
        if not order_id:
            raise missing("orderId")
        return self._trade_rows(call, [t for t in self._exchange.trades(call.owner) if t.order_id == str(order_id)])

    def _trade_rows(self, call: Call, trades: list[Any]) -> list[dict[str, Any]]:
        return [
            wire.trade_row(self._exchange.markets[trade.pair], trade, self._exchange.order(call.owner, trade.order_id))
            for trade in trades
        ]

    def _listed(self, call: Call, source: Any) -> list[dict[str, Any]]:
        pair = self._market(call.body).pair if call.body.get("symbol") else None
        start, end = _window(call)
        orders = [
            order
            for order in reversed(source(call.owner, pair))
            if (start is None or order.created_at >= start) and (end is None or order.created_at <= end)
        ]
        return [self._row(order) for order in orders[: _limit(call)]]

    def _amount(self, market: Market, kind: str, side: Side, body: Any) -> Decimal:
        if kind == "market" and side is Side.BUY:
            notional = to_decimal(body.get("notional"))
            if notional is None:
                raise BitmartError(400, 50012, "RequestParam notional is required")
            return self._exchange.lots_for(market.pair, notional)
        size = to_decimal(body.get("size"))
        if size is None:
            raise BitmartError(400, 50010, "RequestParam size is required")
        return size

    def _market(self, body: Any) -> Market:
        name = str(body.get("symbol") or "")
        market = self._exchange.markets.get(name.replace("_", "-"))
        if market is None or "_" not in name:
            raise BitmartError(400, 50001, "Symbol not found")
        return market

    def _find(self, owner: str, order_id: Any, client_id: Any) -> Order:
        if order_id:
            order = self._exchange.order(owner, str(order_id))
            if order is None:
                raise Rejected("ORDER_NOT_FOUND", f"no order {order_id}")
            return order
        mine = self._exchange.closed_orders(owner) + self._exchange.open_orders(owner)
        return by_client_id(mine, str(client_id))

    def _row(self, order: Order) -> dict[str, Any]:
        return wire.order_row(self._exchange.markets[order.pair], order)


def _client_id(body: Any) -> str:
    client_id = str(body.get("client_order_id") or "")
    if len(client_id) > _LONGEST_CLIENT_ID:
        raise BitmartError(400, 50037, "The maximum length of clientOrderId cannot exceed 32")
    if client_id and not (client_id.isascii() and client_id.isalnum()):
        raise BitmartError(400, 50038, "ClientOrderId only allows a combination of numbers and letters")
    return client_id


def _limit(call: Call) -> int:
    limit = bounded(call.body.get("limit"), 200, 200)
    if limit is None:
        raise BitmartError(400, 50015, "Minimum limit is 1")
    return limit


def _window(call: Call) -> tuple[Any, Any]:
    times = []
    for name in ("startTime", "endTime"):
        value = to_decimal(call.body.get(name))
        times.append(None if value is None else moment_of(value / 1000))
    return times[0], times[1]
