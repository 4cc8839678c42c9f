"""Who may ask what: the table of routes is made from the app itself, so that a new route can't be forgotten."""

import hashlib
import json
from datetime import UTC, datetime
from functools import partial
from io import StringIO

import pytest

from tests.support.bridge_server import PASSWORD, TOKEN, BridgeThread
from tests.support.sandbox_server import poll
from trading_bridge.domain.access import Role, Scope
from trading_bridge.services.identity import new_id
from trading_bridge.storage.tokens import TokenRepository
from trading_bridge.storage.users import UserRepository
from trading_bridge.web.app import create_app

METHODS = ("get", "post", "put", "delete", "patch")


def operations(bridge: BridgeThread) -> list[tuple[str, str]]:
    """(method, path) of everything that /docs describes, and of its own two addresses."""
    described = create_app(bridge.runtime).openapi()["paths"]
    found = [
        (method.upper(), path.replace("{bot_id}", "bot_x").replace("{account}", "a").replace("{connector}", "b"))
        for path, item in described.items()
        for method in METHODS
        if method in item
    ]
    return [*found, ("GET", "/openapi.json")]


def body_of(method: str) -> dict[str, str] | None:
    return {} if method in {"POST", "PUT"} else None


def test_every_route_but_health_needs_a_token(bridge: BridgeThread) -> None:
    table = operations(bridge)
    assert len(table) > 15
    for method, path in table:
        body = body_of(method)
        for token in (None, "wrong"):
            answer = bridge.call(method, path, body, token=token)
            if path == "/health":
                assert (answer.status, answer.json()) == (200, {"status": "ok"})
            else:
                assert (answer.status, answer.error["code"]) == (401, "unauthenticated"), (method, path)


def test_a_cookie_reads_and_never_changes_anything(bridge: BridgeThread) -> None:
    cookie = {"Cookie": bridge.sign_in()}
    for method, path in operations(bridge):
        if path == "/events":
            continue
        body = body_of(method)
        answer = bridge.call(method, path, body, token=None, headers=cookie)
        if method == "GET":
            assert answer.status in {200, 404}, (method, path, answer.body)
        else:
            assert (answer.status, answer.error["code"]) == (401, "unauthenticated"), (method, path)


def test_a_wrong_token_is_not_healed_by_a_cookie(bridge: BridgeThread) -> None:
    answer = bridge.call("GET", "/bots", token="wrong", headers={"Cookie": bridge.sign_in()})

    assert answer.status == 401


def test_a_reading_token_may_not_write(bridge: BridgeThread) -> None:
    async def add() -> None:
        digest = hashlib.sha256(b"token-that-reads").hexdigest()
        async with bridge.runtime.database.writing() as connection:
            [admin] = await UserRepository(connection).with_role(Role.ADMIN)
            await TokenRepository(connection).add(
                new_id("token"), "watcher", digest, admin.id, [Scope.READ], datetime.now(UTC)
            )

    bridge.run(add())

    assert bridge.call("GET", "/bots", token="token-that-reads").status == 200
    refused = bridge.call("POST", "/bots/bot_x/stop", token="token-that-reads")
    assert (refused.status, refused.error["code"]) == (403, "forbidden")


def test_nothing_secret_is_in_any_answer_or_log_line(bridge: BridgeThread, log: StringIO) -> None:
    key, secret = "gate-key-0123456789", "gate-secret-ABCDEFGHIJ"
    cookie = bridge.sign_in()
    bridge.form("/app/login", {"email": "ana@firm.test", "password": "wrong-" + PASSWORD})
    answers = [
        bridge.call("PUT", "/accounts/client_sharp/credentials/gate_io", body)
        for body in (
            {"gate_io_api_key": key, "gate_io_secret_key": secret},
            {"gate_io_api_key": key},
            {"gate_io_api_key": key, "gate_io_secret_key": secret, secret: key},
            {"gate_io_api_key": {"nested": secret}},
            f'{{"gate_io_api_key": "{key}", "gate_io_secret_key": "{secret}"'.encode(),
        )
    ]
    answers += [
        bridge.call(method, path, None, headers={"X-Api-Key": secret, "Cookie": cookie})
        for method, path in operations(bridge)
        if path != "/events" and method == "GET"
    ]
    answers.append(bridge.call("GET", f"/nothing?token={secret}&password={key}"))
    answers.append(bridge.call("GET", "/bots", token=secret))

    assert {answer.status for answer in answers[:5]} <= {200, 400, 422}
    for value in (TOKEN, PASSWORD, key, cookie.partition("=")[2]):
        assert all(value.encode() not in answer.body for answer in answers), value
    # a field's name is told back: it is what is wrong
    assert all(secret.encode() not in answer.body for index, answer in enumerate(answers) if index != 2)
    written = log.getvalue()
    assert written.count('"event": "request"') > 15
    for value in (TOKEN, PASSWORD, key, secret, cookie.partition("=")[2]):
        assert value not in written, value
    for line in written.splitlines():
        json.loads(line)


def test_the_request_id_is_the_log_lines(bridge: BridgeThread, log: StringIO) -> None:
    given = bridge.call("GET", "/bots", headers={"X-Request-ID": "trace-0123456789"})
    made = bridge.call("GET", "/bots", headers={"X-Request-ID": "no good\tid"})

    assert given.headers["X-Request-ID"] == "trace-0123456789"
    assert made.headers["X-Request-ID"] not in {None, "", "no good\tid"}
    for wanted in ("trace-0123456789", made.headers["X-Request-ID"]):
        poll(partial(contains, log, f'"request_id": "{wanted}"'))


def contains(log: StringIO, text: str) -> bool:
    return text in log.getvalue()


@pytest.mark.parametrize("path", ["/bots", "/app/login", "/docs", "/nothing", "/health", "/app/nothing"])
def test_every_answer_carries_the_headers_that_protect_it(bridge: BridgeThread, path: str) -> None:
    headers = bridge.call("GET", path).headers

    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Server"] is None
    assert headers["X-Request-ID"]
