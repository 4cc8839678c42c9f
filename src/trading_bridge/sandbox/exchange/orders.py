"""Orders, trades and what the exchange says about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from trading_bridge.sandbox.exchange.market import Side

OrderType = Literal["limit", "market", "limit_maker"]
OrderStatus = Literal["open", "filled", "cancelled", "partially_cancelled"]


class Rejected(Exception):
    """The exchange refused a request; nothing was changed.

    Codes: INVALID_PAIR, INVALID_AMOUNT, INVALID_PRICE, PRICE_TICK, AMOUNT_LOT, MIN_AMOUNT, MIN_NOTIONAL,
    INSUFFICIENT_BALANCE, POST_ONLY, NO_LIQUIDITY, ORDER_NOT_FOUND, ACCOUNT_NOT_FOUND, REFUSED (fault knob).
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(slots=True)
class Order:
    """An order as the exchange holds it: a live object, which callers read and never write.

    `price` is None for a market order. `amount` and `filled` are base, `filled_quote` is the sum of
    price x amount over its trades, before fees; `fee` is what those cost (in quote).
    """

    id: str
    client_id: str
    owner: str
    pair: str
    side: Side
    type: OrderType
    price: Decimal | None
    amount: Decimal
    filled: Decimal
    filled_quote: Decimal
    status: OrderStatus
    created_at: datetime
    updated_at: datetime
    fee: Decimal = Decimal(0)

    @property
    def remaining(self) -> Decimal:
        """Base amount not yet traded."""
        return self.amount - self.filled

    @property
    def average_price(self) -> Decimal | None:
        """Mean price of its trades; None before the first."""
        return self.filled_quote / self.filled if self.filled else None


@dataclass(frozen=True, slots=True)
class Trade:
    """One owner's half of a match; both halves carry the same `id`. The fee is in `fee_token` (the quote)."""

    id: str
    order_id: str
    client_order_id: str
    owner: str
    pair: str
    side: Side
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_token: str
    maker: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Balance:
    """Money of one token: `total` owned, of which `available` is not locked by open orders."""

    total: Decimal
    available: Decimal


@dataclass(frozen=True, slots=True)
class Book:
    """Aggregated price levels as (price, base amount), best first."""

    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]
