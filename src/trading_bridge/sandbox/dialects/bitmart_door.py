"""BitMart's envelope, its error codes, and the checks at its door.

Codes are those of BitMart's public list; the wordings of 30001 and 30002, and that KEYED routes don't look at
the signature, were measured (observed.md sections 1 and 7).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse

from trading_bridge.sandbox.dialects.wire import milliseconds
from trading_bridge.sandbox.exchange import ApiKey, KeyRing, Rejected

LARGEST_SKEW_MS = 60_000
_LONGEST_TIMESTAMP = 16

Level = Literal["NONE", "KEYED", "SIGNED", "TRADE"]
"""BitMart's authentication levels; TRADE is SIGNED with a key that may trade."""


class BitmartError(Exception):
    """A refusal: HTTP `status`, and BitMart's `code` and `message` in the envelope."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message

    def response(self) -> JSONResponse:
        """As it goes over the wire."""
        return envelope({}, code=self.code, message=self.message, status=self.status)


def envelope(data: Any, *, code: int = 1000, message: str = "OK", status: int = 200) -> JSONResponse:
    """BitMart's one answer shape; code 1000 is success."""
    return JSONResponse({"code": code, "trace": uuid4().hex, "message": message, "data": data}, status)


_REJECTIONS: dict[str, tuple[int, int, str | None]] = {
    # exchange code -> status, BitMart's code, message (None: the exchange's own)
    "INVALID_PAIR": (400, 50001, "Symbol not found"),
    "INVALID_AMOUNT": (400, 50021, None),
    "INVALID_PRICE": (400, 50021, None),
    "PRICE_TICK": (400, 50021, None),
    "AMOUNT_LOT": (400, 50021, None),
    "MIN_AMOUNT": (400, 50006, None),
    "MIN_NOTIONAL": (400, 51011, None),
    "INSUFFICIENT_BALANCE": (400, 50020, "Balance not enough"),
    "NO_LIQUIDITY": (400, 50035, "The price is low and there is no matching depth"),
    "POST_ONLY": (400, 50034, "The price is high and there is no matching depth"),
    "ORDER_NOT_FOUND": (400, 50005, "Order Id not found"),
    "ACCOUNT_NOT_FOUND": (500, 59001, "User account not found"),
    "REFUSED": (403, 53005, None),
}


def translated(rejected: Rejected) -> BitmartError:
    """The exchange's refusal in BitMart's words."""
    status, code, message = _REJECTIONS[rejected.code]
    return BitmartError(status, code, message or rejected.message)


def missing(parameter: str) -> BitmartError:
    """A required parameter is not there."""
    return BitmartError(400, 50028, f"Missing parameters [{parameter}]")


class BitmartDoor:
    """Checks of a request by the level of its route."""

    def __init__(self, keys: KeyRing, now: Callable[[], datetime]) -> None:
        self._keys = keys
        self._now = now

    def admit(self, request: Request, body: bytes, level: Level) -> ApiKey | None:
        """The caller's key, None on public routes; BitmartError when it may not pass."""
        if level == "NONE":
            return None
        name = request.headers.get("X-BM-KEY", "")
        if not name:
            raise BitmartError(401, 30001, "Header X-BM-KEY is empty")
        key = self._keys.find(name)
        if key is None:
            raise BitmartError(401, 30002, "Header X-BM-KEY not found")
        if not key.allows(request.client.host if request.client else ""):
            raise BitmartError(
                403,
                30010,
                "IP is forbidden. We recommend enabling IP whitelist for API trading. After that reauth your account",
            )
        if level == "KEYED":
            return key
        self._check_signature(request, body, key)
        if level == "TRADE" and not key.can_trade:
            raise BitmartError(403, 30012, "Header X-BM-KEY is forbidden to request it")
        return key

    def _check_signature(self, request: Request, body: bytes, key: ApiKey) -> None:
        signature = request.headers.get("X-BM-SIGN", "")
        if not signature:
            raise BitmartError(401, 30004, "Header X-BM-SIGN is empty")
        timestamp = request.headers.get("X-BM-TIMESTAMP", "")
        if not timestamp:
            raise BitmartError(401, 30006, "Header X-BM-TIMESTAMP is empty")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _LONGEST_TIMESTAMP):
            raise BitmartError(401, 30008, "Header X-BM-TIMESTAMP invalid format")
        if abs(int(timestamp) - milliseconds(self._now())) > LARGEST_SKEW_MS:
            raise BitmartError(401, 30007, "Header X-BM-TIMESTAMP range. Within a minute")
        signed = request.url.query.encode() if request.method == "GET" else body
        payload = b"#".join((timestamp.encode(), key.memo.encode(), signed))
        expected = hmac.new(key.secret.encode(), payload, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), signature.lower().encode()):
            raise BitmartError(401, 30005, "Header X-BM-SIGN is wrong")
