"""The installed console script as people use it: real processes, real HTTP, speed 1."""

import json
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.bridge_server import EMAIL, PASSWORD, TOKEN, BridgeClient
from tests.support.console import READY_SECONDS, Console, run
from tests.support.sandbox_server import SandboxClient, free_port, poll
from trading_bridge import __version__
from trading_bridge.sandbox.settings import SandboxSettings

# Issue 2, section 2, to the letter.
THE_REQUEST = (
    b'{"name":"Sharp Spread","account":"client_sharp","connector":"bitmart","pair":"SHARP/USDT","strategy":"spread",'
    b'"config":{"bid_spread":0.003,"ask_spread":0.003,"order_amount":1600,"order_refresh_time":60}}'
)
FIRST_FILL_SECONDS = 30.0
COMMANDS = ("demo", "serve", "sandbox", "migrate", "doctor")


class House:
    """One home folder and its two ports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bridge = BridgeClient("127.0.0.1", free_port())
        self.sandbox = SandboxClient(SandboxSettings(port=free_port()))
        self.settings = {
            "TRADING_BRIDGE_HOME": str(folder / "home"),
            "PORT": str(self.bridge.port),
            "SANDBOX_PORT": str(self.sandbox.settings.port),
            "HUMMINGBOT_API_URL": self.sandbox.url,
            "TRADING_BRIDGE_ADMIN_EMAIL": EMAIL,
            "TRADING_BRIDGE_ADMIN_PASSWORD": PASSWORD,
            "TRADING_BRIDGE_ADMIN_TOKEN": TOKEN,
        }

    @contextmanager
    def started(self, command: str, **changed: str) -> Iterator[Console]:
        """A long-running command, ended with the block if it still runs."""
        console = Console(self.folder, (command,), {**self.settings, **changed})
        try:
            yield console
        finally:
            console.close()

    def serves(self) -> bool:
        """Whether the bridge answers."""
        try:
            return self.bridge.call("GET", "/health", token=None).status == 200
        except OSError:
            return False

    def bot(self, bot_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.bridge.get(f"/bots/{bot_id}")
        return found

    def status(self, bot_id: str, wanted: str, seconds: float = 40.0) -> None:
        poll(lambda: self.bot(bot_id)["status"] == wanted, seconds, 0.1)

    def fills(self, bot_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.bridge.get(f"/bots/{bot_id}/fills?limit=1000")["fills"]
        return found


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def greeted(console: Console) -> bool:
    assert console.running, console.said
    return "Ctrl-C ends both" in console.said


@pytest.mark.slow
def test_the_demo_from_the_first_start_to_the_second(house: House) -> None:
    with house.started("demo") as demo:
        poll(lambda: greeted(demo), READY_SECONDS, 0.1)
        for word in (house.bridge.url, EMAIL, PASSWORD, TOKEN, house.sandbox.url):
            assert word in demo.said
        assert house.bridge.sign_in()

        answer = house.bridge.call("POST", "/bots/create", THE_REQUEST)
        assert answer.status == 202, answer.body
        bot_id = answer.json()["id"]
        assert answer.json()["status"] == "deploying"
        poll(lambda: house.fills(bot_id), FIRST_FILL_SECONDS, 0.1)
        house.status(bot_id, "running")
        first = {fill["trade_id"] for fill in house.fills(bot_id)}

        assert demo.end(signal.SIGINT, group=True) == 0, demo.said
        assert "Traceback" not in demo.said
        assert not house.serves()
        assert not house.sandbox.up()

    with house.started("demo") as again:
        poll(lambda: greeted(again), READY_SECONDS, 0.1)
        house.status(bot_id, "running")
        assert first <= {fill["trade_id"] for fill in house.fills(bot_id)}
        assert house.bot(bot_id)["created_at"] == answer.json()["created_at"]
        poll(lambda: len(house.fills(bot_id)) > len(first), 90, 0.2)  # and it trades on

        assert again.end(signal.SIGTERM) == 0, again.said
        assert "Traceback" not in again.said


@pytest.mark.slow
def test_what_the_demo_makes_up_it_keeps(house: House) -> None:
    for name in ("TRADING_BRIDGE_ADMIN_PASSWORD", "TRADING_BRIDGE_ADMIN_TOKEN", "TRADING_BRIDGE_ADMIN_EMAIL"):
        house.settings.pop(name)
    seen: list[list[str]] = []
    for _ in range(2):
        with house.started("demo") as demo:
            poll(lambda: greeted(demo), READY_SECONDS, 0.1)
            found = re.search(r"Administrator\s+(\S+)\s+password\s+(\S+)\s+API token\s+(\S+)", demo.said)
            assert found is not None, demo.said
            seen.append(list(found.groups()))
            email, password, token = found.groups()
            assert house.bridge.call("GET", "/bots", token=token).status == 200
            entered = house.bridge.form("/app/login", {"email": email, "password": password})
            assert entered.status == 303
            assert demo.end(signal.SIGINT, group=True) == 0
    assert seen[0] == seen[1]
    kept = Path(house.settings["TRADING_BRIDGE_HOME"]) / "demo-login.json"
    assert kept.stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_serve_and_sandbox_are_two_processes_and_neither_needs_the_other_to_live(house: House) -> None:
    with house.started("serve") as serve:
        poll(house.serves, READY_SECONDS, 0.1)
        assert house.bridge.get("/status")["servers"][0]["reachable"] is False
        with house.started("sandbox") as sandbox:
            poll(house.sandbox.up, READY_SECONDS, 0.1)
            poll(lambda: house.bridge.get("/status")["servers"][0]["reachable"], 40, 0.1)
            answer = house.bridge.call("POST", "/bots/create", THE_REQUEST)
            assert answer.status == 202, answer.body
            bot_id = answer.json()["id"]
            house.status(bot_id, "running")

            sandbox.end(signal.SIGKILL)
            poll(lambda: house.bridge.get("/bots")["stale"], 40, 0.1)
            assert serve.running
            assert house.bot(bot_id)["status"] == "running"

        with house.started("sandbox"):
            poll(house.sandbox.up, READY_SECONDS, 0.1)
            poll(lambda: house.bridge.get("/bots")["stale"] is False, 40, 0.1)
            serve.end(signal.SIGKILL)

            names = [row["name"] for row in house.sandbox.get("/docker/active-containers")]
            assert len(names) == 1  # the sandbox keeps its bots
            traded = len(house.sandbox.get("/sandbox/exchange/accounts/bitmart:main/trades"))
            poll(lambda: len(house.sandbox.get("/sandbox/exchange/accounts/bitmart:main/trades")) > traded, 90, 0.2)


def test_version_and_help(tmp_path: Path) -> None:
    version = run(tmp_path, "--version")
    assert (version.returncode, version.stdout) == (0, f"trading-bridge {__version__}\n")
    overview = run(tmp_path, "--help")
    assert overview.returncode == 0
    for command in COMMANDS:
        assert command in overview.stdout
        shown = run(tmp_path, command, "--help")
        assert shown.returncode == 0
        assert "Usage: trading-bridge" in shown.stdout
        assert len(shown.stdout.splitlines()) > 4
    assert "--json" in run(tmp_path, "doctor", "--help").stdout
    assert "--speed" in run(tmp_path, "sandbox", "--help").stdout
    assert run(tmp_path, "fly").returncode == 2


def test_migrate_twice(tmp_path: Path) -> None:
    home = {"TRADING_BRIDGE_HOME": str(tmp_path / "home")}
    first, second = run(tmp_path, "migrate", **home), run(tmp_path, "migrate", **home)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert (tmp_path / "home" / "bridge.db").exists()
    assert first.stdout != second.stdout


def findings(house: House) -> tuple[int, dict[str, str]]:
    """Exit code, and state by name of finding."""
    told = run(house.folder, "doctor", "--json", **house.settings)
    return told.returncode, {row["name"]: row["state"] for row in json.loads(told.stdout)}


def test_the_doctor_finds_what_is_wrong_and_what_is_right(house: House) -> None:
    code, states = findings(house)
    assert code == 1
    assert states["Hummingbot API"] == "fail"
    with house.started("sandbox"):
        poll(house.sandbox.up, READY_SECONDS, 0.1)
        assert run(house.folder, "migrate", **house.settings).returncode == 0
        code, states = findings(house)
        assert code == 0
        assert states["database"] == states["Hummingbot API"] == states["Docker"] == "pass"
        assert states["account client_sharp"] == "pass"
        told = run(house.folder, "doctor", **house.settings)
        assert told.returncode == 0
        assert "✓ Hummingbot API" in told.stdout

        house.settings["HUMMINGBOT_API_PASSWORD"] = "not-the-password"
        wrong = run(house.folder, "doctor", **house.settings)
        assert wrong.returncode == 1
        assert "HUMMINGBOT_API_PASSWORD" in wrong.stdout
        assert "not-the-password" not in wrong.stdout + wrong.stderr


@pytest.mark.parametrize(
    ("command", "variable"),
    [("serve", "PORT"), ("demo", "PORT"), ("demo", "SANDBOX_PORT"), ("sandbox", "SANDBOX_PORT")],
)
def test_a_taken_port_is_told_in_words(house: House, command: str, variable: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(house.settings[variable])))
        taken.listen()
        told = run(house.folder, command, **house.settings)

    assert told.returncode == 2, told.stdout + told.stderr
    assert f"Port {house.settings[variable]} is taken; set {variable} to a free one." in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"TRADING_BRIDGE_SECRET_KEY": "changeme"}, "TRADING_BRIDGE_SECRET_KEY is a placeholder"),
        ({"TRADING_BRIDGE_ADMIN_PASSWORD": "password"}, "TRADING_BRIDGE_ADMIN_PASSWORD is a placeholder"),
        ({"TRADING_BRIDGE_ADMIN_TOKEN": "<token>"}, "TRADING_BRIDGE_ADMIN_TOKEN is a placeholder"),
        ({"TRADING_BRIDGE_HOST": "0.0.0.0"}, "TRADING_BRIDGE_SECRET_KEY"),  # noqa: S104  (it must be refused)
        ({"HUMMINGBOT_API_URL": "http://hummingbot.example:8000"}, "HUMMINGBOT_API_PASSWORD"),
        ({"PORT": "eighty"}, "PORT must be a whole number"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_serve_refuses_what_is_not_safe_and_says_what_to_set(
    house: House, settings: dict[str, str], words: str
) -> None:
    told = run(house.folder, "serve", **{**house.settings, **settings})

    assert told.returncode == 2, told.stdout + told.stderr
    assert words in told.stderr
    assert "Traceback" not in told.stderr
    assert not house.serves()
