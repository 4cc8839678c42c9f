"""A sandbox without its HTTP side: the bots' time line, and what a restart keeps."""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.sandbox_server import pmm_v1
from trading_bridge.sandbox.deployments import ControllerDeployment, deploy_controllers
from trading_bridge.sandbox.instances import TRADES_PER_CHUNK, Fill, positional
from trading_bridge.sandbox.settings import SandboxSettings
from trading_bridge.sandbox.store import Store
from trading_bridge.sandbox.world import World

MOMENT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


OPENED: list[World] = []


@pytest.fixture(autouse=True)
def _close_worlds() -> Iterator[None]:
    yield
    while OPENED:
        with contextlib.suppress(sqlite3.ProgrammingError):  # closed by the test itself
            OPENED.pop().close()


def world(state_dir: Path | None = None, seed: int = 5) -> World:
    OPENED.append(World(SandboxSettings(state_dir=state_dir, seed=seed), wall=lambda: MOMENT))
    return OPENED[-1]


async def deploy(sandbox: World, name: str = "bot") -> str:
    sandbox.files.controller_configs[name] = pmm_v1(name)
    body = ControllerDeployment(instance_name=name, credentials_profile="client_sharp", controllers_config=[name])
    answer = await deploy_controllers(sandbox, body)
    full: str = answer["unique_instance_name"]
    return full


async def test_the_time_line_of_a_start() -> None:
    sandbox = world()
    name = await deploy(sandbox)
    seen: dict[str, float] = {}
    for tenth in range(1, 120):
        sandbox.advance(0.1)
        status: dict[str, Any] = sandbox.orchestrator.status(name)
        marks = {
            "listed": status["status"] != "not_found",
            "active": status.get("recently_active", False),
            "quoted": any(e["msg"].startswith("Created") for e in status.get("general_logs", ())),
            "running": status["status"] == "running",
        }
        for mark, reached in marks.items():
            if reached:
                seen.setdefault(mark, tenth / 10)
    assert seen["listed"] <= 1.2
    assert 5 <= seen["active"] <= 7
    assert 6 <= seen["quoted"] <= 8
    assert seen["quoted"] <= seen["running"] <= 9


async def test_many_starts_at_once_are_slower() -> None:
    sandbox = world()
    names = [await deploy(sandbox, f"bot{number}") for number in range(7)]
    sandbox.advance(9)
    assert sum(sandbox.orchestrator.status(name)["status"] == "running" for name in names) < 7
    sandbox.advance(14)
    assert all(sandbox.orchestrator.status(name)["status"] == "running" for name in names)


async def test_a_quote_near_the_mid_fills_within_half_a_minute() -> None:
    sandbox = world()
    await deploy(sandbox)
    sandbox.advance(30)
    assert sandbox.instances[next(iter(sandbox.instances))].fills


async def test_the_same_seed_trades_the_same() -> None:
    async def trades() -> list[tuple[str, str, str]]:
        sandbox = world(seed=9)
        name = await deploy(sandbox)
        sandbox.advance(120)
        return [(fill.side, fill.price, fill.amount) for fill in sandbox.instances[name].fills]

    assert await trades() == await trades() != []


@pytest.mark.parametrize("seconds", [3, 60, 75.5])
async def test_a_reopened_world_goes_on_as_if_nothing_had_been(tmp_path: Path, seconds: float) -> None:
    kept = world(tmp_path)
    name = await deploy(kept)
    kept.advance(seconds)
    kept.checkpoint(force=True)
    # The file as a kill leaves it: the first world is not closed.
    again = world(tmp_path)
    assert again.orchestrator.all_statuses() == kept.orchestrator.all_statuses()
    assert again.orchestrator.runs.listed({}, 9, 0) == kept.orchestrator.runs.listed({}, 9, 0)
    for sandbox in (kept, again):
        sandbox.advance(90)
    assert [(f.price, f.amount, f.trade_id) for f in again.instances[name].fills] == [
        (f.price, f.amount, f.trade_id) for f in kept.instances[name].fills
    ]
    assert len(again.instances[name].fills) > 2
    assert again.exchange.balances("gate_io:main") == kept.exchange.balances("gate_io:main")
    assert _figures(again, name) == _figures(kept, name)


def _figures(sandbox: World, name: str) -> Any:
    return sandbox.orchestrator.status(name)["performance"]["bot"]["performance"]


async def test_an_archive_job_survives_a_restart(tmp_path: Path) -> None:
    kept = world(tmp_path)
    name = await deploy(kept)
    kept.advance(30)
    kept.orchestrator.stop_and_archive(name)
    kept.advance(5)
    kept.close()
    again = world(tmp_path)
    assert again.orchestrator.all_statuses() == {}
    again.advance(25)
    assert again.docker.find(name) is None
    assert list(again.archived) == [name]
    again.close()
    last = world(tmp_path)
    assert list(last.archived) == [name]
    assert len(last.archived[name].fills) == len(again.archived[name].fills)
    assert last.forget_archived(name)
    last.close()
    assert world(tmp_path).archived == {}


async def test_fills_are_stored_in_chunks_and_come_back_in_order(tmp_path: Path) -> None:
    kept = world(tmp_path)
    name = await deploy(kept)
    count = TRADES_PER_CHUNK * 2 + 3
    for number in range(count):
        fill = Fill(str(number), "o", "gate_io", "SHARP-USDT", "BUY", "0.05", "1", "0", "USDT", number, maker=True)
        kept.instances[name].fills.append(fill)
        if number % 100 == 0:
            kept.instances[name].changed = True
            kept.checkpoint(force=True)
    kept.instances[name].changed = True
    kept.close()
    assert [f.trade_id for f in world(tmp_path).instances[name].fills] == [str(n) for n in range(count)]


def test_numbers_are_spelled_as_numpy_does() -> None:
    assert [positional(n) for n in ("1600", "0.050120", "0.5", "1E+3", "12.00")] == [
        "1600.",
        "0.05012",
        "0.5",
        "1000.",
        "12.",
    ]


def test_a_store_writes_all_or_nothing_and_remembers(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write({"a": {"x": 1}, "b": [1.5, "y"]})
    store.write({"a": {"x": 2}})
    store.remove(["b"])
    store.close()
    again = Store(tmp_path)
    assert again.read() == {"a": {"x": 2}}
    again.close()


def test_a_speed_must_be_positive() -> None:
    with pytest.raises(ValueError, match="speed"):
        SandboxSettings(speed=0)


async def test_a_crashed_bots_orders_stay_and_nobody_follows_them() -> None:
    sandbox = world()
    name = await deploy(sandbox)
    sandbox.advance(9)
    before = len(sandbox.instances[name].fills)
    assert sandbox.exchange.open_orders("gate_io:main")
    assert sandbox.crash(name)
    assert not sandbox.crash(name)
    assert sandbox.exchange.open_orders("gate_io:main")
    sandbox.advance(60)
    assert len(sandbox.instances[name].fills) == before
    assert sandbox.exchange.trades("gate_io:main")
