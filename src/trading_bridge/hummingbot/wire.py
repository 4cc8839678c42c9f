"""JSON of Hummingbot API as msgspec Structs: only the fields used, each as forgiving as the wire demands.

Numbers go straight to Decimal, digit by digit, never through float. Unknown fields are skipped, missing ones
and nulls are None, NaN counts as missing.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from trading_bridge.domain.errors import UpstreamNotHummingbot
from trading_bridge.domain.instruments import OrderBook, TradingRules

T = TypeVar("T")

_CLEAN = msgspec.json.Encoder(decimal_format="number")
_MILLISECONDS_FROM = 100_000_000_000  # as seconds this is the year 5138
_NO_LIMIT = Decimal("1e50")  # Hummingbot's own "no maximum" is 1e56, its "no minimum" 1e-56


class Root(msgspec.Struct):
    """GET /"""

    name: str = ""
    version: str | None = None


class Container(msgspec.Struct):
    """An element of /docker/active-containers and /docker/exited-containers."""

    name: str


class KeyField(msgspec.Struct):
    """A value of /connectors/{connector}/config-map."""

    type: str = "str"
    required: bool = True


class Rules(msgspec.Struct):
    """A value of /connectors/{connector}/trading-rules. An unknown pair's value is `{"error": …}`."""

    error: str | None = None
    min_order_size: Decimal | None = None
    max_order_size: Decimal | None = None
    min_price_increment: Decimal | None = None
    min_base_amount_increment: Decimal | None = None
    min_notional_size: Decimal | None = None
    min_order_value: Decimal | None = None


class Prices(msgspec.Struct):
    """POST /market-data/prices"""

    prices: dict[str, Decimal | None]


class Level(msgspec.Struct):
    price: Decimal
    amount: Decimal


class Book(msgspec.Struct):
    """POST /market-data/order-book"""

    bids: list[Level]
    asks: list[Level]


class TokenBalance(msgspec.Struct):
    """An element of portfolio/state[account][connector]; amounts in the token's own units."""

    token: str
    units: Decimal | None = None
    available_units: Decimal | None = None


class MqttFlag(msgspec.Struct):
    mqtt_connected: bool | None = None


class Mqtt(msgspec.Struct):
    """GET /bot-orchestration/mqtt"""

    data: MqttFlag | None = None


class Deployed(msgspec.Struct):
    """POST /bot-orchestration/deploy-v2-controllers, and what /docker/remove-container says."""

    success: bool | None = None
    message: str | None = None
    unique_instance_name: str | None = None


class Published(msgspec.Struct):
    """`response` of stop-bot."""

    success: bool | None = None
    message: str | None = None


class Stopped(msgspec.Struct):
    """POST /bot-orchestration/stop-bot"""

    response: Published


class Archiving(msgspec.Struct):
    """POST /bot-orchestration/stop-and-archive-bot/{bot}"""

    status: str
    message: str | None = None


def read(body: bytes, shape: type[T]) -> T:
    """`body` as `shape`. Raises UpstreamNotHummingbot when it does not fit."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError:
        return _read_with_nan(body, shape)


def read_or_null(body: bytes, shape: type[T]) -> T | None:
    """`read`, with None for a JSON null."""
    return None if body.strip() == b"null" else read(body, shape)


def _read_with_nan(body: bytes, shape: type[T]) -> T:
    """The slow way, for Python's JSON dialect: a bare NaN or Infinity becomes null."""
    try:
        loose: Any = json.loads(body, parse_float=Decimal, parse_constant=lambda _: None)
        return msgspec.json.decode(_CLEAN.encode(loose), type=shape)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        pass
    raise UpstreamNotHummingbot("The answer is not one of Hummingbot API.", hint="Check its address and version.")


def finite(value: Decimal | None) -> Decimal | None:
    """None for null, NaN and infinities alike."""
    return value if value is not None and value.is_finite() else None


def instant(stamp: float | str | None) -> datetime | None:
    """A wire timestamp as aware UTC: seconds or milliseconds since the epoch, or ISO text; None when it is
    neither.
    """
    try:
        if isinstance(stamp, str):
            parsed = datetime.fromisoformat(stamp)
            return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
        if stamp is None or stamp <= 0:
            return None
        return datetime.fromtimestamp(stamp / 1000 if stamp >= _MILLISECONDS_FROM else stamp, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def trading_rules(rules: Rules) -> TradingRules:
    """Domain form; 0, null and Hummingbot's own "no limit" values (1e56, 1e-56) are None."""
    notional = [limit for limit in (_limit(rules.min_notional_size), _limit(rules.min_order_value)) if limit]
    return TradingRules(
        min_order_size=_limit(rules.min_order_size),
        max_order_size=_limit(rules.max_order_size),
        min_price_increment=_limit(rules.min_price_increment),
        min_base_amount_increment=_limit(rules.min_base_amount_increment),
        min_notional=max(notional, default=None),
    )


def _limit(value: Decimal | None) -> Decimal | None:
    value = finite(value)
    return value if value is not None and 1 / _NO_LIMIT < value < _NO_LIMIT else None


def order_book(book: Book) -> OrderBook:
    """Domain form, best level first; levels without a price or an amount are left out."""
    return OrderBook(bids=tuple(sorted(_levels(book.bids), reverse=True)), asks=tuple(sorted(_levels(book.asks))))


def _levels(levels: list[Level]) -> list[tuple[Decimal, Decimal]]:
    told = [(finite(level.price), finite(level.amount)) for level in levels]
    return [(price, amount) for price, amount in told if price and amount and price > 0 and amount > 0]


def balances(rows: list[TokenBalance]) -> dict[str, tuple[Decimal, Decimal]]:
    """Token -> (units, available units); tokens of which either is unknown are left out."""
    told = [(row.token, finite(row.units), finite(row.available_units)) for row in rows]
    return {token: (units, free) for token, units, free in told if units is not None and free is not None}
