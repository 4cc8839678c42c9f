"""REST of accounts and their keys, and of health."""

import pytest

from tests.support.bridge_server import BridgeThread
from tests.support.sandbox_server import SandboxClient
from trading_bridge.sandbox.connectors import sandbox_credentials


def test_the_demo_account_is_there(bridge: BridgeThread) -> None:
    [account] = [found for found in bridge.get("/accounts")["accounts"] if found["name"] == "client_sharp"]

    assert {"bitmart", "gate_io"} <= set(account["connectors"])
    assert account["present"] is True
    assert account["created_at"].endswith("Z")
    assert "master_account" not in [found["name"] for found in bridge.get("/accounts")["accounts"]]


def test_an_account_is_made_upstream_and_gets_keys(bridge: BridgeThread, sandbox: SandboxClient) -> None:
    name = f"client_{bridge.port}"
    made = bridge.call("POST", "/accounts", {"name": name})
    assert (made.status, made.json()["connectors"], made.json()["present"]) == (201, [], True), made.body
    assert name in sandbox.get("/accounts/")
    again = bridge.call("POST", "/accounts", {"name": name})
    assert (again.status, again.error["code"], again.error["field"]) == (409, "already_exists", "name")

    create = {
        "name": "Keyless",
        "account": name,
        "connector": "gate_io",
        "pair": "SHARP/USDT",
        "strategy": "spread",
        "config": {"bid_spread": 0.003, "ask_spread": 0.003, "order_amount": 1600},
    }
    keyless = bridge.call("POST", "/bots/create", create)
    assert (keyless.status, keyless.error["code"], keyless.error["field"]) == (422, "credentials_missing", "account")

    known = sandbox_credentials("gate_io", "second")
    put = bridge.call("PUT", f"/accounts/{name}/credentials/gate_io", known)
    assert (put.status, put.json()["connectors"]) == (200, ["gate_io"]), put.body
    assert all(value.encode() not in put.body for value in known.values())
    assert bridge.call("POST", "/bots/create", {**create, "start": False}).status == 202


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"gate_io_api_key": "k"}, "credentials_incomplete", "gate_io_secret_key"),
        ({"gate_io_api_key": "k", "gate_io_secret_key": ""}, "credentials_incomplete", "gate_io_secret_key"),
        ({"gate_io_api_key": "k", "gate_io_secret_key": "  "}, "credentials_incomplete", "gate_io_secret_key"),
        ({}, "credentials_incomplete", "gate_io_api_key"),
        (
            {"gate_io_api_key": "k", "gate_io_secret_key": "s", "memo": "m"},
            "credentials_incomplete",
            "memo",
        ),
        ({"gate_io_api_key": 7, "gate_io_secret_key": "s"}, "invalid_input", "gate_io_api_key"),
        ({"gate_io_api_key": "unknown-key-1", "gate_io_secret_key": "s-123456"}, "credentials_refused", None),
    ],
)
def test_keys_that_will_not_do(bridge: BridgeThread, fields: dict[str, object], code: str, field: str | None) -> None:
    answer = bridge.call("PUT", "/accounts/client_sharp/credentials/gate_io", fields)

    assert (answer.status, answer.error["code"]) == (422, code), answer.body
    assert answer.error["hint"]
    if field is not None:
        assert answer.error["field"] == field
    [account] = [found for found in bridge.get("/accounts")["accounts"] if found["name"] == "client_sharp"]
    assert "gate_io" in account["connectors"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/accounts/nobody/credentials/gate_io", 404, "not_found"),
        ("/accounts/..%2fx/credentials/gate_io", 404, "not_found"),
        ("/accounts/%00/credentials/gate_io", 404, "not_found"),
        ("/accounts/client_sharp/credentials/nope", 422, "unknown_connector"),
        ("/accounts/client_sharp/credentials/A%20b", 422, "unknown_connector"),
    ],
)
def test_keys_for_nothing_known(bridge: BridgeThread, path: str, status: int, code: str) -> None:
    answer = bridge.call("PUT", path, {"gate_io_api_key": "k", "gate_io_secret_key": "s"})

    assert (answer.status, answer.error["code"]) == (status, code), answer.body


@pytest.mark.parametrize("name", ["", "a b", "../etc", "x" * 51, "master_account", "é", "a\nb"])
def test_an_account_name_has_its_rule(bridge: BridgeThread, name: str) -> None:
    answer = bridge.call("POST", "/accounts", {"name": name})

    assert (answer.status, answer.error["code"], answer.error["field"]) == (422, "invalid_name", "name"), answer.body


def test_status_tells_of_the_whole(bridge: BridgeThread) -> None:
    status = bridge.get("/status")

    assert status["database"] == {"kind": status["database"]["kind"], "ok": True}
    [server] = status["servers"]
    assert (server["reachable"], server["version"]) == (True, "1.0.1")
    assert server["since"].endswith("Z")
