"""The event stream on a real server: hints on change, resuming, and an end that holds nothing up."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.bridge_server import TOKEN, BridgeThread, bridge_settings, bridge_thread
from tests.support.sandbox_server import SandboxClient, poll
from trading_bridge.services.broadcaster import Broadcaster
from trading_bridge.web.events import EventStream

BODY: dict[str, Any] = {
    "name": "Watched",
    "account": "client_sharp",
    "connector": "gate_io",
    "pair": "SHARP/USDT",
    "strategy": "spread",
    "config": {"bid_spread": 0.003, "ask_spread": 0.003, "order_amount": 1600},
    "start": False,
}


class Stream:
    """An open stream, read by hand."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._text = ""
        self.ended = False

    def read_until(self, wanted: str) -> str:
        """Everything received once `wanted` is in it."""
        while wanted not in self._text and not self.ended:
            self._take()
        assert wanted in self._text, self._text
        return self._text

    def read_to_end(self) -> str:
        """Everything, until the server ends the stream."""
        while not self.ended:
            self._take()
        return self._text

    def _take(self) -> None:
        received = self._connection.recv(65536)
        self._text += received.decode()
        self.ended = not received


@contextmanager
def stream(bridge: BridgeThread, path: str = "/events", **headers: str) -> Iterator[Stream]:
    """GET `path`, with a token unless a header says otherwise."""
    fields = {"Host": f"{bridge.host}:{bridge.port}", "Authorization": f"Bearer {TOKEN}", "Accept-Encoding": "gzip"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    with socket.create_connection((bridge.host, bridge.port), timeout=30) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode())
        yield Stream(connection)


def test_a_change_is_hinted_at_once(bridge: BridgeThread) -> None:
    with stream(bridge) as events:
        head = events.read_until("retry: 2000").lower()
        assert "200 ok" in head
        assert "content-type: text/event-stream" in head
        assert "content-encoding" not in head
        assert "cache-control: no-store, no-transform" in head

        bot_id = bridge.call("POST", "/bots/create", BODY).json()["id"]

        text = events.read_until(f"event: bot:{bot_id}\n")
        assert "event: bots\n" in text
        # a browser drops an event without data
        assert all("\ndata: " in event for event in text.split("\n\n") if event.startswith("event:"))
        assert BODY["name"] not in text


def test_a_cookie_opens_a_stream_which_ends_with_the_session(lone_bridge: BridgeThread) -> None:
    cookie = lone_bridge.sign_in()
    with stream(lone_bridge, Authorization="", Cookie=cookie) as events:
        events.read_until("retry:")
    with stream(lone_bridge, Authorization="") as refused:
        assert "401" in refused.read_until("unauthenticated")


def test_whoever_missed_something_is_told_to_ask_for_everything(bridge: BridgeThread) -> None:
    bridge.call("POST", "/bots/create", BODY)
    with stream(bridge) as events:
        bridge.call("POST", "/bots/create", BODY)
        last = events.read_until("\nid: ").partition("\nid: ")[2].partition("\n")[0]

    bridge.call("POST", "/bots/create", BODY)
    with stream(bridge, Last_Event_ID=last) as resumed:
        assert "event: all\n" in resumed.read_until("event: ")
    with stream(bridge, "/events?since=of-another-process-7") as rendered_before:
        assert "event: all\n" in rendered_before.read_until("event: ")
    with stream(bridge) as fresh:
        assert "event: all\n" not in fresh.read_until("\n\n")


def test_a_hundred_open_streams_hold_no_shutdown_up(sandbox: SandboxClient, tmp_path: Path) -> None:
    with bridge_thread(bridge_settings(tmp_path, sandbox.url)) as bridge, ExitStack() as stack:
        streams = [stack.enter_context(stream(bridge)) for _ in range(100)]
        for opened in streams:
            opened.read_until("retry:")
        poll(lambda: bridge.runtime.broadcaster.viewers == 100)

        ended = threading.Thread(target=bridge.stop)
        ended.start()
        for opened in streams:
            # the closing chunk: the stream was ended, not cut off
            assert opened.read_to_end().endswith("0\r\n\r\n")
        ended.join(30)
        assert not ended.is_alive()


def test_a_viewer_who_leaves_is_forgotten(bridge: BridgeThread) -> None:
    with stream(bridge) as events:
        events.read_until("retry:")
        assert bridge.runtime.broadcaster.viewers >= 1
    poll(lambda: bridge.runtime.broadcaster.viewers == 0)


# ── the generator alone, with its own idea of time ──────────────────────────────────────────────


class Wire:
    """The ASGI side of one stream."""

    def __init__(self) -> None:
        self.text = ""
        self.finished = False
        self.gone = asyncio.Event()
        self.changed = asyncio.Event()

    async def receive(self) -> dict[str, str]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, object]) -> None:
        body = message.get("body", b"")
        assert isinstance(body, bytes)
        self.text += body.decode()
        self.finished = message["type"] == "http.response.body" and not message.get("more_body")
        self.changed.set()

    async def until(self, wanted: str) -> None:
        async with asyncio.timeout(10):
            while wanted not in self.text:
                self.changed.clear()
                await self.changed.wait()


async def test_a_quiet_stream_beats_and_ends_when_it_is_no_longer_allowed() -> None:
    answers = iter([True, True, False])

    async def allowed() -> bool:
        return next(answers)

    wire = Wire()
    await EventStream(Broadcaster(), None, allowed, heartbeat_seconds=0.01)({}, wire.receive, wire.send)  # type: ignore[arg-type]

    assert wire.text.count(": still here\n\n") == 2
    assert wire.finished


async def test_a_stream_ends_when_its_reader_is_gone() -> None:
    async def allowed() -> bool:
        pytest.fail("no heartbeat was due")

    broadcaster, wire = Broadcaster(), Wire()
    running = asyncio.create_task(
        EventStream(broadcaster, None, allowed, 60)({}, wire.receive, wire.send)  # type: ignore[arg-type]
    )
    await wire.until("retry")
    broadcaster.publish("server")
    await wire.until("event: server\n")
    wire.gone.set()
    async with asyncio.timeout(10):
        await running

    assert broadcaster.viewers == 0
    assert not wire.finished  # nobody is there to be told


async def test_a_burst_reaches_a_slow_reader_as_one_hint_a_topic() -> None:
    async def allowed() -> bool:
        return True

    broadcaster, wire = Broadcaster(), Wire()
    running = asyncio.create_task(
        EventStream(broadcaster, None, allowed, 60)({}, wire.receive, wire.send)  # type: ignore[arg-type]
    )
    await wire.until("retry")
    for _ in range(1000):
        broadcaster.publish("bots", "bot:a")
    broadcaster.close()
    async with asyncio.timeout(10):
        await running

    assert wire.text.count("event: bots\n") == 1
    assert wire.text.count("event: bot:a\n") == 1
    assert wire.finished
