"""One call: encode, send, settle. Shared by the reader and the writer, knows no endpoint."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import msgspec

from trading_bridge.domain.errors import InvalidInput
from trading_bridge.hummingbot.outcome import Answer, settle
from trading_bridge.hummingbot.transport import Params, Response, Transport, TransportFailed

# Decimals leave as JSON numbers with every digit; the server's own parser decides what it keeps.
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def encode(value: Any) -> bytes:
    """JSON with exact decimals. Raises InvalidInput for NaN and infinities, which JSON does not have."""
    _require_finite(value)
    return _ENCODER.encode(value)


def segment(name: str, field: str) -> str:
    """`name` as one segment of a path. Raises InvalidInput for what would address another route."""
    if not name or name.strip(".") == "" or any(char in name for char in "/\\\0"):
        raise InvalidInput("This name can't be used in an address.", field=field)
    return quote(name, safe="")


async def attempt(
    transport: Transport,
    method: str,
    path: str,
    *,
    params: Params | None = None,
    body: Any = None,
    within: float,
) -> Response | TransportFailed:
    """Send once and give back whatever came of it, not yet judged."""
    raw = None if body is None else encode(body)
    try:
        return await transport.send(method, path, params=params, body=raw, timeout=within)
    except TransportFailed as failed:
        return failed


async def call(
    transport: Transport,
    method: str,
    path: str,
    *,
    params: Params | None = None,
    body: Any = None,
    within: float,
    hide: Iterable[str] = (),
) -> Answer:
    """Send once and settle (see `outcome`). Raises UpstreamError."""
    return settle(method, await attempt(transport, method, path, params=params, body=body, within=within), hide=hide)


def _require_finite(value: Any) -> None:
    if isinstance(value, dict):
        for item in value.values():
            _require_finite(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _require_finite(item)
    elif hasattr(value, "is_finite"):
        if not value.is_finite():
            raise InvalidInput("A number is not finite.")
    elif isinstance(value, float) and value - value != 0:
        raise InvalidInput("A number is not finite.")
