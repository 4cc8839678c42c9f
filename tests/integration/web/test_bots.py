"""REST of bots, over real HTTP, against the sandbox."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.bridge_server import BridgeThread
from tests.support.sandbox_server import poll

BODY: dict[str, Any] = {
    "name": "Sharp Spread",
    "account": "client_sharp",
    "connector": "gate_io",
    "pair": "SHARP/USDT",
    "strategy": "spread",
    "config": {"bid_spread": 0.003, "ask_spread": 0.003, "order_amount": 1600, "order_refresh_time": 60},
}
CONTRACT = {
    "id",
    "name",
    "account",
    "connector",
    "pair",
    "strategy",
    "config",
    "desired",
    "status",
    "status_reason",
    "created_at",
    "updated_at",
    "notices",
}


def draft(bridge: BridgeThread, **changed: Any) -> dict[str, Any]:
    """A bot that is not started."""
    answer = bridge.call("POST", "/bots/create", {**BODY, "start": False, **changed})
    assert answer.status == 202, answer.body
    found: dict[str, Any] = answer.json()
    return found


def test_a_bot_is_created_runs_fills_stops_and_is_archived(bridge: BridgeThread) -> None:
    created = bridge.call("POST", "/bots/create", BODY, headers={"Prefer": "wait=60"})

    assert created.status == 202
    assert created.headers["Preference-Applied"] == "wait=60"
    bot = created.json()
    assert set(bot) >= CONTRACT
    assert (bot["status"], bot["desired"]) == ("running", "running"), bot
    assert created.headers["Location"] == f"/bots/{bot['id']}"
    path = f"/bots/{bot['id']}"
    assert bridge.get(path)["name"] == "Sharp Spread"

    fills = poll(lambda: bridge.get(f"{path}/fills")["fills"], 40)
    assert all(isinstance(fill["price"], str) and Decimal(fill["price"]) > 0 for fill in fills)
    performance = poll(lambda: (found := bridge.get(f"{path}/performance"))["fills"] and found, 20)
    assert Decimal(performance["volume"]) > 0
    assert performance["quote_token"] == "USDT"
    assert [line["message"] for line in bridge.get(f"{path}/logs")["lines"]]
    assert poll(lambda: bridge.get(f"{path}/samples")["samples"], 20)

    stopped = bridge.call("POST", f"{path}/stop", headers={"Prefer": "respond-async, wait=60"})
    assert (stopped.status, stopped.json()["status"]) == (202, "stopped"), stopped.body
    kept = bridge.get(f"{path}/fills")["fills"]
    assert {fill["trade_id"] for fill in fills} <= {fill["trade_id"] for fill in kept}

    archived = bridge.call("POST", f"{path}/archive", headers={"Prefer": "wait=60"})
    assert (archived.status, archived.json()["status"]) == (202, "archived"), archived.body
    assert bot["id"] not in [found["id"] for found in bridge.get("/bots")["bots"]]
    assert bot["id"] in [found["id"] for found in bridge.get("/bots?status=archived")["bots"]]
    assert bridge.get(f"{path}/fills")["fills"]

    steps = [event["step"] for event in bridge.get(f"{path}/timeline")["events"] if event["state"] == "done"]
    deploy = ["profile", "credentials", "validated", "uploaded", "deployed", "container", "connected", "reporting"]
    assert [step for step in steps if step in deploy] == deploy


def test_numbers_of_a_config_come_back_digit_for_digit(bridge: BridgeThread) -> None:
    raw = json.dumps({**BODY, "start": False, "config": {}})
    numbers = '{"bid_spread":0.00300000000000000001,"ask_spread":0.0030,"order_amount":1600.10}'
    answer = bridge.call("POST", "/bots/create", raw.replace("{}", numbers).encode())

    assert answer.status == 202, answer.body
    assert b'"bid_spread":0.00300000000000000001' in answer.body
    config = bridge.get(f"/bots/{answer.json()['id']}")["config"]
    assert config["bid_spread"] == Decimal("0.00300000000000000001")
    assert config["ask_spread"] == Decimal("0.0030")
    assert config["order_amount"] == Decimal("1600.10")
    assert config["order_refresh_time"] == 60


def test_bitmart_keeps_working_and_carries_its_notice(bridge: BridgeThread) -> None:
    bot = draft(bridge, connector="bitmart")

    assert bot["status"] == "draft"
    [notice] = bot["notices"]
    assert (notice["connector"], notice["severity"], notice["effective"]) == ("bitmart", "closed", "2026-08-26")
    assert draft(bridge)["notices"] == []


@pytest.mark.parametrize("key", ["order-1", "x" * 200, "~!/{}"])
def test_the_same_key_makes_one_bot(bridge: BridgeThread, key: str) -> None:
    headers = {"Idempotency-Key": key}
    body = {**BODY, "start": False, "name": f"Idem {len(key)}"}

    first = bridge.call("POST", "/bots/create", body, headers=headers)
    again = bridge.call("POST", "/bots/create", body, headers=headers)
    other = bridge.call("POST", "/bots/create", {**body, "name": "Another"}, headers=headers)

    assert (first.status, again.status) == (202, 202)
    assert first.json()["id"] == again.json()["id"]
    assert (other.status, other.error["code"], other.error["field"]) == (
        409,
        "idempotency_conflict",
        "Idempotency-Key",
    )
    assert bridge.get(f"/bots?q={quote(body['name'])}")["total"] == 1


@pytest.mark.parametrize("key", ["with blank", "x" * 201, "tab\there", ""])
def test_an_unusable_key_is_refused(bridge: BridgeThread, key: str) -> None:
    before = bridge.get("/bots")["total"]

    answer = bridge.call("POST", "/bots/create", {**BODY, "start": False}, headers={"Idempotency-Key": key})

    assert (answer.status, answer.error["code"], answer.error["field"]) == (422, "invalid_input", "Idempotency-Key")
    assert bridge.get("/bots")["total"] == before


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [("wait=0", "wait=0"), ('wait="1"', "wait=1"), ("handling=lenient; wait=1", "wait=1"), ("WAIT=1", "wait=1")]
    + [(bad, None) for bad in ("wait=-1", "wait=x", "wait", "awaiting=4", "")],
)
def test_prefer_is_read_as_its_rfc_says(bridge: BridgeThread, prefer: str, applied: str | None) -> None:
    answer = bridge.call("POST", "/bots/create", {**BODY, "start": False}, headers={"Prefer": prefer})

    assert (answer.status, answer.headers["Preference-Applied"]) == (202, applied)


def test_a_longer_wait_is_cut_to_a_minute(bridge: BridgeThread) -> None:
    answer = bridge.call("POST", "/bots/create", {**BODY, "start": False}, headers={"Prefer": "wait=86400"})

    assert (answer.status, answer.headers["Preference-Applied"]) == (202, "wait=60")


def test_lists_are_filtered_and_paged(bridge: BridgeThread) -> None:
    ids = [draft(bridge, name=f"Paged {number}")["id"] for number in range(3)]

    page = bridge.get("/bots?q=paged&limit=2&offset=1")
    assert [bot["id"] for bot in page["bots"]] == ids[1:]
    assert (page["total"], page["limit"], page["offset"]) == (3, 2, 1)
    assert bridge.get("/bots?q=paged&status=draft&account=client_sharp")["total"] == 3
    assert bridge.get("/bots?q=paged&status=running")["total"] == 0
    assert bridge.get("/bots?q=paged&account=nobody")["total"] == 0
    everything = bridge.get("/bots")
    assert isinstance(everything["stale"], bool)
    assert everything["as_of"].endswith("Z")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=trading", "status"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=x", "limit"),
        ("offset=-1", "offset"),
        ("q=" + "x" * 101, "q"),
        ("q=%00", "q"),
        ("account=" + "x" * 51, "account"),
        ("archived=maybe", "archived"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(bridge: BridgeThread, query: str, field: str) -> None:
    answer = bridge.call("GET", f"/bots?{query}")

    assert (answer.status, answer.error["code"], answer.error["field"]) == (422, "invalid_input", field)


def test_a_filter_on_a_status_names_the_vocabulary(bridge: BridgeThread) -> None:
    message = bridge.call("GET", "/bots?status=trading").error["message"]

    for word in ("draft", "deploying", "running", "degraded", "stopping", "stopped", "archiving", "archived"):
        assert word in message
    for word in ("failed", "lost", "uncertain"):
        assert word in message


@pytest.mark.parametrize("action", ["start", "stop", "archive"])
def test_an_action_that_makes_no_sense_is_a_conflict(bridge: BridgeThread, action: str) -> None:
    bot = draft(bridge)
    if action != "stop":
        bridge.call("POST", f"/bots/{bot['id']}/archive", headers={"Prefer": "wait=30"})

    answer = bridge.call("POST", f"/bots/{bot['id']}/{action}")

    assert (answer.status, answer.error["code"]) == (409, "illegal_transition"), answer.body


@pytest.mark.parametrize("bot_id", ["bot_none", "%00", "..%2f..%2fetc", "x" * 100, "%ff", "a%0ab", "%F0%9F%98%80"])
@pytest.mark.parametrize("suffix", ["", "/fills", "/performance", "/logs", "/timeline", "/samples"])
def test_an_unknown_bot_is_not_found(bridge: BridgeThread, bot_id: str, suffix: str) -> None:
    answer = bridge.call("GET", f"/bots/{bot_id}{suffix}")

    assert (answer.status, answer.error["code"]) == (404, "not_found")


@pytest.mark.parametrize("action", ["start", "stop", "archive"])
def test_an_action_on_an_unknown_bot_is_not_found(bridge: BridgeThread, action: str) -> None:
    answer = bridge.call("POST", f"/bots/bot_none/{action}")

    assert (answer.status, answer.error["code"]) == (404, "not_found")
