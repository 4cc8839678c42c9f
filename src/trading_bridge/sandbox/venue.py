"""A bot's connection to the exchange: one connector, one pair, one API key.

Log wordings: observed.md and Hummingbot's own client_order_tracker (read for its texts only).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from trading_bridge.sandbox.connectors import CONNECTORS, ConnectorSpec
from trading_bridge.sandbox.exchange import Balance, Exchange, Market, Rejected, Side, Trade
from trading_bridge.sandbox.vault import Vault

TRACKER = "hummingbot.connector.client_order_tracker"
ZERO = Decimal(0)

Log = Callable[[str, str, str], None]
"""(level, logger name, message)"""


class OrderRefused(Exception):
    """The exchange did not take an order; `insufficient` when for want of money. `str()` is its text."""

    def __init__(self, client_id: str, text: str, *, insufficient: bool = False) -> None:
        super().__init__(text)
        self.client_id = client_id
        self.insufficient = insufficient


@dataclass
class TrackedOrder:
    """An order of the bot as its connector follows it: amounts in base, `quote` and `fee` in quote."""

    client_id: str
    order_id: str
    side: Side
    price: Decimal
    amount: Decimal
    filled: Decimal = ZERO
    quote: Decimal = ZERO
    fee: Decimal = ZERO
    state: str = "open"  # open, filled, cancelled

    @property
    def is_filled(self) -> bool:
        """Whether all of it traded."""
        return self.filled == self.amount

    def snapshot(self) -> dict[str, Any]:
        """JSON-able copy."""
        return {name: str(getattr(self, name)) for name in self.__dataclass_fields__}

    @classmethod
    def restored(cls, data: Mapping[str, str]) -> TrackedOrder:
        """The order that `snapshot` saw."""
        numbers = {name: Decimal(data[name]) for name in ("price", "amount", "filled", "quote", "fee")}
        return cls(data["client_id"], data["order_id"], Side(data["side"]), **numbers, state=data["state"])


class Venue:
    """Places, cancels and follows the bot's orders, and logs as Hummingbot's connectors do."""

    def __init__(
        self,
        exchange: Exchange,
        vault: Vault,
        connector: str,
        pair: str,
        credentials: Mapping[str, str],
        instance: str,
        log: Log,
        on_fill: Callable[[Trade], None],
    ) -> None:
        self.connector = connector
        self.pair = pair
        self.orders: dict[str, TrackedOrder] = {}
        self._spec: ConnectorSpec = CONNECTORS[connector]
        self._exchange = exchange
        self._vault = vault
        self._credentials = dict(credentials)
        self._suffix = hashlib.md5(instance.encode(), usedforsecurity=False).hexdigest()[:15]
        self._log = log
        self._on_fill = on_fill
        self._last_nonce = 0

    @property
    def market(self) -> Market:
        """The market's rules; KeyError for a pair that the exchange doesn't have."""
        return self._exchange.markets[self.pair]

    @property
    def owner(self) -> str | None:
        """Account on the exchange behind the key; None while the exchange doesn't know the key."""
        key = self._exchange.keys.find(self._credentials[self._spec.key_field])
        return key.owner if key else None

    def key_error(self) -> str | None:
        """The exchange's refusal of this key's signed requests, or None."""
        refusal = self._vault.refusal(self._spec, self._credentials, signed=True)
        if refusal is None:
            return None
        status, body, path = refusal
        return f"Error executing request POST {path}. HTTP status is {status}. Error: {body}"

    def mid(self) -> Decimal | None:
        """Mid price, None without two sides."""
        return self._exchange.mid(self.pair)

    def balances(self) -> tuple[Decimal, Decimal]:
        """Total base and quote of the account; zeros while the key is refused."""
        owner = self.owner
        if owner is None or self.key_error():
            return ZERO, ZERO
        nothing = Balance(ZERO, ZERO)
        found = self._exchange.balances(owner)
        return found.get(self.market.base, nothing).total, found.get(self.market.quote, nothing).total

    def place(self, side: Side, amount: Decimal, price: Decimal) -> TrackedOrder:
        """Place a limit order; raises OrderRefused, then nothing rests on the book."""
        client_id = self._new_id(side)
        error = self.key_error()
        key = self._exchange.keys.find(self._credentials[self._spec.key_field])
        if error is not None or key is None:
            raise OrderRefused(client_id, error or "Invalid key provided")
        if not key.can_trade:
            raise OrderRefused(client_id, "HTTP status is 403. Error: the API key is read only")
        # Followed before it is sent: its first fill may come before the answer.
        order = self.orders[client_id] = TrackedOrder(client_id, "", side, price, amount)
        try:
            order.order_id = self._exchange.place(key.owner, self.pair, side, amount, price, client_id=client_id).id
        except Rejected as rejection:
            del self.orders[client_id]
            short = rejection.code == "INSUFFICIENT_BALANCE"
            raise OrderRefused(client_id, rejection.message, insufficient=short) from rejection
        self._log("INFO", TRACKER, f"Created LIMIT {side} order {client_id} for {amount} {self.pair} at {price}.")
        return order

    def cancel(self, order: TrackedOrder) -> None:
        """Cancel on the exchange; an order that is no longer open there is simply seen as such."""
        owner = self.owner
        if order.state != "open" or owner is None:
            return
        try:
            self._exchange.cancel(owner, order.order_id)
        except Rejected:
            self._log("WARNING", TRACKER, f"Failed to cancel order {order.client_id} (order not found)")
        self._closed_there(order)

    def filled(self, trade: Trade) -> None:
        """Take in one of our trades, after the exchange's match."""
        order = self.orders.get(trade.client_order_id)
        if order is None:
            return
        market = self.market
        order.filled += trade.amount
        order.quote += trade.amount * trade.price
        order.fee += trade.fee if trade.fee_token == market.quote else trade.fee * trade.price
        self._on_fill(trade)
        self._log(
            "INFO",
            TRACKER,
            f"The {order.side} order {order.client_id} amounting to {order.filled}/{order.amount} "
            f"{market.base} has been filled at {trade.price} {market.quote}.",
        )
        if order.is_filled:
            order.state = "filled"
            self._log("INFO", TRACKER, f"{order.side} order {order.client_id} completely filled.")

    def reconcile(self) -> None:
        """Notice orders that somebody else cancelled, and forget those that ended."""
        owner = self.owner
        for order in list(self.orders.values()):
            if order.state != "open":
                del self.orders[order.client_id]
            elif owner is not None:
                live = self._exchange.order(owner, order.order_id)
                if live is None or live.status in {"cancelled", "partially_cancelled"}:
                    self._closed_there(order)

    def _closed_there(self, order: TrackedOrder) -> None:
        order.state = "cancelled"
        self._log("INFO", TRACKER, f"Successfully canceled order {order.client_id}.")

    def _new_id(self, side: Side) -> str:
        base, quote = self.pair.split("-")
        nonce = max(time.time_ns() // 1000, self._last_nonce + 1)
        self._last_nonce = nonce
        head = f"{self._spec.order_id_prefix}{side[0]}{base[0]}{base[-1]}{quote[0]}{quote[-1]}"
        tail = f"{nonce:x}{self._suffix}"
        room = self._spec.order_id_length - len(head)
        if room < len(tail):
            # Long prefixes leave no room for time and instance: their hash is as unique.
            tail = hashlib.md5(tail.encode(), usedforsecurity=False).hexdigest()[:room]
        return head + tail
