"""Every way to fail answers the one shape; people get a page instead."""

from http.client import HTTPConnection
from typing import Any

import pytest

from tests.support.bridge_server import BridgeThread


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/bots/", 404, "not_found"),
        ("POST", "/bots/create/", 404, "not_found"),
        ("GET", "/static/nothing.js", 404, "not_found"),
        ("GET", "/static/../../../../etc/passwd", 404, "not_found"),
        ("GET", "/static/..%2f..%2fapp.py", 404, "not_found"),
        ("DELETE", "/bots", 405, "method_not_allowed"),
        ("POST", "/bots", 405, "method_not_allowed"),
        ("PATCH", "/accounts", 405, "method_not_allowed"),
        ("OPTIONS", "/bots/create", 405, "method_not_allowed"),
        ("HEAD", "/events", 405, ""),
        ("POST", "/static/app.css", 405, "method_not_allowed"),
        ("GET", "/bots/bot_none", 404, "not_found"),
        ("GET", "/bots?limit=x", 422, "invalid_input"),
    ],
)
def test_the_shape(bridge: BridgeThread, method: str, path: str, status: int, code: str) -> None:
    answer = bridge.call(method, path)

    assert answer.status == status
    if code:
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.error["code"] == code
        assert answer.error["message"]
        assert answer.error["hint"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/accounts", "GET, POST"),
        ("GET", "/bots/create/x/y", None),
        ("PUT", "/bots", "GET"),
        ("DELETE", "/bots/create", "GET, POST"),  # GET /bots/{bot_id} takes it, too
        ("GET", "/accounts/a/credentials/b", "PUT"),
        ("POST", "/health", "GET"),
    ],
)
def test_a_refused_method_tells_the_allowed_ones(
    bridge: BridgeThread, method: str, path: str, allowed: str | None
) -> None:
    assert bridge.call(method, path).headers["Allow"] == allowed


def test_head_is_answered_like_get(bridge: BridgeThread) -> None:
    answer = bridge.call("HEAD", "/health")

    assert (answer.status, answer.body) == (200, b"")


def test_a_bug_of_ours_tells_nothing_but_where_to_look(lone_bridge: BridgeThread, log: Any) -> None:
    lone_bridge.run(_drop_timeline(lone_bridge))

    answer = lone_bridge.call("GET", f"/bots/{_draft(lone_bridge)}/timeline", headers={"X-Request-ID": "find-me-12345"})

    assert (answer.status, answer.error["code"]) == (500, "internal_error")
    assert "find-me-12345" in answer.error["hint"]
    assert b"timeline" not in answer.body.lower()
    assert b"sqlite" not in answer.body.lower()
    assert "no such table" in log.getvalue()


async def _drop_timeline(bridge: BridgeThread) -> None:
    from sqlalchemy import text

    async with bridge.runtime.database.writing() as connection:
        await connection.execute(text("ALTER TABLE timeline RENAME TO elsewhere"))


def _draft(bridge: BridgeThread) -> str:
    config = {"bid_spread": 0.003, "ask_spread": 0.003, "order_amount": 1600}
    body = {
        "name": "Draft",
        "account": "client_sharp",
        "connector": "gate_io",
        "pair": "SHARP/USDT",
        "strategy": "spread",
        "config": config,
        "start": False,
    }
    answer = bridge.call("POST", "/bots/create", body)
    assert answer.status == 202, answer.body
    return str(answer.json()["id"])


def test_a_page_that_is_not_there_is_told_as_a_page(bridge: BridgeThread) -> None:
    answer = bridge.call("GET", "/app/nothing", headers={"Cookie": bridge.sign_in()}, token=None)

    assert answer.status == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert b"<html" in answer.body


def test_a_body_without_an_announced_length_is_limited_too(bridge: BridgeThread) -> None:
    connection = HTTPConnection(bridge.host, bridge.port, timeout=30)
    headers = {"Authorization": "Bearer token-of-the-tests"}
    chunks = (b'{"name": "' if number == 0 else b"x" * 65536 for number in range(30))
    connection.request("POST", "/bots/create", chunks, headers, encode_chunked=True)
    response = connection.getresponse()

    assert response.status == 413
    assert b'"payload_too_large"' in response.read()
    connection.close()


@pytest.mark.parametrize("host", ["a b", "evil.test/x", "[::1", "h:port", "x" * 300])
def test_a_host_header_that_can_not_be_right_is_refused(bridge: BridgeThread, host: str) -> None:
    answer = bridge.call("GET", "/bots", headers={"Host": host})

    assert (answer.status, answer.error["field"]) == (422, "Host")


def test_answers_are_compressed_when_that_is_asked_for(bridge: BridgeThread) -> None:
    plain = bridge.call("GET", "/openapi.json")
    small = bridge.call("GET", "/openapi.json", headers={"Accept-Encoding": "gzip"})

    assert small.headers["Content-Encoding"] == "gzip"
    assert len(small.body) < len(plain.body) / 4
