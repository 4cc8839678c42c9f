"""Each answer that lies, as measured on the real server (shared/hummingbot-api.md, "Answers that lie")."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.sandbox_server import SandboxClient, pmm_v1, poll, sandbox_thread
from trading_bridge.sandbox.connectors import ROLES, sandbox_credentials

DEPLOY = "/bot-orchestration/deploy-v2-controllers"
DEPLOY_SCRIPT = "/bot-orchestration/deploy-v2-script"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxClient]:
    with sandbox_thread(speed=40) as running:
        yield running


def body(name: str, *configs: str, **fields: Any) -> dict[str, Any]:
    return {
        "instance_name": name,
        "credentials_profile": "client_sharp",
        "controllers_config": list(configs),
        "headless": True,
        **fields,
    }


def exited(sandbox: SandboxClient, name: str) -> bool:
    return [row["name"] for row in sandbox.get(f"/docker/exited-containers?name_filter={name}")] == [name]


def running(sandbox: SandboxClient, name: str) -> bool:
    return bool(sandbox.bot(name)["status"] == "running")


# -- credentials ----------------------------------------------------------------------------------------


def test_missing_fields_take_another_accounts_keys(sandbox: SandboxClient) -> None:
    for account in ("keys_a", "keys_b"):
        sandbox.post(f"/accounts/add-account?account_name={account}")
    add = "/accounts/add-credential/{}/bitmart"
    first = sandbox.call("POST", add.format("keys_a"), {"bitmart_api_key": "sandbox-bitmart-key"})
    assert (first.status, first.json()) == (
        400,
        {"detail": "'BitmartConfigMap' object has no attribute 'bitmart_memo'"},
    )
    sandbox.post(add.format("keys_a"), sandbox_credentials("bitmart", "second"))
    assert sandbox.call("POST", add.format("keys_b"), {}).status == 201
    assert sandbox.get("/accounts/keys_b/credentials") == ["bitmart"]
    # What was stored are the other account's keys: its balance is the same money.
    state = sandbox.post("/portfolio/state", {"account_names": ["keys_a", "keys_b"], "refresh": True})
    assert state["keys_a"]["bitmart"] == state["keys_b"]["bitmart"]


def test_bitmart_checks_the_key_alone(sandbox: SandboxClient) -> None:
    sandbox.post("/accounts/add-account?account_name=loose")
    path, good = "/accounts/add-credential/loose/bitmart", sandbox_credentials("bitmart")
    assert sandbox.call("POST", path, {**good, "bitmart_secret_key": "wrong"}).status == 201
    assert sandbox.call("POST", path, {**good, "bitmart_memo": "wrong"}).status == 201
    unknown = sandbox.call("POST", path, {**good, "bitmart_api_key": "nobody"})
    assert unknown.status == 400
    assert "HTTP status is 401" in unknown.json()["detail"]
    assert "Header X-BM-KEY not found" in unknown.json()["detail"]
    assert "Header X-BM-KEY is empty" in sandbox.call("POST", path, dict.fromkeys(good, "")).json()["detail"]
    assert sandbox.get("/accounts/loose/credentials") == ["bitmart"]


def test_gate_checks_key_secret_and_address_but_not_the_right_to_trade(sandbox: SandboxClient) -> None:
    sandbox.post("/accounts/add-account?account_name=strict")
    path, good = "/accounts/add-credential/strict/gate_io", sandbox_credentials("gate_io", "readonly")
    for fields, word in (
        ({**good, "gate_io_secret_key": "wrong"}, "INVALID_SIGNATURE"),
        ({**good, "gate_io_api_key": "nobody"}, "INVALID_KEY"),
        (sandbox_credentials("gate_io", "ip"), "Request IP not in whitelist"),
    ):
        reply = sandbox.call("POST", path, fields)
        assert reply.status == 400
        assert word in reply.json()["detail"]
    assert sandbox.get("/accounts/strict/credentials") == []
    assert sandbox.call("POST", path, good).status == 201


def test_every_documented_key_is_on_the_exchange(sandbox: SandboxClient) -> None:
    sandbox.post("/accounts/add-account?account_name=all_keys")
    for connector in sandbox.get("/connectors/"):
        for role in set(ROLES) - {"ip"}:
            fields = sandbox_credentials(connector, role)
            reply = sandbox.call("POST", f"/accounts/add-credential/all_keys/{connector}", fields)
            assert reply.status == 201, (connector, role, reply)


@pytest.mark.parametrize(
    ("path", "fields", "detail"),
    [
        ("/accounts/add-credential/client_sharp/bitmart", {"api_key": "x"}, "Object has no attribute 'api_key'"),
        ("/accounts/add-credential/client_sharp/nowhere", {"api_key": "x"}, "'nowhere'"),
        ("/accounts/add-credential/nobody/bitmart", {}, "Directory 'credentials/nobody/connectors' not found"),
        ("/accounts/add-account?account_name=client_sharp", None, "Account already exists."),
        (
            "/accounts/add-account?account_name=client%20sharp",
            None,
            "Invalid account name: 'client sharp'. Only letters, numbers, underscores and hyphens are allowed.",
        ),
        ("/accounts/delete-account?account_name=master_account", None, "Cannot delete master account."),
    ],
)
def test_refusals_of_accounts(sandbox: SandboxClient, path: str, fields: Any, detail: str) -> None:
    reply = sandbox.call("POST", path, fields)
    assert (reply.status, reply.json()) == (400, {"detail": detail})


def test_deleting_what_is_not_there(sandbox: SandboxClient) -> None:
    assert sandbox.call("POST", "/accounts/delete-credential/client_sharp/kucoin").status == 200
    assert sandbox.call("POST", "/accounts/delete-account?account_name=nobody").status == 404


# -- paths and logins -----------------------------------------------------------------------------------


def test_slashes_matter(sandbox: SandboxClient) -> None:
    for path in ("/accounts", "/scripts", "/connectors", "/instances", "/bots", "/credentials"):
        reply = sandbox.call("GET", path)
        assert (reply.status, reply.json()) == (404, {"detail": "Not Found"})
    assert sandbox.call("POST", "/bot-orchestration/any/stop").status == 404
    wrong_method = sandbox.call("GET", "/trading/trades")
    assert (wrong_method.status, wrong_method.json()) == (405, {"detail": "Method Not Allowed"})


def test_who_may_ask(sandbox: SandboxClient) -> None:
    assert sandbox.call("GET", "/", auth=False).json()["name"] == "Hummingbot API"
    assert "/accounts/" in sandbox.call("GET", "/openapi.json", auth=False).json()["paths"]
    none = sandbox.call("GET", "/accounts/", auth=False)
    assert (none.status, none.headers["www-authenticate"]) == (401, "Basic")
    wrong = sandbox.call("GET", "/accounts/", auth=False, headers={"Authorization": "Basic YWRtaW46d3Jvbmc="})
    assert (wrong.status, wrong.json()) == (401, {"detail": "Incorrect username or password"})
    with sandbox_thread(api_key="sandbox-api-key") as keyed:
        assert keyed.call("GET", "/accounts/", auth=False, headers={"X-API-KEY": "sandbox-api-key"}).status == 200
        assert keyed.call("GET", "/accounts/", auth=False, headers={"X-API-KEY": "other"}).status == 401
        assert keyed.call("GET", "/accounts/").status == 200


# -- deploy ---------------------------------------------------------------------------------------------


def test_a_missing_profile_is_a_500_and_leaves_litter(sandbox: SandboxClient) -> None:
    sandbox.post("/controllers/configs/any", pmm_v1("any"))
    reply = sandbox.call("POST", DEPLOY, body("nobody", "any", credentials_profile="nobody"))
    detail = "[Errno 2] No such file or directory: 'bots/credentials/nobody'"
    assert (reply.status, reply.json()) == (500, {"detail": detail})
    assert sandbox.get("/docker/active-containers?name_filter=nobody") == []


@pytest.mark.parametrize("name", ["with space", "with.dot", "café", ""])
def test_bad_instance_names_are_a_plain_500(sandbox: SandboxClient, name: str) -> None:
    reply = sandbox.call("POST", DEPLOY, body(name, "any"))
    assert (reply.status, reply.body) == (500, b"Internal Server Error")
    assert reply.headers["content-type"].startswith("text/plain")


def test_other_names_fail_in_other_ways(sandbox: SandboxClient) -> None:
    assert sandbox.call("POST", DEPLOY, body("-dash", "any")).json()["success"] is False
    assert sandbox.call("POST", DEPLOY, body("x" * 300, "any")).status == 500
    missing = sandbox.call("POST", DEPLOY, {"instance_name": "x"})
    assert missing.status == 422
    assert missing.json()["detail"][0]["loc"] == ["body", "credentials_profile"]


def test_a_missing_image_is_a_200(sandbox: SandboxClient) -> None:
    reply = sandbox.call("POST", DEPLOY, body("badimage", "any", image="hummingbot/hummingbot:nosuch"))
    assert reply.status == 200
    assert reply.json()["success"] is False
    assert "pull access denied" in reply.json()["message"]


def test_the_second_deploy_of_a_second_kills_the_first_bot() -> None:
    # At real speed: "the same second" is the machine's.
    with sandbox_thread(speed=15) as sandbox:
        sandbox.post("/controllers/configs/twice", pmm_v1("twice"))

        def same_second() -> tuple[Any, Any] | None:
            first, second = (sandbox.post(DEPLOY, body("twice", "twice")) for _ in range(2))
            return (first, second) if first["success"] and not second["success"] else None

        first, second = poll(same_second)
        assert "409 Client Error" in second["message"]
        assert "already in use by container" in second["message"]
        name = first["unique_instance_name"]
        poll(lambda: exited(sandbox, name))
        log = sandbox.get(f"/sandbox/containers/{name}/log")
        assert log["exit_code"] == 1
        assert ".password_verification" in log["lines"][-1]


@pytest.mark.parametrize(
    ("stem", "config", "account", "reason"),
    [
        ("noconfig", None, "client_sharp", "FileNotFoundError"),
        ("noid", {k: v for k, v in pmm_v1("noid").items() if k != "id"}, "client_sharp", "Field required"),
        ("nokeys", pmm_v1("nokeys", connector_name="kucoin"), "client_sharp", "API keys required"),
        ("emptyacc", pmm_v1("emptyacc"), "master_account", "API keys required"),
        ("extra", pmm_v1("extra", leverage=20), "client_sharp", "Extra inputs are not permitted"),
        ("simple", pmm_v1("simple", controller_name="pmm_simple"), "client_sharp", "pmm_simple"),
    ],
)
def test_deploys_that_succeed_and_die(
    sandbox: SandboxClient, stem: str, config: dict[str, Any] | None, account: str, reason: str
) -> None:
    if config is not None:
        assert sandbox.call("POST", f"/controllers/configs/{stem}", config).status == 201
    answer = sandbox.post(DEPLOY, body(stem, stem, credentials_profile=account))
    assert answer["success"] is True
    name = answer["unique_instance_name"]
    poll(lambda: exited(sandbox, name))
    log = sandbox.get(f"/sandbox/containers/{name}/log")
    assert log["exit_code"] == 1
    assert any(reason in line for line in log["lines"])
    poll(lambda: sandbox.bot(name)["status"] == "not_found")


def test_scripts_that_trade_nothing(sandbox: SandboxClient) -> None:
    base = {"credentials_profile": "client_sharp", "headless": True}
    old_style = {**base, "instance_name": "old", "script_content": "print(1)", "script_name": "s"}
    name = sandbox.post(DEPLOY_SCRIPT, old_style)["unique_instance_name"]
    poll(lambda: sandbox.bot(name).get("recently_active"))
    assert (sandbox.bot(name)["status"], sandbox.bot(name)["performance"]) == ("stopped", {})
    assert sandbox.fills(name) == []
    sandbox.post("/scripts/configs/conf", {"script_file_name": "v2_with_controllers.py", "controllers_config": []})
    missing = sandbox.post(DEPLOY_SCRIPT, {**base, "instance_name": "noyml", "script_config": "conf"})
    poll(lambda: exited(sandbox, missing["unique_instance_name"]))
    found = sandbox.post(DEPLOY_SCRIPT, {**base, "instance_name": "yml", "script_config": "conf.yml"})
    poll(lambda: sandbox.bot(found["unique_instance_name"]).get("recently_active"))


def test_an_unknown_pair_reads_stopped_with_errors(sandbox: SandboxClient) -> None:
    name = sandbox.deploy("badpair", pmm_v1("badpair", trading_pair="NO-PAIR"))
    poll(lambda: len(sandbox.bot(name).get("error_logs", ())) > 2)
    bot = sandbox.bot(name)
    assert (bot["status"], bot["recently_active"]) == ("stopped", True)


# -- a bot that runs with zeros --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stem", "keys", "mark", "text"),
    [
        ("poor", sandbox_credentials("bitmart", "poor"), "CloseType.INSUFFICIENT_BALANCE", "Not enough budget"),
        (
            "wrongsecret",
            {**sandbox_credentials("bitmart"), "bitmart_secret_key": "wrong"},
            "CloseType.FAILED",
            "Order failed",
        ),
        ("reader", sandbox_credentials("bitmart", "readonly"), "CloseType.FAILED", "Order failed"),
    ],
)
def test_a_bot_that_can_not_trade_reads_running(
    sandbox: SandboxClient, stem: str, keys: dict[str, str], mark: str, text: str
) -> None:
    sandbox.post(f"/accounts/add-account?account_name={stem}")
    sandbox.post(f"/accounts/add-credential/{stem}/bitmart", keys)
    name = sandbox.deploy(stem, pmm_v1(stem, connector_name="bitmart"), stem)

    def marked() -> Any:
        performance = sandbox.bot(name).get("performance", {}).get(stem, {}).get("performance", {})
        return performance if mark in performance.get("close_type_counts", {}) else None

    performance = poll(marked)
    assert performance["volume_traded"] == 0.0
    bot = sandbox.bot(name)
    assert bot["status"] == "running"
    assert any(text in entry["msg"] for entry in bot["error_logs"])


# -- start, stop, archive --------------------------------------------------------------------------------


def test_stop_reads_stopped_then_running_again(sandbox: SandboxClient) -> None:
    name = sandbox.deploy("stopping", pmm_v1("stopping"))
    fills = poll(lambda: sandbox.fills(name))
    # The report comes up to a second after the fill.
    poll(lambda: sandbox.bot(name)["performance"]["stopping"]["performance"]["volume_traded"] > 0)
    assert sandbox.post("/bot-orchestration/start-bot", {"bot_name": name})["response"] == {"success": True}
    assert sandbox.post("/bot-orchestration/stop-bot", {"bot_name": name})["response"] == {"success": True}
    assert all(entry["performance"] == {} for entry in sandbox.bot(name)["performance"].values())
    poll(lambda: any(e["msg"] == "Hummingbot stopped." for e in sandbox.bot(name)["general_logs"]))
    assert sandbox.fills(name) == []
    bot = poll(lambda: sandbox.bot(name) if running(sandbox, name) else None)
    assert bot["performance"]["stopping"]["performance"] == {}
    orders = sandbox.get("/sandbox/exchange/accounts/gate_io:main/orders")
    created = {e["msg"].split()[4] for e in bot["general_logs"] if e["msg"].startswith("Created")}
    assert not created & {order["client_id"] for order in orders}
    run = sandbox.get(f"/bot-orchestration/bot-runs?bot_name={name}")["data"][0]
    final = json.loads(run["final_status"])
    assert final["performance"]["stopping"]["performance"]["volume_traded"] > 0
    assert json.loads(run["deployment_config"])["controllers_config"] == ["stopping"]
    # Start starts nothing; a restart of the container does.
    sandbox.post("/bot-orchestration/start-bot", {"bot_name": name})
    assert sandbox.post(f"/docker/stop-container/{name}") is None
    assert sandbox.post(f"/docker/start-container/{name}") is None
    fresh = poll(lambda: sandbox.fills(name))
    assert not {f["trade_id"] for f in fresh} & {f["trade_id"] for f in fills}


def test_archive_leaves_a_ghost(sandbox: SandboxClient) -> None:
    name = sandbox.deploy("ghost", pmm_v1("ghost"))
    fills = poll(lambda: sandbox.fills(name))
    sandbox.post(f"/bot-orchestration/stop-and-archive-bot/{name}")
    poll(lambda: name not in sandbox.get("/bot-orchestration/status")["data"])
    ghost = poll(lambda: sandbox.get("/bot-orchestration/status")["data"].get(name))
    assert ghost["source"] == "mqtt"
    poll(lambda: name not in sandbox.get("/bot-orchestration/status")["data"])
    run = sandbox.get(f"/bot-orchestration/bot-runs?bot_name={name}")["data"][0]
    assert (run["run_status"], run["deployment_status"]) == ("STOPPED", "ARCHIVED")
    trades = sandbox.get(f"/archived-bots/bots/archived/{name}/data/{name}.sqlite/trades")["trades"]
    assert {t["exchange_trade_id"] for t in trades} >= {f["trade_id"] for f in fills}
    refused = sandbox.post(f"/bot-orchestration/stop-and-archive-bot/{name}")
    assert (refused["status"], refused["details"]["active_bots"].count(name)) == ("error", 0)


def test_unknown_bots_are_never_a_404(sandbox: SandboxClient) -> None:
    assert sandbox.bot("nobody") == {"status": "not_found", "error": "Bot nobody not found"}
    refused = {"success": False, "message": "Bot nobody not found"}
    assert sandbox.get("/bot-orchestration/nobody/history")["response"] == refused
    for action in ("start-bot", "stop-bot"):
        assert sandbox.post(f"/bot-orchestration/{action}", {"bot_name": "nobody"})["response"] == refused


def test_docker_answers_in_strings(sandbox: SandboxClient) -> None:
    for action in ("start", "stop"):
        answer = sandbox.post(f"/docker/{action}-container/nobody")
        assert "No such container: nobody" in answer
    assert sandbox.call("POST", "/docker/remove-container/nobody").status == 400
    assert sandbox.call("POST", "/docker/remove-container/hummingbot-nobody").status == 500
    images = sandbox.call("GET", "/docker/available-images/")
    assert (images.status, images.body) == (500, b"Internal Server Error")
    assert sandbox.get("/docker/available-images/?image_name=hummingbot") == ["hummingbot/hummingbot:latest"]


def test_a_killed_container_reads_running_for_a_while(sandbox: SandboxClient) -> None:
    # Far from the mid, so that nobody trades with it meanwhile.
    name = sandbox.deploy("killed", pmm_v1("killed", buy_spreads=[0.2], sell_spreads=[0.2], order_refresh_time=3600))
    poll(lambda: running(sandbox, name))
    created = poll(lambda: [e for e in sandbox.bot(name)["general_logs"] if e["msg"].startswith("Created")])
    sandbox.post(f"/sandbox/containers/{name}/crash")
    assert running(sandbox, name)
    assert exited(sandbox, name)
    orders = sandbox.get("/sandbox/exchange/accounts/gate_io:main/orders")
    # Nobody cancels for it: what it had open stays.
    assert {order["client_id"] for order in orders} >= {e["msg"].split()[4] for e in created[-2:]}
    poll(lambda: sandbox.bot(name)["status"] == "not_found")


def test_stopping_a_container_freezes_the_whole_api() -> None:
    with sandbox_thread(speed=20) as sandbox:
        name = sandbox.deploy("frozen", pmm_v1("frozen"))
        before = sandbox.get("/sandbox/clock")["elapsed"]
        stopping = threading.Thread(target=sandbox.post, args=(f"/docker/stop-container/{name}",))
        stopping.start()
        # /sandbox is not frozen: it shows when the stop has begun.
        poll(lambda: sandbox.get("/sandbox/clock")["frozen"])
        sandbox.get("/accounts/")
        assert sandbox.get("/sandbox/clock")["elapsed"] >= before + 10
        stopping.join()


def test_a_live_change_is_seen_without_a_restart(sandbox: SandboxClient) -> None:
    name = sandbox.deploy("live", pmm_v1("live", order_refresh_time=5, filled_order_delay=1))
    poll(lambda: running(sandbox, name))
    sandbox.post(f"/controllers/bots/{name}/live/config", {"order_amount": 777})
    poll(lambda: any(" for 777 SHARP-USDT" in e["msg"] for e in sandbox.bot(name)["general_logs"]))
    configs = sandbox.get(f"/controllers/bots/{name}/configs")
    assert (configs[0]["order_amount"], configs[0]["_config_name"]) == (777, "live")
    sandbox.post(f"/controllers/bots/{name}/live/config", {"manual_kill_switch": True})
    poll(lambda: any("Manual cash out" in e["msg"] for e in sandbox.bot(name)["general_logs"]))
    for path in (f"/controllers/bots/{name}/other/config", "/controllers/bots/nobody/live/config"):
        assert sandbox.call("POST", path, {}).status == 404


def test_configs_accept_anything(sandbox: SandboxClient) -> None:
    assert sandbox.call("POST", "/controllers/configs/junk", {"whatever": 1}).status == 201
    assert sandbox.get("/controllers/configs/junk") == {"whatever": 1, "id": "junk"}
    assert sandbox.call("POST", "/scripts/broken", {"content": "def ("}).status == 201
    assert sandbox.call("GET", "/scripts/broken/config/template").status == 500
    invalid = sandbox.call("POST", "/controllers/generic/pmm_v1/config/validate", pmm_v1("v", leverage="abc"))
    assert invalid.status == 400
    assert invalid.json()["detail"].startswith("1 validation error for PMMV1Config\nleverage\n")
    unread = sandbox.call("POST", "/controllers/configs/junk", b"{broken")
    assert (unread.status, unread.json()["detail"][0]["type"]) == (422, "json_invalid")
