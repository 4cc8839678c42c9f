"""A real sandbox on a free port: in a process of its own, or in a thread (faster to start).

with sandbox_process(tmp_path, speed=20) as sandbox: ... sandbox.url, sandbox.kill9(), sandbox.restart()
with sandbox_thread(speed=20) as sandbox: ...
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from trading_bridge.sandbox.clock import utc_now
from trading_bridge.sandbox.server import SandboxSettings, listen, make_server
from trading_bridge.sandbox.world import World

READY_SECONDS = 20.0
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Reply:
    """An HTTP answer; `json()` raises ValueError when it is none."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The parsed body."""
        return json.loads(self.body)


def poll(condition: Callable[[], Any], seconds: float = 15.0, every: float = 0.02) -> Any:
    """Wait until the condition gives something true and return that; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s; last seen: {found!r}"
        pause.wait(every)


def pmm_v1(name: str, **fields: Any) -> dict[str, Any]:
    """A config of controller pmm_v1 that trades within seconds; `fields` replace or add."""
    return {
        "id": name,
        "controller_name": "pmm_v1",
        "controller_type": "generic",
        "connector_name": "gate_io",
        "trading_pair": "SHARP-USDT",
        "order_amount": 1600,
        "buy_spreads": [0.003],
        "sell_spreads": [0.003],
        "order_refresh_time": 30,
        "filled_order_delay": 5,
        **fields,
    }


class SandboxClient:
    """Plain HTTP to one sandbox, and where it is."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self.url = settings.url
        self.username = settings.username
        self.password = settings.password
        self.speed = settings.speed
        self.world: World | None = None  # what a sandbox in a thread simulates; look only

    def call(
        self, method: str, path: str, body: Any = None, *, auth: bool = True, headers: dict[str, str] | None = None
    ) -> Reply:
        """One request, without following redirects' opinions: any status is returned, a dropped answer raises
        OSError (http.client.RemoteDisconnected is one)."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310  (our own loopback URL)
            self.url + path, data=data, method=method, headers={"Content-Type": "application/json", **(headers or {})}
        )
        if auth:
            token = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
            request.add_header("Authorization", f"Basic {token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return Reply(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, dict(error.headers), error.read())

    def get(self, path: str) -> Any:
        """The JSON of a GET that must succeed."""
        reply = self.call("GET", path)
        assert reply.status == 200, (path, reply)
        return reply.json()

    def post(self, path: str, body: Any = None) -> Any:
        """The JSON of a POST that must succeed."""
        reply = self.call("POST", path, body)
        assert reply.status in {200, 201}, (path, reply)
        return reply.json()

    def deploy(self, instance: str, config: dict[str, Any], account: str = "client_sharp") -> str:
        """Save the config under its id, deploy a bot with it, and return the bot's full name."""
        self.post(f"/controllers/configs/{config['id']}", config)
        body = {
            "instance_name": instance,
            "credentials_profile": account,
            "controllers_config": [config["id"]],
            "headless": True,
        }
        answer = self.post("/bot-orchestration/deploy-v2-controllers", body)
        assert answer["success"], answer
        name: str = answer["unique_instance_name"]
        return name

    def bot(self, name: str) -> dict[str, Any]:
        """The bot's status data; `{"status": "not_found", ...}` when it is not listed."""
        found: dict[str, Any] = self.get(f"/bot-orchestration/{name}/status")["data"]
        return found

    def fills(self, name: str) -> list[dict[str, Any]]:
        """The bot's own history; empty while it does not answer."""
        response = self.get(f"/bot-orchestration/{name}/history?timeout=1")["response"]
        return response["data"]["data"]["trades"] if response["success"] else []

    def faults(self, **knobs: Any) -> Any:
        """Set fault knobs, see trading_bridge.sandbox.faults."""
        reply = self.call("PUT", "/sandbox/faults", knobs)
        assert reply.status == 200, reply
        return reply.json()

    def clear_faults(self) -> None:
        """Make everything work again."""
        assert self.call("DELETE", "/sandbox/faults").status == 200

    def up(self) -> bool:
        """Whether it answers."""
        try:
            return self.call("GET", "/", auth=False).status == 200
        except OSError:
            return False


class SandboxProcess(SandboxClient):
    """A sandbox in a process of its own; its state directory survives `kill9` and `restart`."""

    def __init__(self, settings: SandboxSettings) -> None:
        super().__init__(settings)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers."""
        given = {**asdict(self.settings), "state_dir": str(self.settings.state_dir or "")}
        environment = {**_environment(), "PYTHONPATH": str(ROOT / "src")}
        script = Path(__file__).with_name("sandbox_process.py")
        self._process = subprocess.Popen([sys.executable, str(script), json.dumps(given)], env=environment)
        poll(self._ready, READY_SECONDS)

    def _ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the sandbox ended instead of starting"
        return self.up()

    def stop(self) -> int:
        """SIGTERM and wait; the exit code."""
        return self._end(signal.SIGTERM)

    def interrupt(self) -> int:
        """Ctrl-C and wait; the exit code."""
        return self._end(signal.SIGINT)

    def kill9(self) -> int:
        """SIGKILL and wait; the exit code."""
        return self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop when it runs, then start on the same port and state."""
        if self._process is not None:
            self.stop()
        self.start()

    def _end(self, how: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        code = self._process.wait(15)
        self._process = None
        return code

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None


def _environment() -> dict[str, str]:
    return dict(os.environ)  # noqa: TID251  (a child process gets ours)


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def sandbox_process(state_dir: Path | None = None, *, speed: float = 1.0, **settings: Any) -> Iterator[SandboxProcess]:
    """A running sandbox process; ended with the block, the state directory stays."""
    given = {"port": free_port(), "state_dir": state_dir, "speed": speed, **settings}
    sandbox = SandboxProcess(SandboxSettings(**given))
    sandbox.start()
    try:
        yield sandbox
    finally:
        if sandbox.running:
            sandbox.kill9()


@contextlib.contextmanager
def sandbox_thread(
    *, speed: float = 20.0, wall: Callable[[], datetime] = utc_now, **settings: Any
) -> Iterator[SandboxClient]:
    """A sandbox served from a thread of this process, state in memory unless `state_dir` says otherwise."""
    given = SandboxSettings(**{"port": 0, "speed": speed, **settings})
    listener = listen(given)
    given = replace(given, port=listener.getsockname()[1])
    server = make_server(given, wall)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="sandbox", daemon=True)
    thread.start()
    client = SandboxClient(given)
    client.world = server.config.app.state.world  # type: ignore[union-attr]
    try:
        poll(client.up, READY_SECONDS)
        yield client
    finally:
        server.should_exit = True
        thread.join(15)
        listener.close()
        assert not thread.is_alive(), "the sandbox's thread did not end"
