"""Gate's way to refuse: a label, a message, a status; and its signature check.

Labels are those of Gate's public list (API v4, "Error Handling"); the texts of INVALID_KEY, INVALID_SIGNATURE
and FORBIDDEN were measured (observed.md section 6b).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse

from trading_bridge.sandbox.dialects.wire import Access, Call
from trading_bridge.sandbox.exchange import ApiKey, Exchange, KeyRing, Market, Rejected

LARGEST_SKEW_S = 60
"""Gate refuses a signed request whose `Timestamp` is further than this from its own clock."""


class GateError(Exception):
    """A refusal: HTTP `status`, and `{"label", "message"}` as the body."""

    def __init__(self, status: int, label: str, message: str) -> None:
        super().__init__(f"{status} {label}: {message}")
        self.status = status
        self.label = label
        self.message = message

    def response(self) -> JSONResponse:
        """As it goes over the wire."""
        return JSONResponse({"label": self.label, "message": self.message}, self.status)


def invalid(message: str) -> GateError:
    """A parameter with a value that Gate doesn't take."""
    return GateError(400, "INVALID_PARAM_VALUE", message)


def missing(parameter: str) -> GateError:
    """A required parameter is not there."""
    return GateError(400, "MISSING_REQUIRED_PARAM", f"Missing required parameter: {parameter}")


_REJECTIONS: dict[str, tuple[int, str, str | None]] = {
    # exchange code -> status, label, message (None: the exchange's own)
    "INVALID_PAIR": (400, "INVALID_CURRENCY_PAIR", None),
    "INVALID_AMOUNT": (400, "INVALID_PARAM_VALUE", None),
    "INVALID_PRICE": (400, "INVALID_PARAM_VALUE", None),
    "PRICE_TICK": (400, "INVALID_PRECISION", None),
    "AMOUNT_LOT": (400, "INVALID_PRECISION", None),
    "MIN_AMOUNT": (400, "INVALID_PARAM_VALUE", None),
    "MIN_NOTIONAL": (400, "INVALID_PARAM_VALUE", None),
    "INSUFFICIENT_BALANCE": (400, "BALANCE_NOT_ENOUGH", "Not enough balance"),
    "POST_ONLY": (400, "POC_FILL_IMMEDIATELY", "Order would match and take immediately so its cancelled"),
    "NO_LIQUIDITY": (400, "ORDER_BOOK_NOT_FOUND", "Insufficient liquidity"),
    "ORDER_NOT_FOUND": (404, "ORDER_NOT_FOUND", "Order not found"),
    "ACCOUNT_NOT_FOUND": (401, "INVALID_KEY", "Invalid key provided"),
    "REFUSED": (403, "FORBIDDEN", None),
}


def translated(rejected: Rejected) -> GateError:
    """The exchange's refusal in Gate's words."""
    status, label, message = _REJECTIONS[rejected.code]
    return GateError(status, label, message or rejected.message)


def find_market(exchange: Exchange, name: str) -> Market:
    """The market called `SHARP_USDT`; GateError(INVALID_CURRENCY_PAIR)."""
    market = exchange.markets.get(name.replace("_", "-"))
    if market is None or "_" not in name:
        raise GateError(400, "INVALID_CURRENCY_PAIR", f"Invalid currency pair {name}")
    return market


def required_market(exchange: Exchange, call: Call) -> Market:
    """The market of the query's `currency_pair`; GateError when missing or unknown."""
    name = call.query.get("currency_pair")
    if not name:
        raise missing("currency_pair")
    return find_market(exchange, name)


class GateDoor:
    """Checks of a signed request: headers, key, address, clock, signature, permission."""

    def __init__(self, keys: KeyRing, now: Callable[[], datetime]) -> None:
        self._keys = keys
        self._now = now

    def admit(self, request: Request, body: bytes, access: Access) -> ApiKey:
        """The caller's key; GateError when it may not pass."""
        headers = {}
        for name in ("KEY", "Timestamp", "SIGN"):
            headers[name] = request.headers.get(name, "")
            if not headers[name]:
                raise GateError(401, "MISSING_REQUIRED_HEADER", f"Missing required header: {name}")
        key = self._keys.find(headers["KEY"])
        if key is None:
            raise GateError(401, "INVALID_KEY", "Invalid key provided")
        address = request.client.host if request.client else ""
        if not key.allows(address):
            raise GateError(403, "FORBIDDEN", f"Request IP not in whitelist: {address}")
        self._check_clock(headers["Timestamp"])
        if not _signed(request, body, headers["Timestamp"], headers["SIGN"], key.secret):
            raise GateError(401, "INVALID_SIGNATURE", "Signature mismatch")
        if access == "trade" and not key.can_trade:
            raise GateError(403, "READ_ONLY", "API key is read-only")
        return key

    def _check_clock(self, timestamp: str) -> None:
        try:
            skew = abs(float(timestamp) - self._now().timestamp())
        except ValueError:
            raise invalid(f"Invalid header `Timestamp` with value: {timestamp}") from None
        if not skew <= LARGEST_SKEW_S:
            raise GateError(
                403,
                "REQUEST_EXPIRED",
                f"gap between request Timestamp and server time exceeds {LARGEST_SKEW_S}",
            )


def _signed(request: Request, body: bytes, timestamp: str, signature: str, secret: str) -> bool:
    # The path is signed as the real host would see it, wherever the sandbox mounts this dialect.
    path = request.url.path
    path = path[path.index("/api/v4") :]
    query = request.url.query
    digest = hashlib.sha512(body).hexdigest()
    # Gate's own clients sign the query as it is in the URL, ccxt signs it decoded; both are let in.
    for form in {query, unquote(query)}:
        payload = f"{request.method}\n{path}\n{form}\n{digest}\n{timestamp}"
        expected = hmac.new(secret.encode(), payload.encode(), hashlib.sha512).hexdigest()
        if hmac.compare_digest(expected.encode(), signature.lower().encode()):
            return True
    return False
