"""Every answer of a recorded session validates against the real server's own schema, when that is at hand."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import jsonschema  # type: ignore[import-untyped]
import pytest
from starlette.routing import Route

from tests.support.sandbox_server import Reply, SandboxClient, pmm_v1, poll, sandbox_thread
from trading_bridge.sandbox.app import create_app
from trading_bridge.sandbox.connectors import sandbox_credentials
from trading_bridge.sandbox.settings import SandboxSettings

SCHEMA = Path(__file__).resolve().parents[3] / "shared" / "upstream" / "openapi.json"

pytestmark = pytest.mark.skipif(not SCHEMA.exists(), reason="the real server's schema is not beside this checkout")

# Paths of the exchange's dialects and of the sandbox itself; no Hummingbot API has them.
FOREIGN = ("/sandbox/", "/api/v4/", "/spot/", "/account/", "/system/time", "/system/service", "/contract/", "/openapi")


class Schema:
    """The real server's OpenAPI document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.paths: dict[str, dict[str, Any]] = document["paths"]
        self._components = document["components"]
        self._patterns = [(re.compile(_pattern(template)), template) for template in self.paths]

    def operation(self, method: str, path: str) -> dict[str, Any]:
        """The operation behind a request; AssertionError when the real server has none."""
        found = [template for pattern, template in self._patterns if pattern.fullmatch(path)]
        # Of several, the one with the fewest parameters is the one that the router takes.
        for template in sorted(found, key=lambda t: t.count("{")):
            operation: dict[str, Any] | None = self.paths[template].get(method.lower())
            if operation is not None:
                return operation
        raise AssertionError(f"the real server does not have {method} {path}")

    def check(self, value: Any, schema: dict[str, Any]) -> None:
        """Raise jsonschema.ValidationError when the value doesn't fit."""
        whole = {**schema, "components": self._components}
        jsonschema.Draft202012Validator(whole).validate(value)


def _pattern(template: str) -> str:
    parts = re.split(r"(\{[^}]+\})", template)
    return "".join(
        (".+" if part == "{db_path}" else "[^/]+") if part.startswith("{") else re.escape(part) for part in parts
    )


class Recorder(SandboxClient):
    """Holds each request and each answer against the schema as they go by."""

    def __init__(self, settings: SandboxSettings, schema: Schema) -> None:
        super().__init__(settings)
        self.seen: set[tuple[str, str]] = set()
        self._schema = schema

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        reply = super().call(method, path, body, **options)
        bare = urlsplit(path).path
        if bare.startswith(FOREIGN):
            return reply
        operation = self._schema.operation(method, bare)
        self.seen.add((method, bare))
        if reply.status < 300 and body is not None:
            self._schema.check(body, operation["requestBody"]["content"]["application/json"]["schema"])
        documented = operation["responses"].get(str(reply.status))
        if documented is not None:
            self._schema.check(reply.json(), documented["content"]["application/json"]["schema"])
        else:
            assert reply.status in {400, 401, 404, 500}, (method, path, reply)
            assert isinstance(reply.json()["detail"], str)
        return reply


@pytest.fixture(scope="module")
def schema() -> Schema:
    return Schema(json.loads(SCHEMA.read_text()))


@pytest.fixture(scope="module")
def recorder(schema: Schema) -> Iterator[Recorder]:
    with sandbox_thread(speed=40) as running:
        yield Recorder(running.settings, schema)


def test_every_route_that_the_sandbox_serves_is_the_real_servers(schema: Schema) -> None:
    app = create_app(SandboxSettings())
    app.state.world.close()
    routes = [route for route in app.routes if isinstance(route, Route)]
    served = [route for route in routes if not route.path.startswith(FOREIGN)]
    assert len(served) > 60
    for route in served:
        template = route.path.replace(":path}", "}")
        for method in (route.methods or set()) - {"HEAD"}:
            assert method.lower() in schema.paths.get(template, {}), f"{method} {template}"


def test_accounts_connectors_and_markets(recorder: Recorder) -> None:
    call = recorder.call
    call("GET", "/")
    call("GET", "/accounts/")
    assert call("POST", "/accounts/add-account?account_name=shapes").status == 201
    assert call("POST", "/accounts/add-account").status == 422
    assert call("POST", "/accounts/add-account?account_name=shapes").status == 400
    assert call("POST", "/accounts/add-credential/shapes/mexc", sandbox_credentials("mexc")).status == 201
    assert call("POST", "/accounts/add-credential/shapes/mexc", [1]).status == 422
    call("GET", "/accounts/shapes/credentials")
    assert call("GET", "/accounts/nobody/credentials").status == 404
    call("POST", "/accounts/delete-credential/shapes/mexc")
    call("POST", "/accounts/delete-account?account_name=shapes")
    call("GET", "/connectors/")
    for connector in recorder.get("/connectors/"):
        assert set(call("GET", f"/connectors/{connector}/config-map").json()) == set(sandbox_credentials(connector))
        call("GET", f"/connectors/{connector}/order-types")
    assert call("GET", "/connectors/gate_io/trading-rules").status == 200
    assert call("GET", "/connectors/nowhere/trading-rules").status == 404
    pairs = {"connector_name": "gate_io", "trading_pairs": ["SHARP-USDT"]}
    assert call("POST", "/market-data/prices", pairs).status == 200
    assert call("POST", "/market-data/prices", {}).status == 422
    assert call("POST", "/market-data/prices", {**pairs, "trading_pairs": ["NO-NO"]}).status == 500
    book = {"connector_name": "gate_io", "trading_pair": "SHARP-USDT"}
    assert call("POST", "/market-data/order-book", {**book, "depth": 3}).status == 200
    assert call("POST", "/market-data/order-book", {**book, "depth": 0}).status == 422
    volume = {**book, "is_buy": True, "volume": 1000}
    assert call("POST", "/market-data/order-book/price-for-volume", volume).json()["result_price"] > 0
    assert call("POST", "/portfolio/state", {"refresh": True}).status == 200
    for path in ("trades", "orders/search", "orders/active", "positions"):
        assert call("POST", f"/trading/{path}", {"limit": 2}).status == 200
    assert call("GET", "/system/resources").json()["memory"]["total"] > 0


def test_configs_and_scripts(recorder: Recorder) -> None:
    call = recorder.call
    call("GET", "/controllers/")
    call("GET", "/controllers/generic/pmm_v1")
    call("GET", "/controllers/generic/pmm_v1/config/template")
    assert call("GET", "/controllers/sideways/pmm_v1/config/template").status == 422
    config = pmm_v1("shapes")
    assert call("POST", "/controllers/generic/pmm_v1/config/validate", config).status == 200
    assert call("POST", "/controllers/generic/pmm_v1/config/validate", {**config, "x": 1}).status == 400
    assert call("POST", "/controllers/generic/unknown/config/validate", config).status == 404
    assert call("POST", "/controllers/configs/shapes", config).status == 201
    call("GET", "/controllers/configs/")
    call("GET", "/controllers/configs/shapes")
    call("DELETE", "/controllers/configs/shapes")
    assert call("DELETE", "/controllers/configs/shapes").status == 404
    assert call("POST", "/scripts/own", {"content": "x = 1"}).status == 201
    assert call("POST", "/scripts/own", {}).status == 422
    assert call("POST", "/scripts/configs/own", {"script_file_name": "own.py"}).status == 201
    for path in ("/scripts/", "/scripts/own", "/scripts/configs/", "/scripts/configs/own"):
        assert call("GET", path).status == 200
    assert call("GET", "/scripts/v2_with_controllers/config/template").status == 200
    call("DELETE", "/scripts/configs/own")
    call("DELETE", "/scripts/own")


def test_a_bots_life(recorder: Recorder) -> None:
    call = recorder.call
    name = recorder.deploy("hummingbot-shapes", pmm_v1("shapes"))
    poll(lambda: recorder.bot(name)["status"] == "running")
    poll(lambda: recorder.fills(name))
    poll(lambda: recorder.get("/bot-orchestration/status")["data"][name]["source"] == "docker")
    call("GET", "/bot-orchestration/mqtt")
    call("GET", "/bot-orchestration/controller-performance-latest")
    call("GET", "/bot-orchestration/controller-performance-history?interval=5m")
    assert call("GET", "/bot-orchestration/controller-performance-history?interval=7m").status == 422
    run = recorder.get(f"/bot-orchestration/bot-runs?bot_name={name}")["data"][0]
    call("GET", f"/bot-orchestration/bot-runs/{run['id']}")
    assert call("GET", "/bot-orchestration/bot-runs/999").status == 404
    assert call("GET", "/bot-orchestration/bot-runs?limit=many").status == 422
    call("GET", "/bot-orchestration/bot-runs/stats")
    call("GET", f"/controllers/bots/{name}/configs")
    call("POST", f"/controllers/bots/{name}/shapes/config", {"order_amount": 2000})
    for path in ("running", "active-containers", "exited-containers", "pull-status/"):
        assert call("GET", f"/docker/{path}").status == 200
    assert call("GET", "/docker/available-images/?image_name=hummingbot").status == 200
    assert call("POST", "/bot-orchestration/start-bot", {"bot_name": name}).status == 200
    assert call("POST", "/bot-orchestration/start-bot", {}).status == 422
    assert call("POST", "/bot-orchestration/stop-bot", {"bot_name": name}).status == 200
    assert call("POST", f"/bot-orchestration/stop-and-archive-bot/{name}").status == 200
    database = f"bots/archived/{name}/data/{name}.sqlite"
    poll(lambda: database in recorder.get("/archived-bots/"))
    encoded = quote(database, safe="")
    for leaf in ("status", "summary", "trades?limit=2"):
        # The schema's own path matcher sees the decoded path.
        assert call("GET", f"/archived-bots/{encoded}/{leaf}").status == 200
    assert call("DELETE", f"/archived-bots/{encoded}").json()["bot_runs_deleted"] == 1
    assert call("GET", f"/archived-bots/{encoded}/summary").status == 404
    script = {"instance_name": "scr", "credentials_profile": "client_sharp", "script": "own"}
    assert call("POST", "/bot-orchestration/deploy-v2-script", script).json()["success"] is True
    assert call("POST", "/bot-orchestration/deploy-v2-script", {"instance_name": "scr"}).status == 422
    assert len(recorder.seen) > 20
