"""The whole bridge for tests: a real Runtime behind a real HTTP server, in a thread with a loop of its own.

with bridge_thread(settings) as bridge: ... bridge.url, bridge.get("/bots"), bridge.call("POST", "/bots/create", {...})
"""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from trading_bridge.runtime import Runtime
from trading_bridge.settings import Settings
from trading_bridge.web.app import create_app
from trading_bridge.web.server import BridgeServer

EMAIL = "ana@firm.test"
PASSWORD = "correct-horse-1"
TOKEN = "token-of-the-tests"
READY_SECONDS = 30.0


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, its fractions read as Decimal."""

    status: int
    headers: HTTPMessage
    body: bytes

    def json(self) -> Any:
        """The parsed body."""
        return json.loads(self.body, parse_float=Decimal)

    @property
    def error(self) -> dict[str, Any]:
        """The error object; the shape is checked."""
        body = self.json()
        assert set(body) == {"error"}, body
        assert set(body["error"]) == {"code", "message", "field", "hint"}, body
        found: dict[str, Any] = body["error"]
        return found


class BridgeClient:
    """Plain HTTP to one bridge: one connection a request, redirects not followed."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.url = f"http://{host}:{port}"

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = TOKEN,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request. `body`: bytes as they are, anything else as JSON (Decimal as number)."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body, default=_plain).encode()
        fields = {} if token is None else {"Authorization": f"Bearer {token}"}
        if data is not None:
            fields["Content-Type"] = "application/json"
        connection = HTTPConnection(self.host, self.port, timeout=90)
        try:
            connection.request(method, path, data, {**fields, **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """The JSON of a GET that must succeed."""
        answer = self.call("GET", path)
        assert answer.status == 200, (path, answer.status, answer.body[:500])
        return answer.json()

    def form(self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
        """A form as a browser posts it, without a token."""
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return self.call("POST", path, urlencode(fields).encode(), token=None, headers=sent)

    def sign_in(self) -> str:
        """Sign in as the administrator; the Cookie header to send from then on."""
        answer = self.form("/app/login", {"email": EMAIL, "password": PASSWORD})
        assert answer.status == 303, (answer.status, answer.body[:500])
        return str(answer.headers["Set-Cookie"]).partition(";")[0]


def _plain(value: Any) -> float:
    """For tests that write a Decimal into a body; exactness is tested with bodies as bytes."""
    assert isinstance(value, Decimal)
    return float(value)


class BridgeThread(BridgeClient):
    """A running bridge; `runtime` is for looking at what happened, from its own thread by `run`."""

    def __init__(self, settings: Settings) -> None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
        super().__init__("127.0.0.1", listener.getsockname()[1])
        self.settings = settings
        self._listener = listener
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="bridge", daemon=True)
        self.runtime: Runtime
        self._server: BridgeServer
        self._loop: asyncio.AbstractEventLoop

    def start(self) -> None:
        """Start and wait until it serves. Raises what made it fail."""
        self._thread.start()
        assert self._ready.wait(READY_SECONDS), "the bridge did not start"
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """End it and wait for that."""
        if self._failure is None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(READY_SECONDS)
        assert not self._thread.is_alive(), "the bridge did not end"
        self._listener.close()

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine in the bridge's loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(READY_SECONDS)

    def _main(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:  # noqa: BLE001  (handed to the test's thread)
            self._failure = failure
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with Runtime.opened(self.settings) as runtime:
            self.runtime = runtime
            self._server = BridgeServer(create_app(runtime), runtime.broadcaster, self.host, self.port)
            serving = asyncio.create_task(self._server.serve([self._listener]))
            waiting = asyncio.create_task(self._server.ready.wait())
            await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
            self._ready.set()
            await serving


def bridge_settings(home: Path, upstream: str, **changed: Any) -> Settings:
    """Settings of a test's bridge; nothing is read from the environment."""
    return Settings(
        **{
            "home": home,
            "admin_email": EMAIL,
            "admin_password": PASSWORD,
            "admin_token": TOKEN,
            "hummingbot_api_url": upstream,
            "poll_seconds": 0.2,
            **changed,
        }
    )


@contextmanager
def bridge_thread(settings: Settings) -> Iterator[BridgeThread]:
    """A running bridge, ended with the block."""
    bridge = BridgeThread(settings)
    bridge.start()
    try:
        yield bridge
    finally:
        bridge.stop()
