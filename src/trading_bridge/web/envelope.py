"""What every request passes first and every answer last, as plain ASGI: ids, limits, headers, the log line."""

import re
import secrets
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trading_bridge.domain.errors import InvalidInput, PayloadTooLarge
from trading_bridge.logs import bound, logger
from trading_bridge.web import errors

LARGEST_BODY = 1024 * 1024
LARGEST_DRAINED = 16 * LARGEST_BODY

_log = logger(__name__)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
# data: is for the small pictures inside style sheets; scripts and styles come from files of ours only
_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Envelope:
    """Request id in and out, security headers, one log line, and an answer also for what nobody caught."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 0

        async def send_enveloped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(scope, MutableHeaders(scope=message), request_id)
            await send(message)

        with bound(request_id=request_id):
            try:
                if _HOST.fullmatch(headers.get("host", "-")) is None:
                    error = InvalidInput("The Host header can't be right.", field="Host")
                    await errors.answer(error)(scope, receive, send_enveloped)
                else:
                    await self.app(_get_for_head(scope), receive, send_enveloped)
            except Exception:  # noqa: BLE001  (the last place where an answer can still be given)
                _log.exception("request_crashed", method=scope["method"], path=scope["path"])
                if status == 0:
                    error_page = getattr(scope["app"].state, "error_page", None) if "app" in scope else None
                    failure = errors.internal(request_id)
                    response = (
                        await error_page(Request(scope, receive), failure)
                        if error_page is not None and errors.is_page(scope["path"])
                        else errors.answer(failure)
                    )
                    await response(scope, receive, send_enveloped)
            finally:
                _log.info(
                    "request",
                    method=scope["method"],
                    path=scope["path"][:200],
                    status=status,
                    milliseconds=round((time.perf_counter() - started) * 1000, 1),
                )


class BodyLimit:
    """No body over LARGEST_BODY, whether its length is announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or int(announced[:20]) > LARGEST_BODY:
            await _drain(receive)
            error = PayloadTooLarge("The body is too large.", hint="No request needs more than 1 MiB.")
            await errors.answer(error, {"Connection": "close"})(scope, receive, send)
            return
        read = 0

        async def receive_limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > LARGEST_BODY:
                if message.get("more_body"):
                    await _drain(receive)
                raise HTTPException(413, headers={"Connection": "close"})
            return message

        await self.app(scope, receive_limited, send)


async def _drain(receive: Receive) -> None:
    """Read on for a while: a client that is still sending when the connection closes never sees the answer."""
    read = 0
    while read < LARGEST_DRAINED:
        message = await receive()
        read += len(message.get("body", b""))
        if not message.get("more_body"):
            return


def _add_headers(scope: Scope, headers: MutableHeaders, request_id: str) -> None:
    headers["X-Request-ID"] = request_id
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    if scope.get("scheme") == "https":
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if not scope["path"].startswith("/static/"):
        headers.setdefault("Cache-Control", "no-store")
        headers.add_vary_header("Cookie")


def _get_for_head(scope: Scope) -> Scope:
    """HEAD is answered like GET; the server leaves the body away. A stream has no end, so it takes no HEAD."""
    if scope["method"] != "HEAD" or scope["path"] == "/events":
        return scope
    return dict(scope, method="GET")
