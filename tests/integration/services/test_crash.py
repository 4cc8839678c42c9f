"""kill -9 inside every call that changes something: the next start on the same home settles it by looking."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import ServingBridge, serving
from tests.support.sandbox_server import SandboxClient, poll, sandbox_thread

PATIENCE = 60.0
BODY = {
    "name": "Sharp Spread",
    "account": "client_sharp",
    "connector": "gate_io",
    "pair": "SHARP/USDT",
    "strategy": "spread",
    "config": {
        "bid_spread": Decimal("0.001"),
        "ask_spread": Decimal("0.001"),
        "order_amount": 1600,
        "order_refresh_time": 10,
        "filled_order_delay": 1,
    },
}


@pytest.fixture
def sandbox() -> Iterator[SandboxClient]:
    with sandbox_thread(speed=20) as running:
        yield running


@pytest.fixture
def bridge(sandbox: SandboxClient, tmp_path: Path) -> Iterator[ServingBridge]:
    with serving(tmp_path / "home", sandbox.url) as running:
        yield running


def created(bridge: ServingBridge, *, start: bool = True) -> str:
    answer = bridge.call("POST", "/bots/create", {**BODY, "start": start})
    assert answer.status == 202, answer.body
    bot_id: str = answer.json()["id"]
    return bot_id


def asked(bridge: ServingBridge, bot_id: str, action: str) -> None:
    answer = bridge.call("POST", f"/bots/{bot_id}/{action}")
    assert answer.status == 202, answer.body


def reached(bridge: ServingBridge, bot_id: str, *wanted: str) -> dict[str, Any]:
    """The bot, once its status is one of these."""

    def look() -> dict[str, Any] | None:
        bot: dict[str, Any] = bridge.get(f"/bots/{bot_id}")
        return bot if bot["status"] in wanted else None

    found: dict[str, Any] = poll(look, PATIENCE, 0.1)
    return found


def operations(bridge: ServingBridge) -> list[tuple[str, str, str]]:
    """(kind, step, phase) of the open operations, as they stand in the file."""
    with closing(sqlite3.connect(f"file:{bridge.home / 'bridge.db'}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT kind, step, phase FROM operations WHERE state = 'open'").fetchall()


def containers(sandbox: SandboxClient) -> dict[str, str]:
    return {row["name"]: state for state in ("exited", "active") for row in sandbox.get(f"/docker/{state}-containers")}


def killed_inside(bridge: ServingBridge, sandbox: SandboxClient, step: str) -> None:
    """kill -9 once the fault rule has caught the call, and proof that it was under way."""
    poll(lambda: not sandbox.get("/sandbox/faults")["rules"], PATIENCE)
    bridge.kill9()
    assert [(found, phase) for _, found, phase in operations(bridge)] == [(step, "sending")]


def settled(bridge: ServingBridge) -> None:
    """Until no operation is open."""
    poll(lambda: not operations(bridge), PATIENCE, 0.1)


def slow(path: str, when: str, seconds: float = 2.0) -> dict[str, Any]:
    return {"rules": [{"path": path, "action": "latency", "when": when, "seconds": seconds, "times": 1}]}


def all_fills_are_ours(bridge: ServingBridge, sandbox: SandboxClient, bot_id: str) -> None:
    ours = {fill["trade_id"] for fill in bridge.get(f"/bots/{bot_id}/fills?limit=1000")["fills"]}
    theirs = {row["id"] for row in sandbox.get("/sandbox/exchange/accounts/gate_io:main/trades")}
    assert theirs
    assert ours == theirs


@pytest.mark.parametrize(
    ("step", "path"),
    [
        ("profile", "/accounts/add-account"),
        ("uploaded", "/controllers/configs/*"),
        ("deployed", "/bot-orchestration/deploy-v2-controllers"),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_inside_a_deploy(bridge: ServingBridge, sandbox: SandboxClient, step: str, path: str, when: str) -> None:
    bot_id = created(bridge, start=False)
    if step == "profile":
        sandbox.post("/accounts/delete-account?account_name=client_sharp")
    sandbox.faults(**slow(path, when))
    asked(bridge, bot_id, "start")
    killed_inside(bridge, sandbox, step)

    bridge.start()
    bot = reached(bridge, bot_id, "running", "failed")
    settled(bridge)

    expected = {"active": 1} if bot["status"] == "running" else {}
    states = list(containers(sandbox).values())
    assert {state: states.count(state) for state in states} == expected
    if step == "profile":
        assert bot["status_reason"].startswith("Account client_sharp holds no keys")
    elif (step, when) != ("deployed", "before"):  # there it depends on who was faster, the fence or the deploy
        assert bot["status"] == "running"


@pytest.mark.parametrize(
    ("action", "step", "path", "end", "when"),
    [
        ("stop", "stop_sent", "/bot-orchestration/stop-bot", "stopped", "before"),  # never told: asked again after 45 s
        ("stop", "stop_sent", "/bot-orchestration/stop-bot", "stopped", "after"),
        ("archive", "stop_sent", "/bot-orchestration/stop-bot", "archived", "after"),
        ("archive", "archive_sent", "/bot-orchestration/stop-and-archive-bot/*", "archived", "before"),
        ("archive", "archive_sent", "/bot-orchestration/stop-and-archive-bot/*", "archived", "after"),
    ],
)
def test_killed_inside_an_end(
    bridge: ServingBridge, sandbox: SandboxClient, action: str, step: str, path: str, end: str, when: str
) -> None:
    bot_id = created(bridge)
    reached(bridge, bot_id, "running")
    poll(lambda: sandbox.get("/sandbox/exchange/accounts/gate_io:main/trades"), PATIENCE)
    sandbox.faults(**slow(path, when))
    asked(bridge, bot_id, action)
    killed_inside(bridge, sandbox, step)

    bridge.start()
    reached(bridge, bot_id, end)
    settled(bridge)

    assert containers(sandbox) == {}
    assert sandbox.get("/sandbox/exchange/accounts/gate_io:main/orders") == []
    all_fills_are_ours(bridge, sandbox, bot_id)


def test_killed_while_it_only_watches(bridge: ServingBridge, sandbox: SandboxClient) -> None:
    bot_id = created(bridge)
    before = reached(bridge, bot_id, "running")
    poll(lambda: bridge.get(f"/bots/{bot_id}/fills")["fills"], PATIENCE)
    bridge.kill9()
    traded = len(sandbox.get("/sandbox/exchange/accounts/gate_io:main/trades"))
    poll(lambda: len(sandbox.get("/sandbox/exchange/accounts/gate_io:main/trades")) > traded, PATIENCE)

    bridge.start()

    after = reached(bridge, bot_id, "running")
    assert after["created_at"] == before["created_at"]
    asked(bridge, bot_id, "archive")
    reached(bridge, bot_id, "archived")
    all_fills_are_ours(bridge, sandbox, bot_id)


def test_a_wanted_end_in_the_middle_of_a_deploy(bridge: ServingBridge, sandbox: SandboxClient) -> None:
    sandbox.faults(**slow("/bot-orchestration/deploy-v2-controllers", "after", 20))
    bot_id = created(bridge)
    poll(lambda: containers(sandbox), PATIENCE)

    assert bridge.end() == 0
    bridge.start()

    reached(bridge, bot_id, "running")
    assert list(containers(sandbox).values()) == ["active"]
