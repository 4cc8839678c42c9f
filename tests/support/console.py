"""The installed console script as people run it: commands to their end, and long-running ones to be killed.

with serving(home, sandbox.url) as bridge: ... bridge.get("/bots"), bridge.kill9(), bridge.start(), bridge.end()
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.bridge_server import EMAIL, PASSWORD, TOKEN, BridgeClient
from tests.support.sandbox_server import free_port, poll

SCRIPT = Path(sys.executable).with_name("trading-bridge")
READY_SECONDS = 60.0
OUR_VARIABLES = ("TRADING_BRIDGE_", "HUMMINGBOT_", "PORT", "SANDBOX_PORT")


def environment(**changed: str) -> dict[str, str]:
    """This process's environment without any setting of ours, plus these."""
    inherited = dict(os.environ)  # noqa: TID251  (a child process gets ours)
    kept = {name: value for name, value in inherited.items() if not name.startswith(OUR_VARIABLES)}
    return {**kept, "PYTHONUNBUFFERED": "1", "COLUMNS": "120", "NO_COLOR": "1", **changed}


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command, run in `folder` to its end."""
    return subprocess.run(
        [SCRIPT, *arguments],
        cwd=folder,
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=READY_SECONDS,
        check=False,
    )


class Console:
    """A long-running command in a process group of its own; its words are collected as they come."""

    def __init__(self, folder: Path, arguments: tuple[str, ...], settings: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [SCRIPT, *arguments],
            cwd=folder,
            env=environment(**settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        self._lines.extend(iter(self._process.stdout.readline, ""))

    @property
    def said(self) -> str:
        """Everything it has written so far, errors included."""
        return "".join(self._lines)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def end(self, how: signal.Signals = signal.SIGTERM, *, group: bool = False, seconds: float = 30.0) -> int:
        """Send a signal (to the whole group, as Ctrl-C in a terminal does) and wait; the exit code."""
        if self.running:
            if group:
                os.killpg(self._process.pid, how)
            else:
                self._process.send_signal(how)
        return self.wait(seconds)

    def wait(self, seconds: float = 30.0) -> int:
        """The exit code, once it has ended."""
        code = self._process.wait(seconds)
        self._reader.join(5)
        return code

    def close(self) -> None:
        """End it however it stands."""
        if self.running:
            self.end(signal.SIGKILL, group=True)
        assert self._process.stdout is not None
        self._process.stdout.close()


class ServingBridge(BridgeClient):
    """`trading-bridge serve` on one home and port, killed and started at will."""

    def __init__(self, home: Path, upstream: str, settings: Mapping[str, str]) -> None:
        super().__init__("127.0.0.1", free_port())
        self.home = home
        self._settings = {
            "TRADING_BRIDGE_HOME": str(home),
            "PORT": str(self.port),
            "HUMMINGBOT_API_URL": upstream,
            "TRADING_BRIDGE_ADMIN_EMAIL": EMAIL,
            "TRADING_BRIDGE_ADMIN_PASSWORD": PASSWORD,
            "TRADING_BRIDGE_ADMIN_TOKEN": TOKEN,
            "TRADING_BRIDGE_POLL_SECONDS": "0.2",
            **settings,
        }
        self.console: Console | None = None

    def start(self) -> None:
        """Start it and wait until it serves."""
        self.console = Console(self.home.parent, ("serve",), self._settings)
        poll(self._ready, READY_SECONDS, 0.05)

    def _ready(self) -> bool:
        assert self.console is not None
        assert self.console.running, self.console.said
        try:
            return self.call("GET", "/health", token=None).status == 200
        except OSError:
            return False

    def kill9(self) -> None:
        """SIGKILL, and wait."""
        assert self.console is not None
        self.console.end(signal.SIGKILL)
        self.console.close()

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """A wanted end; the exit code."""
        assert self.console is not None
        code = self.console.end(how)
        self.console.close()
        return code


@contextmanager
def serving(home: Path, upstream: str, **settings: str) -> Iterator[ServingBridge]:
    """A bridge that serves, ended with the block."""
    home.mkdir(parents=True, exist_ok=True)
    bridge = ServingBridge(home, upstream, settings)
    bridge.start()
    try:
        yield bridge
    finally:
        assert bridge.console is not None
        bridge.console.close()
