"""Each way in which a create request can be wrong: status, code, field and hint, and nothing is created anywhere."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.bridge_server import BridgeThread, bridge_settings, bridge_thread
from tests.support.sandbox_server import SandboxClient, free_port, poll, sandbox_process

CONFIG: dict[str, Any] = {"bid_spread": 0.003, "ask_spread": 0.003, "order_amount": 1600}
BODY: dict[str, Any] = {
    "name": "Sharp Spread",
    "account": "client_sharp",
    "connector": "gate_io",
    "pair": "SHARP/USDT",
    "strategy": "spread",
    "config": CONFIG,
}


def changed(**fields: Any) -> dict[str, Any]:
    return {**BODY, **fields}


def config(**fields: Any) -> dict[str, Any]:
    return {**BODY, "config": {**CONFIG, **fields}}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in BODY.items() if key != name}


CASES: list[tuple[str, Any, int, str, str | None]] = [
    ("unknown strategy", changed(strategy="grid"), 422, "unknown_strategy", "strategy"),
    ("strategy of another kind", changed(strategy="pmm_v1"), 422, "unknown_strategy", "strategy"),
    ("pair not on the exchange", changed(pair="NOPE/USDT"), 422, "pair_not_listed", "pair"),
    ("pair that is none", changed(pair="SHARPUSDT"), 422, "invalid_input", "pair"),
    ("connector that is none", changed(connector="nope_exchange"), 422, "unknown_connector", "connector"),
    ("connector with a path", changed(connector="../gate_io"), 422, "unknown_connector", "connector"),
    ("negative spread", config(bid_spread=-0.003), 422, "invalid_config", "config.bid_spread"),
    ("zero spread", config(ask_spread=0), 422, "invalid_config", "config.ask_spread"),
    ("spread of 30 %", config(ask_spread=0.3), 422, "invalid_config", "config.ask_spread"),
    ("spread as per cent", config(bid_spread=30), 422, "invalid_config", "config.bid_spread"),
    ("spread as a word", config(bid_spread="tight"), 422, "invalid_config", "config.bid_spread"),
    ("spread as a huge text", config(bid_spread="1e999999"), 422, "invalid_config", "config.bid_spread"),
    ("spread as NaN text", config(bid_spread="NaN"), 422, "invalid_config", "config.bid_spread"),
    ("spread as a list", config(bid_spread=[0.003]), 422, "invalid_config", "config.bid_spread"),
    ("spread as true", config(bid_spread=True), 422, "invalid_config", "config.bid_spread"),
    ("spread missing", config(bid_spread=None), 422, "invalid_config", "config.bid_spread"),
    ("parameter unknown", config(leverage=20), 422, "invalid_config", "config.leverage"),
    ("refresh too fast", config(order_refresh_time=0), 422, "invalid_config", "config.order_refresh_time"),
    ("refresh in part seconds", config(order_refresh_time=10.5), 422, "invalid_config", "config.order_refresh_time"),
    ("amount under minimum", config(order_amount=0.5), 422, "amount_below_minimum", "config.order_amount"),
    ("amount negative", config(order_amount=-1), 422, "invalid_config", "config.order_amount"),
    ("amount absurd", config(order_amount=10**15), 422, "invalid_config", "config.order_amount"),
    ("unknown account", changed(account="client_nobody"), 422, "unknown_account", "account"),
    ("account with a path", changed(account="../../etc"), 422, "unknown_account", "account"),
    ("account with a NUL", changed(account="a\x00b"), 422, "invalid_input", "account"),
    ("account with a lone surrogate", changed(account="\ud800"), 422, "invalid_input", "account"),
    ("Hummingbot's own account", changed(account="master_account"), 422, "unknown_account", "account"),
    ("name empty", changed(name=""), 422, "invalid_name", "name"),
    ("name of blanks", changed(name="   "), 422, "invalid_name", "name"),
    ("name of 300 characters", changed(name="x" * 300), 422, "invalid_name", "name"),
    ("name with a path", changed(name="../../etc"), 422, "invalid_name", "name"),
    ("name with a line break", changed(name="a\nb"), 422, "invalid_name", "name"),
    ("name with a NUL", changed(name="a\x00b"), 422, "invalid_input", "name"),
    ("name missing", without("name"), 422, "invalid_input", "name"),
    ("name a number", changed(name=7), 422, "invalid_input", "name"),
    ("config missing", without("config"), 422, "invalid_input", "config"),
    ("config a list", changed(config=[]), 422, "invalid_input", "config"),
    ("config empty", changed(config={}), 422, "invalid_config", "config.bid_spread"),
    ("start a word", changed(start="yes"), 422, "invalid_input", "start"),
    ("field unknown", changed(script_content="import os"), 422, "invalid_input", "script_content"),
    (
        "the first integration's body",
        {"script_content": "x", "script_name": "x.py", "instance_name": "x", "credentials_profile": "y"},
        422,
        "invalid_input",
        "name",
    ),
    ("body a list", [], 400, "malformed_body", None),
    ("body a text", "bot", 400, "malformed_body", None),
    ("body null", b"null", 400, "malformed_body", None),
    ("body empty", b"", 400, "malformed_body", None),
    ("body not JSON", b"name=Sharp", 400, "malformed_body", None),
    ("body cut off", json.dumps(BODY).encode()[:-5], 400, "malformed_body", None),
    ("body not UTF-8", b'{"name": "\xff"}', 400, "malformed_body", None),
    ("body with NaN", json.dumps(BODY).replace("0.003", "NaN").encode(), 400, "malformed_body", None),
    ("body with Infinity", json.dumps(BODY).replace("0.003", "-Infinity").encode(), 400, "malformed_body", None),
    ("number of 5000 digits", json.dumps(BODY).replace("1600", "1" * 5000).encode(), 400, "malformed_body", None),
    ("number 1e999999999", json.dumps(BODY).replace("1600", "1e999999999").encode(), 400, "malformed_body", None),
    ("nested 100000 deep", b"[" * 100_000, 400, "malformed_body", None),
    ("nested 50 deep", config(bid_spread=json.loads("[" * 50 + "]" * 50)), 400, "malformed_body", None),
    ("body over 1 MiB", changed(name="x" * 1_100_000), 413, "payload_too_large", None),
]


def upstream_calls(sandbox: SandboxClient) -> Any:
    """What a created bot would leave on the server."""
    active = sandbox.get("/docker/active-containers")
    exited = sandbox.get("/docker/exited-containers")
    configs = sandbox.get("/controllers/configs/")
    return active, exited, configs


@pytest.mark.parametrize(("words", "body", "status", "code", "field"), CASES, ids=[case[0] for case in CASES])
def test_nothing_is_created(
    bridge: BridgeThread,
    sandbox: SandboxClient,
    words: str,
    body: Any,
    status: int,
    code: str,
    field: str | None,
) -> None:
    before = upstream_calls(sandbox)

    answer = bridge.call("POST", "/bots/create", body, headers={"Idempotency-Key": words.replace(" ", "-")})

    assert (answer.status, answer.error["code"], answer.error["field"]) == (status, code, field), answer.body
    assert 0 < len(answer.error["message"]) < 400
    assert answer.error["hint"]
    assert bridge.get("/bots?archived=true")["total"] == 0
    assert upstream_calls(sandbox) == before


def test_a_key_is_not_used_up_by_a_refused_request(lone_bridge: BridgeThread) -> None:
    headers = {"Idempotency-Key": "second-try"}
    refused = lone_bridge.call("POST", "/bots/create", changed(strategy="grid", start=False), headers=headers)
    assert refused.status == 422

    assert lone_bridge.call("POST", "/bots/create", changed(start=False), headers=headers).status == 202


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer ", "Basic YWRtaW46YWRtaW4=", "Bearer a b", "token", ""])
def test_a_wrong_token_is_refused(bridge: BridgeThread, header: str) -> None:
    answer = bridge.call("POST", "/bots/create", BODY, token=None, headers={"Authorization": header})

    assert (answer.status, answer.error["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert bridge.get("/bots?archived=true")["total"] == 0


def test_the_token_is_asked_for_before_the_body_is_judged(bridge: BridgeThread) -> None:
    assert bridge.call("POST", "/bots/create", changed(strategy="grid"), token=None).status == 401


# ── the server is not what it should be ─────────────────────────────────────────────────────────


def test_upstream_down(sandbox: SandboxClient, tmp_path: Path) -> None:
    with bridge_thread(bridge_settings(tmp_path, f"http://127.0.0.1:{free_port()}")) as bridge:
        poll(lambda: bridge.get("/status")["servers"][0]["reachable"] is False)

        answer = bridge.call("POST", "/bots/create", BODY)

        assert (answer.status, answer.error["code"]) == (503, "upstream_unreachable"), answer.body
        assert answer.error["hint"]
        assert bridge.get("/bots")["total"] == 0
        assert bridge.get("/bots")["stale"] is True
        account = bridge.call("POST", "/accounts", {"name": "client_fox"})
        assert (account.status, account.error["code"]) == (503, "upstream_unreachable"), account.body
        assert account.error["hint"]
        assert bridge.get("/accounts")["accounts"] == []


def test_upstream_goes_down_and_nothing_is_lost(tmp_path: Path) -> None:
    with ExitStack() as stack:
        sandbox = stack.enter_context(sandbox_process(tmp_path / "sandbox", speed=20))
        bridge = stack.enter_context(bridge_thread(bridge_settings(tmp_path / "home", sandbox.url)))
        bot = bridge.call("POST", "/bots/create", BODY, headers={"Prefer": "wait=60"}).json()
        assert bot["status"] == "running", bot

        sandbox.kill9()
        poll(lambda: bridge.get("/status")["servers"][0]["reachable"] is False)
        refused = bridge.call("POST", "/bots/create", BODY)
        after = bridge.get(f"/bots/{bot['id']}")

        assert (refused.status, refused.error["code"]) == (503, "upstream_unreachable")
        assert bridge.get("/bots")["total"] == 1
        assert bridge.get("/bots")["stale"] is True
        server = bridge.get("/status")["servers"][0]
        assert (server["mqtt"], server["docker"]) == ("unknown", None)  # nobody can see them now
        # last known, not blanked: the bot may trade on
        assert (after["status"], after["figures"]["mid"] is not None) == ("running", True)


class _Html(BaseHTTPRequestHandler):
    """A tunnel's own page, whatever is asked."""

    def do_GET(self) -> None:
        page = b"<!doctype html><html><body>Tunnel not found: db-7.internal.example</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_args: Any) -> None:
        pass


@pytest.fixture
def html_upstream() -> Iterator[str]:
    """Something that answers HTML where a Hummingbot API should be."""
    server = HTTPServer(("127.0.0.1", 0), _Html)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_upstream_answers_html(html_upstream: str, tmp_path: Path) -> None:
    with bridge_thread(bridge_settings(tmp_path, html_upstream)) as bridge:
        poll(lambda: bridge.get("/status")["servers"][0]["reachable"] is False)

        answer = bridge.call("POST", "/bots/create", BODY)

        assert answer.status == 503, answer.body
        assert answer.error["code"] == "upstream_not_hummingbot"
        assert answer.error["hint"]
        assert b"tunnel" not in answer.body.lower().replace(b"a tunnel", b"")
        assert b"internal.example" not in answer.body
        assert bridge.get("/bots")["total"] == 0
        assert bridge.get("/status")["servers"][0]["failure_code"] == "upstream_not_hummingbot"
