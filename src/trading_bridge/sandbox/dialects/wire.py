"""What both dialects need to read requests and write answers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response

from trading_bridge.sandbox.exchange import ApiKey, Order, Rejected

Access = Literal["public", "read", "trade"]
"""Who may call a route: anybody, any valid key, a key that may trade."""

Faults = Callable[[Request, Callable[[], Awaitable[Response]]], Awaitable[Response]]
"""Fault hook around each request: may wait, answer in the place of the route, or drop the route's answer.

It gets the request and a function that does the work (effect included) and gives the normal answer.
"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FURTHEST_S = 60_000_000_000  # some 1900 years


@dataclass(frozen=True)
class Call:
    """A request as a route sees it; `key` is None on public routes."""

    query: Mapping[str, str]
    path: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    key: ApiKey | None = None

    @property
    def owner(self) -> str:
        """Account of the caller; only routes that need a key may ask."""
        if self.key is None:
            raise LookupError("a public route asked for its caller's account")
        return self.key.owner


def parse_body(raw: bytes) -> dict[str, Any]:
    """A JSON object with exact decimals; {} for no body, ValueError for anything else."""
    if not raw:
        return {}
    parsed = json.loads(raw, parse_float=Decimal)
    if not isinstance(parsed, dict):
        raise ValueError("the body is not a JSON object")
    return parsed


def to_decimal(value: Any) -> Decimal | None:
    """A number from a string or a JSON number; None when it is missing or is no number."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def plain(value: Decimal) -> str:
    """Without exponent and without trailing zeros: "0.05", "1600", "0"."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def fixed(value: Decimal, places: int) -> str:
    """With at least that many decimal places, never rounded: "24000.00"."""
    text = plain(value)
    whole, _, decimals = text.partition(".")
    decimals = decimals.ljust(places, "0")
    return f"{whole}.{decimals}" if decimals else whole


def milliseconds(moment: datetime) -> int:
    """Unix time in whole milliseconds."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def microseconds(moment: datetime) -> int:
    """Unix time in whole microseconds."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment_of(seconds: Decimal | None) -> datetime | None:
    """A time from Unix seconds; None for None and for what no calendar holds."""
    if seconds is None or abs(seconds) > _FURTHEST_S:
        return None
    return _EPOCH + timedelta(microseconds=int(seconds * 1_000_000))


def bounded(text: Any, default: int, largest: int) -> int | None:
    """A count between 1 and `largest` (cut), `default` when missing, None when it is no such number."""
    if text is None or text == "":
        return default
    try:
        number = int(str(text))
    except ValueError:
        return None
    return min(number, largest) if number >= 1 else None


def by_client_id(orders: list[Order], client_id: str) -> Order:
    """The newest order with that client id; Rejected(ORDER_NOT_FOUND)."""
    for order in reversed(orders):
        if client_id and order.client_id == client_id:
            return order
    raise Rejected("ORDER_NOT_FOUND", f"no order with client id {client_id!r}")
