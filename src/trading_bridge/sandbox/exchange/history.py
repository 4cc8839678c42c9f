"""Orders and trades by owner: what "my orders" and "my trades" answer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from trading_bridge.sandbox.exchange.market import Side
from trading_bridge.sandbox.exchange.orders import Order, Trade

# Bounds, so that an exchange which runs for weeks keeps a steady size; real exchanges forget too.
TRADES_KEPT = 20_000
CLOSED_ORDERS_KEPT = 5_000


class History:
    """Open orders of everybody; closed orders and trades of owners for whom `remembered(owner)` is true."""

    def __init__(self, remembered: Callable[[str], bool]) -> None:
        self._remembered = remembered
        self._orders: dict[str, Order] = {}
        self._open: dict[str, dict[str, Order]] = {}
        self._closed: dict[str, deque[str]] = {}
        self._trades: dict[str, deque[Trade]] = {}

    def opened(self, order: Order) -> None:
        """Record an order that now rests on the book."""
        self._orders[order.id] = order
        self._open.setdefault(order.owner, {})[order.id] = order

    def closed(self, order: Order) -> None:
        """Record the end of an order, whether it ever rested or not."""
        self._open.get(order.owner, {}).pop(order.id, None)
        if not self._remembered(order.owner):
            self._orders.pop(order.id, None)
            return
        self._orders[order.id] = order
        ids = self._closed.setdefault(order.owner, deque())
        ids.append(order.id)
        if len(ids) > CLOSED_ORDERS_KEPT:
            del self._orders[ids.popleft()]

    def traded(self, trade: Trade) -> None:
        """Record one half of a match."""
        if self._remembered(trade.owner):
            self._trades.setdefault(trade.owner, deque(maxlen=TRADES_KEPT)).append(trade)

    def order(self, owner: str, order_id: str) -> Order | None:
        """An order of that owner, open or closed."""
        order = self._orders.get(order_id)
        return order if order is not None and order.owner == owner else None

    def open_orders(self, owner: str, pair: str | None) -> list[Order]:
        """Open orders of that owner, oldest first."""
        return [o for o in self._open.get(owner, {}).values() if pair is None or o.pair == pair]

    def closed_orders(self, owner: str, pair: str | None) -> list[Order]:
        """Filled and cancelled orders of that owner, first closed first."""
        orders = (self._orders[id_] for id_ in self._closed.get(owner, ()))
        return [o for o in orders if pair is None or o.pair == pair]

    def trades(self, owner: str, pair: str | None, since: datetime | None) -> list[Trade]:
        """Trades of that owner at or after `since`, oldest first."""
        found: list[Trade] = []
        for trade in reversed(self._trades.get(owner, ())):
            if since is not None and trade.at < since:
                break
            if pair is None or trade.pair == pair:
                found.append(trade)
        found.reverse()
        return found

    def all_open(self) -> list[Order]:
        """Open orders of everybody, in the order of their arrival."""
        orders = (order for mine in self._open.values() for order in mine.values())
        return sorted(orders, key=lambda order: int(order.id))

    def snapshot(self) -> dict[str, Any]:
        """JSON-able copy."""
        return {
            "open": [_order_row(order) for order in self.all_open()],
            "closed": {owner: [_order_row(self._orders[id_]) for id_ in ids] for owner, ids in self._closed.items()},
            "trades": {owner: [_trade_row(t) for t in trades] for owner, trades in self._trades.items()},
        }

    def restore(self, data: dict[str, Any]) -> None:
        """Replace everything by what `snapshot` gave."""
        self._orders, self._open, self._closed, self._trades = {}, {}, {}, {}
        for row in data["open"]:
            self.opened(_order(row))
        for owner, rows in data["closed"].items():
            self._closed[owner] = deque(row["id"] for row in rows)
            self._orders.update((row["id"], _order(row)) for row in rows)
        for owner, rows in data["trades"].items():
            self._trades[owner] = deque((_trade(row) for row in rows), maxlen=TRADES_KEPT)


def _order_row(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "client_id": order.client_id,
        "owner": order.owner,
        "pair": order.pair,
        "side": order.side.value,
        "type": order.type,
        "price": None if order.price is None else str(order.price),
        "amount": str(order.amount),
        "filled": str(order.filled),
        "filled_quote": str(order.filled_quote),
        "fee": str(order.fee),
        "status": order.status,
        "created_at": order.created_at.isoformat(),
        "updated_at": order.updated_at.isoformat(),
    }


def _order(row: dict[str, Any]) -> Order:
    return Order(
        **{
            **row,
            "side": Side(row["side"]),
            "price": None if row["price"] is None else Decimal(row["price"]),
            **{name: Decimal(row[name]) for name in ("amount", "filled", "filled_quote", "fee")},
            **{name: datetime.fromisoformat(row[name]) for name in ("created_at", "updated_at")},
        }
    )


def _trade_row(trade: Trade) -> dict[str, Any]:
    return {
        "id": trade.id,
        "order_id": trade.order_id,
        "client_order_id": trade.client_order_id,
        "owner": trade.owner,
        "pair": trade.pair,
        "side": trade.side.value,
        "price": str(trade.price),
        "amount": str(trade.amount),
        "fee": str(trade.fee),
        "fee_token": trade.fee_token,
        "maker": trade.maker,
        "at": trade.at.isoformat(),
    }


def _trade(row: dict[str, Any]) -> Trade:
    return Trade(
        **{
            **row,
            "side": Side(row["side"]),
            **{name: Decimal(row[name]) for name in ("price", "amount", "fee")},
            "at": datetime.fromisoformat(row["at"]),
        }
    )
