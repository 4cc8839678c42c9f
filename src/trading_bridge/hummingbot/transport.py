"""The one seam to the network: send a request, get status, headers and bytes, or learn how far it came.

Everything above works with any `Transport`; HTTP is the one there is. What matters for money is
`TransportFailed.sent`: False only when not a byte of the request can have left, so that trying again can't do
a thing twice.
"""

import asyncio
import base64
import errno
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import aiohttp
from yarl import URL

from trading_bridge.hummingbot.deadlines import CONNECT

Params: TypeAlias = Mapping[str, str | Sequence[str]]
FailureCode: TypeAlias = Literal[
    "connect_refused",
    "unroutable",
    "dns",
    "tls",
    "connect_timeout",
    "read_timeout",
    "disconnected",
    "too_large",
]

MAX_ANSWER = 64 * 1024 * 1024  # a status answer of 100 bots is 4.5 MB (measured)

_REASONS: Mapping[FailureCode, str] = {
    "connect_refused": "The server refuses connections; is it running?",
    "unroutable": "No network path leads to the server.",
    "dns": "The server's name can't be resolved.",
    "tls": "No secure connection could be made: the server's certificate or TLS set-up is wrong.",
    "connect_timeout": "The server did not accept a connection in time.",
    "read_timeout": "The server did not answer in time.",
    "disconnected": "The connection broke before a whole answer had come.",
    "too_large": "The answer is larger than any answer of Hummingbot API.",
}


@dataclass(frozen=True, slots=True)
class Response:
    """An answer as it came; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class TransportFailed(Exception):
    """No whole answer. `sent` False = the request certainly never left. `reason` names no host, address or
    secret.
    """

    def __init__(self, code: FailureCode, *, sent: bool) -> None:
        super().__init__(_REASONS[code])
        self.code: FailureCode = code
        self.sent = sent
        self.reason = _REASONS[code]


class Transport(Protocol):
    """Sends one request. `path` starts with "/" and is percent-encoded; `timeout` in seconds covers the whole
    call.
    """

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: bytes | None = None,
        timeout: float,  # noqa: ASYNC109 - one deadline for every kind of transport
    ) -> Response:
        """Raises TransportFailed."""

    async def close(self) -> None:
        """Let go of all connections; nothing can be sent afterwards."""


class HttpTransport:
    """Hummingbot API over HTTP(S).

    Reads share kept-alive connections; everything else opens its own, so that a stale connection never makes
    the outcome of a write uncertain. No redirects, cookies, proxies from the environment, and no repeats but
    one: a GET whose *reused* connection was closed before any answer goes once more over a fresh one.
    """

    def __init__(
        self,
        base_url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        api_key: str | None = None,
        max_answer: int = MAX_ANSWER,
    ) -> None:
        """`base_url` may carry a path prefix and a login. Raises ValueError (without the address in its
        text).
        """
        try:
            url = URL(base_url.strip())
        except ValueError:
            raise ValueError("The Hummingbot API address is not a URL.") from None
        if url.scheme not in ("http", "https") or not url.host or url.query_string or url.fragment:
            raise ValueError("The Hummingbot API address must look like https://host:8000 or https://host/prefix.")
        username, password = username or url.user, password or url.password
        headers = {"Accept": "application/json", "ngrok-skip-browser-warning": "1"}
        if username:
            login = f"{username}:{password or ''}".encode()
            headers["Authorization"] = "Basic " + base64.b64encode(login).decode("ascii")
        if api_key:
            headers["X-API-KEY"] = api_key
        if any("\r" in value or "\n" in value for value in headers.values()):
            raise ValueError("A Hummingbot API login or key has a line break in it.")
        self._headers = headers
        self._base = str(url.with_user(None)).rstrip("/")
        self._max_answer = max_answer
        self._pooled: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None
        self._closed = False

    def __repr__(self) -> str:
        return "HttpTransport()"

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: bytes | None = None,
        timeout: float,  # noqa: ASYNC109 - one deadline for every kind of transport
    ) -> Response:
        """One exchange; see `Transport`. Raises TransportFailed."""
        if method != "GET":
            return await self._attempt(_Attempt(), self._session(fresh=True), method, path, params, body, timeout)
        attempt = _Attempt()
        started = asyncio.get_running_loop().time()
        try:
            return await self._attempt(attempt, self._session(fresh=False), method, path, params, body, timeout)
        except TransportFailed as failed:
            left = timeout - (asyncio.get_running_loop().time() - started)
            stale = attempt.reused and not attempt.answered and failed.code == "disconnected"
            if not stale or left <= 0:
                raise
        return await self._attempt(_Attempt(), self._session(fresh=True), method, path, params, body, left)

    async def close(self) -> None:
        """Close both pools. Idempotent."""
        self._closed = True
        for session in (self._pooled, self._fresh):
            if session is not None:
                await session.close()

    def _session(self, *, fresh: bool) -> aiohttp.ClientSession:
        """Made at the first use: aiohttp wants a running loop."""
        if self._closed:
            raise TransportFailed("disconnected", sent=False)
        if fresh:
            if self._fresh is None:
                self._fresh = self._new_session(aiohttp.TCPConnector(force_close=True, limit=0))
            return self._fresh
        if self._pooled is None:
            self._pooled = self._new_session(aiohttp.TCPConnector(limit=16))
        return self._pooled

    def _new_session(self, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._headers,
            trace_configs=[_tracing()],
        )

    async def _attempt(
        self,
        attempt: "_Attempt",
        session: aiohttp.ClientSession,
        method: str,
        path: str,
        params: Params | None,
        body: bytes | None,
        timeout: float,  # noqa: ASYNC109 - one deadline for every kind of transport
    ) -> Response:
        try:
            async with session.request(
                method,
                URL(self._base + path, encoded=True),
                params=_flat(params),
                data=body,
                headers={"Content-Type": "application/json"} if body is not None else None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, CONNECT)),
                trace_request_ctx=attempt,
                middlewares=(attempt.once,),
            ) as answer:
                attempt.answered = True
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return Response(answer.status, headers, await self._body_of(answer))
        except TransportFailed:
            raise
        except (aiohttp.ClientError, OSError, TimeoutError, _Repeated) as exc:
            code = _code_of(exc, connected=attempt.connected)
        # Raised out here, so that no foreign exception with the address in its text hangs on to ours.
        raise TransportFailed(code, sent=attempt.connected)

    async def _body_of(self, answer: aiohttp.ClientResponse) -> bytes:
        chunks: list[bytes] = []
        size = 0
        async for chunk in answer.content.iter_any():
            size += len(chunk)
            if size > self._max_answer:
                answer.close()
                raise TransportFailed("too_large", sent=True)
            chunks.append(chunk)
        return b"".join(chunks)


class _Repeated(Exception):
    """aiohttp wanted to send a request again on its own."""


class _Attempt:
    """How far one request came."""

    def __init__(self) -> None:
        self.connected = False
        self.reused = False
        self.answered = False
        self._tries = 0

    async def once(
        self,
        request: aiohttp.ClientRequest,
        handler: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]],
    ) -> aiohttp.ClientResponse:
        """Client middleware: aiohttp repeats GET, PUT and DELETE after a disconnect by itself. Here it may
        not.
        """
        self._tries += 1
        if self._tries > 1:
            raise _Repeated
        return await handler(request)


def _tracing() -> aiohttp.TraceConfig:
    config = aiohttp.TraceConfig()

    async def made(_session: object, context: object, _params: object) -> None:
        attempt: _Attempt = context.trace_request_ctx  # type: ignore[attr-defined]
        attempt.connected = True

    async def reused(_session: object, context: object, _params: object) -> None:
        attempt: _Attempt = context.trace_request_ctx  # type: ignore[attr-defined]
        attempt.connected = attempt.reused = True

    config.on_connection_create_end.append(made)
    config.on_connection_reuseconn.append(reused)
    return config


def _flat(params: Params | None) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in (params or {}).items():
        pairs.extend((name, one) for one in ([value] if isinstance(value, str) else value))
    return pairs


def _code_of(exc: BaseException, *, connected: bool) -> FailureCode:
    if isinstance(exc, TimeoutError):
        return "read_timeout" if connected else "connect_timeout"
    if connected:
        return "disconnected"
    if isinstance(exc, aiohttp.ClientConnectorDNSError):
        return "dns"
    if isinstance(
        exc,
        aiohttp.ClientConnectorSSLError | aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError,
    ):
        return "tls"
    if isinstance(exc, OSError) and exc.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return "unroutable"
    return "connect_refused"
