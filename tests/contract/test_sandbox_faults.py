"""Fault knobs over HTTP, and the sandbox's memory across kills and restarts."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.sandbox_server import ROOT, SandboxClient, pmm_v1, poll, sandbox_process, sandbox_thread
from trading_bridge.sandbox.connectors import sandbox_credentials

DEPLOY = "/bot-orchestration/deploy-v2-controllers"
SCRIPT = ROOT / "tests" / "support" / "sandbox_process.py"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxClient]:
    with sandbox_thread(speed=40) as running_sandbox:
        yield running_sandbox


@pytest.fixture(autouse=True)
def _no_faults(sandbox: SandboxClient) -> Iterator[None]:
    yield
    sandbox.clear_faults()


def body(name: str, config: str) -> dict[str, Any]:
    return {"instance_name": name, "credentials_profile": "client_sharp", "controllers_config": [config]}


def running(sandbox: SandboxClient, name: str) -> bool:
    return bool(sandbox.bot(name)["status"] == "running")


def test_the_exchange_refuses_orders(sandbox: SandboxClient) -> None:
    sandbox.faults(refuse_orders={"*": "trading is suspended for maintenance"})
    name = sandbox.deploy("refused", pmm_v1("refused"))
    poll(lambda: any("suspended" in e["msg"] for e in sandbox.bot(name).get("general_logs", ())))
    assert any("Order failed" in e["msg"] for e in sandbox.bot(name)["error_logs"])
    sandbox.clear_faults()
    poll(lambda: sandbox.fills(name))


def test_without_two_sides_there_are_silently_no_quotes(sandbox: SandboxClient) -> None:
    sandbox.faults(books={"SOL-USDT": "no_asks"})
    name = sandbox.deploy("onesided", pmm_v1("onesided", trading_pair="SOL-USDT", order_amount=1))
    poll(lambda: running(sandbox, name))
    logs = [e["msg"] for e in sandbox.bot(name)["general_logs"]]
    assert not any(text.startswith("Created") for text in logs)
    assert sandbox.bot(name)["error_logs"] == []
    sandbox.clear_faults()
    poll(lambda: any(e["msg"].startswith("Created") for e in sandbox.bot(name)["general_logs"]))


# -- faults ---------------------------------------------------------------------------------------------


def test_mqtt_silence(sandbox: SandboxClient) -> None:
    name = sandbox.deploy("silent", pmm_v1("silent"))
    poll(lambda: running(sandbox, name))
    sandbox.faults(mqtt_silent=True)
    poll(lambda: sandbox.bot(name)["status"] == "idle")
    assert sandbox.get("/bot-orchestration/mqtt")["data"]["mqtt_connected"] is True
    assert sandbox.post("/bot-orchestration/stop-bot", {"bot_name": name})["response"] == {"success": False}
    history = sandbox.get(f"/bot-orchestration/{name}/history?timeout=2")["response"]
    assert (history["success"], history["timeout"]) == (False, True)
    sandbox.clear_faults()
    poll(lambda: running(sandbox, name))


def test_docker_down(sandbox: SandboxClient) -> None:
    name = sandbox.deploy("nodocker", pmm_v1("nodocker"))
    poll(lambda: running(sandbox, name))
    sandbox.faults(docker_down=True)
    for path in ("running", "active-containers", "exited-containers"):
        assert sandbox.call("GET", f"/docker/{path}").status == 500
    reply = sandbox.call("POST", DEPLOY, body("down", "nodocker"))
    assert (reply.status, "Connection aborted" in reply.json()["detail"]) == (500, True)
    assert running(sandbox, name)


def test_docker_slow_starts_the_bot_behind_a_500(sandbox: SandboxClient) -> None:
    sandbox.post("/controllers/configs/slow", pmm_v1("slow"))
    sandbox.faults(docker_slow=True)
    reply = sandbox.call("POST", DEPLOY, body("hummingbot-slow", "slow"))
    assert (reply.status, "Read timed out" in reply.json()["detail"]) == (500, True)
    containers = sandbox.get("/docker/active-containers?name_filter=hummingbot-slow")
    assert len(containers) == 1
    assert sandbox.get(f"/bot-orchestration/bot-runs?bot_name={containers[0]['name']}")["data"] == []
    poll(lambda: running(sandbox, containers[0]["name"]))


def test_counted_rules_and_dropped_answers(sandbox: SandboxClient) -> None:
    add = "/accounts/add-account?account_name={}"
    before = {"path": "/accounts/add-account", "action": "drop", "when": "before", "times": 1}
    sandbox.faults(rules=[before, {**before, "when": "after"}])
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        sandbox.call("POST", add.format("dropped_a"))
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        sandbox.call("POST", add.format("dropped_b"))
    accounts = sandbox.get("/accounts/")
    assert "dropped_a" not in accounts
    assert "dropped_b" in accounts
    assert sandbox.get("/sandbox/faults")["rules"] == []


def test_statuses_html_and_latency(sandbox: SandboxClient) -> None:
    rules: list[dict[str, Any]] = [
        {"path": "/accounts/", "method": "GET", "action": "status", "status": 503, "times": 1},
        {"path": "/accounts/add-*", "action": "status", "status": 502, "when": "after", "times": 1},
        {"path": "/docker/*", "action": "html", "status": 502},
        {"path": "/scripts/", "action": "latency", "seconds": 0.3},
    ]
    sandbox.faults(rules=rules)
    assert sandbox.call("GET", "/accounts/").status == 503
    assert sandbox.call("GET", "/accounts/").status == 200
    assert sandbox.call("POST", "/accounts/add-account?account_name=behind_502").status == 502
    assert "behind_502" in sandbox.get("/accounts/")
    page = sandbox.call("GET", "/docker/running")
    assert (page.status, page.headers["content-type"]) == (502, "text/html; charset=utf-8")
    started = sandbox.get("/sandbox/clock")["elapsed"]
    assert sandbox.call("GET", "/scripts/").status == 200
    assert sandbox.get("/sandbox/clock")["elapsed"] >= started + 0.25 * sandbox.speed
    assert sandbox.call("PUT", "/sandbox/faults", {"nonsense": 1}).status == 422
    assert sandbox.call("PUT", "/sandbox/faults", {"books": {"NO-PAIR": "empty"}}).status == 400


def test_the_exchange_is_there_for_ordinary_clients(sandbox: SandboxClient) -> None:
    assert abs(sandbox.call("GET", "/api/v4/spot/time", auth=False).json()["server_time"] / 1000 - time.time()) < 10
    assert sandbox.call("GET", "/system/time", auth=False).json()["data"]["server_time"] > 0
    assert sandbox.call("GET", "/api/v4/spot/accounts", auth=False).status == 401
    sandbox.faults(exchange_clock_skew=3600)
    ahead = sandbox.call("GET", "/api/v4/spot/time", auth=False).json()["server_time"] / 1000
    assert 3500 < ahead - time.time() < 3700


# -- memory ---------------------------------------------------------------------------------------------


def test_a_killed_sandbox_forgets_nothing(tmp_path: Path) -> None:
    with sandbox_process(tmp_path, speed=30) as sandbox:
        sandbox.post("/accounts/add-account?account_name=kept")
        sandbox.post("/accounts/add-credential/kept/kucoin", sandbox_credentials("kucoin"))
        name = sandbox.deploy("kept", pmm_v1("kept", connector_name="kucoin"), "kept")
        fills = poll(lambda: sandbox.fills(name) if len(sandbox.fills(name)) >= 2 else None)
        orders = poll(lambda: sandbox.get("/sandbox/exchange/accounts/kucoin:main/orders"))
        assert sandbox.kill9() == -9
        sandbox.restart()
        assert sandbox.get("/accounts/kept/credentials") == ["kucoin"]
        assert sandbox.get("/controllers/configs/kept")["order_amount"] == 1600
        again = sandbox.fills(name)
        assert [f["trade_id"] for f in again[: len(fills)]] == [f["trade_id"] for f in fills]
        assert running(sandbox, name)
        assert [e for e in sandbox.bot(name)["general_logs"] if e["msg"].startswith("Created")]
        trades = sandbox.get("/sandbox/exchange/accounts/kucoin:main/trades")
        known = {t["client_order_id"] for t in trades}
        live = {o["client_id"] for o in sandbox.get("/sandbox/exchange/accounts/kucoin:main/orders")}
        logs = [e["msg"] for e in sandbox.bot(name)["general_logs"]]
        ended = {text.rstrip(".").split()[-1] for text in logs if text.startswith("Successfully canceled")}
        assert {o["client_id"] for o in orders} <= known | live | ended
        poll(lambda: len(sandbox.fills(name)) > len(again))
        # The bot's book and the exchange's agree, across the kill.
        assert {f["trade_id"] for f in sandbox.fills(name)} <= {
            t["id"] for t in sandbox.get("/sandbox/exchange/accounts/kucoin:main/trades")
        }
        assert sandbox.stop() in {0, -15}


def test_a_taken_port_is_a_clear_message_and_exit_code_1() -> None:
    with sandbox_thread() as sandbox:
        done = subprocess.run(
            [sys.executable, str(SCRIPT), json.dumps({"port": sandbox.settings.port})],
            capture_output=True, text=True, timeout=30, check=False, env={"PYTHONPATH": str(ROOT / "src")},
        )  # fmt: skip
    assert done.returncode == 1
    assert "can't listen on" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreadable_state_is_a_clear_message_and_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "sandbox.sqlite3").write_bytes(b"this is no database, however one looks at it" * 100)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), json.dumps({"port": 0, "state_dir": str(tmp_path)})],
        capture_output=True, text=True, timeout=30, check=False, env={"PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert done.returncode == 1
    assert "can't use its state" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_it_cleanly(tmp_path: Path) -> None:
    with sandbox_process(tmp_path) as sandbox:
        assert sandbox.interrupt() == 0
