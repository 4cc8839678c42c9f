"""/openapi.json tells the truth: every field described, every real answer fits its schema."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.support.bridge_server import BridgeThread
from tests.support.sandbox_server import poll

ISSUE = {
    ("post", "/bots/create"),
    ("get", "/bots"),
    ("get", "/bots/{bot_id}"),
    ("post", "/bots/{bot_id}/start"),
    ("post", "/bots/{bot_id}/stop"),
    ("post", "/bots/{bot_id}/archive"),
    ("get", "/bots/{bot_id}/fills"),
    ("get", "/bots/{bot_id}/performance"),
    ("get", "/bots/{bot_id}/logs"),
    ("get", "/bots/{bot_id}/timeline"),
    ("get", "/accounts"),
    ("post", "/accounts"),
    ("put", "/accounts/{account}/credentials/{connector}"),
    ("get", "/status"),
    ("get", "/health"),
    ("get", "/events"),
}


@pytest.fixture
def description(bridge: BridgeThread) -> dict[str, Any]:
    found: dict[str, Any] = bridge.get("/openapi.json")
    return found


def operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in description["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def test_the_contract_is_there(description: dict[str, Any]) -> None:
    assert {(method, path) for method, path, _ in operations(description)} >= ISSUE


def test_everything_is_described(description: dict[str, Any]) -> None:
    for method, path, operation in operations(description):
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), (method, path, parameter["name"])
        secured = operation.get("security")
        assert secured or path == "/health", (method, path)
    for name, schema in description["components"]["schemas"].items():
        if name in {"HTTPValidationError", "ValidationError"}:
            pytest.fail("FastAPI's own error shape is never answered")
        for field, found in schema.get("properties", {}).items():
            assert found.get("description"), (name, field)
            assert "example" in str(found) or "$ref" in str(found) or found.get("type") == "array", (name, field)


def test_examples_use_an_exchange_that_trades(description: dict[str, Any]) -> None:
    example = description["components"]["schemas"]["BotRequest"]["example"]
    assert example["connector"] == "gate_io"
    assert example["name"] == "Sharp Spread"


def test_every_real_answer_fits_its_schema(bridge: BridgeThread, description: dict[str, Any]) -> None:
    body = {**description["components"]["schemas"]["BotRequest"]["example"], "name": "Described"}
    created = bridge.call("POST", "/bots/create", body, headers={"Prefer": "wait=60"})
    path = f"/bots/{created.json()['id']}"
    poll(lambda: bridge.get(f"{path}/fills")["fills"], 40)
    poll(lambda: bridge.get(f"{path}/samples")["samples"], 40)
    fits(description, "post", "/bots/create", "202", created.json())
    for route in ("", "/fills", "/performance", "/logs", "/timeline", "/samples"):
        fits(description, "get", f"/bots/{{bot_id}}{route}", "200", bridge.get(path + route))
    for route in ("/bots", "/accounts", "/status", "/health"):
        fits(description, "get", route, "200", bridge.get(route))
    stopped = bridge.call("POST", f"{path}/stop")
    fits(description, "post", "/bots/{bot_id}/stop", "202", stopped.json())
    fits(description, "get", "/bots/{bot_id}", "404", bridge.call("GET", "/bots/none").json())
    fits(description, "post", "/bots/create", "422", bridge.call("POST", "/bots/create", {}).json())


def fits(description: dict[str, Any], method: str, path: str, status: str, answer: Any) -> None:
    content = description["paths"][path][method]["responses"][status]["content"]
    schema = {**content["application/json"]["schema"], "components": description["components"]}
    problems = [error.message for error in Draft202012Validator(schema).iter_errors(answer)]
    assert not problems, (method, path, problems)
