"""The writer over real HTTP, against recorded answers: what is sent, and what is known then."""

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from tests.support.http_servers import Recording
from trading_bridge.domain.errors import (
    CredentialsIncomplete,
    UpstreamError,
    UpstreamNotHummingbot,
    UpstreamRejected,
    UpstreamUncertain,
    UpstreamUnreachable,
)
from trading_bridge.hummingbot.transport import HttpTransport
from trading_bridge.hummingbot.writes import HummingbotWriter

KEYS = {"gate_io_api_key": "my-api-key-1", "gate_io_secret_key": "my-secret-key-2"}


@pytest.fixture
def writer(transport: HttpTransport) -> HummingbotWriter:
    return HummingbotWriter(transport)


# ── accounts ────────────────────────────────────────────────────────────────────────────────────


async def test_an_account_that_exists_is_done(recording: Recording, writer: HummingbotWriter) -> None:
    recording.on("POST /accounts/add-account", '{"message":"Account added successfully."}', 201)
    recording.on("POST /accounts/add-account", '{"detail":"Account already exists."}', 400)
    await writer.add_account("client_sharp")
    await writer.add_account("client_sharp")
    assert recording.requests[0][1] == "/accounts/add-account?account_name=client_sharp"


async def test_an_account_name_that_is_refused(recording: Recording, writer: HummingbotWriter) -> None:
    detail = "Invalid account name: 'client sharp'. Only letters, numbers, underscores and hyphens are allowed."
    recording.on("POST /accounts/add-account", json.dumps({"detail": detail}), 400)
    with pytest.raises(UpstreamRejected) as caught:
        await writer.add_account("client sharp")
    assert (caught.value.message, caught.value.field) == (detail, "name")


ADD = "POST /accounts/add-credential/a/gate_io"


async def test_keys_are_sent_whole(recording: Recording, writer: HummingbotWriter) -> None:
    recording.on(ADD, '{"message":"Connector credentials added successfully."}', 201)
    await writer.add_credential("a", "gate_io", KEYS)
    assert json.loads(recording.requests[0][2]) == KEYS


@pytest.mark.parametrize(
    ("fields", "field"),
    [({}, "fields"), ({"k": "x", "s": ""}, "s"), ({"k": " \t"}, "k")],
)
async def test_incomplete_keys_are_not_sent(
    recording: Recording, writer: HummingbotWriter, fields: dict[str, str], field: str
) -> None:
    with pytest.raises(CredentialsIncomplete) as caught:
        await writer.add_credential("a", "gate_io", fields)
    assert caught.value.field == field
    assert recording.requests == []


EXECUTING = "Error executing request GET http://127.0.0.1:8780/api/v4/spot/accounts. HTTP status is {}. Error: {}"


@pytest.mark.parametrize(
    ("detail", "message", "field"),
    [
        (
            EXECUTING.format(401, '{"label": "INVALID_SIGNATURE", "message": "Signature mismatch"}'),
            "The exchange refused the keys: HTTP 401 INVALID_SIGNATURE (Signature mismatch).",
            None,
        ),
        (
            EXECUTING.format(401, '{"label": "INVALID_KEY", "message": "Invalid key provided my-api-key-1"}'),
            "The exchange refused the keys: HTTP 401 INVALID_KEY (Invalid key provided [hidden]).",
            None,
        ),
        (
            EXECUTING.format(403, '{"label": "FORBIDDEN", "message": "Request IP not in whitelist: 10.1.2.3"}'),
            "The exchange refused the keys: HTTP 403 FORBIDDEN (Request IP not in whitelist: [host]).",
            None,
        ),
        (
            EXECUTING.format(
                401, '{"code": 30002, "trace": "a471", "message": "Header X-BM-KEY not found", "data": {}}'
            ),
            "The exchange refused the keys: HTTP 401 30002 (Header X-BM-KEY not found).",
            None,
        ),
        (EXECUTING.format(500, "oops"), "The exchange refused the keys: HTTP 500.", None),
        (
            "Directory 'credentials/a/connectors' not found",
            "The server has no such account (credentials profile).",
            "account",
        ),
        ("'nosuchexchange'", "The server has no such connector.", "connector"),
        ("Object has no attribute 'api_key'", "The connector's keys have no such field.", "api_key"),
        (
            "'BitmartConfigMap' object has no attribute 'bitmart_memo'",
            "This field of the keys is missing.",
            "bitmart_memo",
        ),
        ("bad value my-secret-key-2", "The keys were refused. bad value [hidden]", None),
    ],
)
async def test_refused_keys_in_words(
    recording: Recording, writer: HummingbotWriter, detail: str, message: str, field: str | None
) -> None:
    recording.on(ADD, json.dumps({"detail": detail}), 400)
    with pytest.raises(UpstreamRejected) as caught:
        await writer.add_credential("a", "gate_io", KEYS)
    assert (caught.value.message, caught.value.field) == (message, field)


@pytest.mark.parametrize("status", [422, 500])
async def test_no_failure_repeats_a_key(recording: Recording, writer: HummingbotWriter, status: int) -> None:
    body = {"detail": [{"loc": ["body", "x"], "msg": "bad my-secret-key-2", "input": KEYS}]}
    recording.on(ADD, json.dumps(body), status)
    with pytest.raises(UpstreamError) as caught:
        await writer.add_credential("a", "gate_io", KEYS)
    assert not any(value in caught.value.message for value in KEYS.values())


async def test_keys_that_are_gone_are_deleted(recording: Recording, writer: HummingbotWriter) -> None:
    path = "POST /accounts/delete-credential/a/gate_io"
    recording.on(path, '{"message":"Credential deleted successfully."}')
    recording.on(path, '{"detail":"no file"}', 404)
    await writer.delete_credential("a", "gate_io")
    await writer.delete_credential("a", "gate_io")
    assert len(recording.requests) == 2


# ── configs ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_config_arrives_digit_by_digit(recording: Recording, writer: HummingbotWriter) -> None:
    recording.on("POST /controllers/configs/c-g1", '{"message":"saved"}', 201)
    await writer.upload_config("c-g1", {"id": "c-g1", "order_amount": Decimal("0.1234567890123456789012")})
    assert recording.requests[0][2] == b'{"id":"c-g1","order_amount":0.1234567890123456789012}'


async def test_deleting_a_config_tells_whether_it_was_there(recording: Recording, writer: HummingbotWriter) -> None:
    recording.on("DELETE /controllers/configs/c-g1", '{"message":"deleted"}')
    recording.on("DELETE /controllers/configs/c-g1", '{"detail":"Configuration \'c-g1\' not found"}', 404)
    assert await writer.delete_config("c-g1") is True
    assert await writer.delete_config("c-g1") is False


@pytest.mark.parametrize("body", ['{"detail":"Not Found"}', "<html>404</html>", "not found"])
async def test_a_404_that_proves_nothing_is_not_taken_for_gone(
    recording: Recording, writer: HummingbotWriter, body: str
) -> None:
    recording.on("DELETE /controllers/configs/c-g1", body, 404)
    with pytest.raises(UpstreamNotHummingbot):
        await writer.delete_config("c-g1")


async def test_changing_a_running_bot(recording: Recording, writer: HummingbotWriter) -> None:
    path = "POST /controllers/bots/b/c/config"
    recording.on(path, '{"message":"updated"}')
    recording.on(path, '{"detail":"Bot \'b\' not found"}', 404)
    recording.on(path, "{\"detail\":\"Controller configuration 'c' not found for bot 'b'\"}", 404)
    await writer.update_bot_config("b", "c", {"buy_spreads": [Decimal("0.003")]})
    assert recording.requests[0][2] == b'{"buy_spreads":[0.003]}'
    for field in ("instance", "config_id"):
        with pytest.raises(UpstreamRejected) as caught:
            await writer.update_bot_config("b", "c", {})
        assert caught.value.field == field


# ── deploy ──────────────────────────────────────────────────────────────────────────────────────

DEPLOY = "POST /bot-orchestration/deploy-v2-controllers"


async def test_a_deploy(recording: Recording, writer: HummingbotWriter) -> None:
    recording.on(
        DEPLOY,
        '{"success":true,"message":"Instance recheck-20261120-151231 created successfully.",'
        '"script_config_generated":"recheck-20261120-151231.yml","controllers_deployed":["smoke_pmm"],'
        '"unique_instance_name":"recheck-20261120-151231"}',
    )
    name = await writer.deploy("recheck", "smoke", "smoke_pmm", "hummingbot/hummingbot:version-2.18.0")
    assert name == "recheck-20261120-151231"
    assert json.loads(recording.requests[0][2]) == {
        "instance_name": "recheck",
        "credentials_profile": "smoke",
        "controllers_config": ["smoke_pmm"],
        "headless": True,
        "image": "hummingbot/hummingbot:version-2.18.0",
    }
    await writer.deploy("recheck", "smoke", "smoke_pmm", None)
    assert "image" not in json.loads(recording.requests[1][2])


DOCKER = "{} for http+docker://localhost/v1.43/{}"
DEPLOY_OUTCOMES: list[tuple[int, str, type[UpstreamError], str | None]] = [
    (
        500,
        '{"detail":"[Errno 2] No such file or directory: \'bots/credentials/nosuch\'"}',
        UpstreamRejected,
        "account",
    ),
    (500, '{"detail":"[Errno 2] No such file or directory: \'bots/other\'"}', UpstreamUncertain, None),
    (500, "Internal Server Error", UpstreamUncertain, None),
    (500, '{"detail":"UnixHTTPConnectionPool: Read timed out. (read timeout=60)"}', UpstreamUncertain, None),
    (500, "<html>No such file or directory: 'credentials/x'</html>", UpstreamNotHummingbot, None),
    (
        422,
        '{"detail":[{"loc":["body","credentials_profile"],"msg":"Field required"}]}',
        UpstreamRejected,
        None,
    ),
    (200, '{"success":false,"message":"404 Client Error: pull access denied"}', UpstreamRejected, None),
    (200, '{"success":false}', UpstreamRejected, None),
    (
        200,
        '{"success":false,"message":"409 Client Error: Conflict. Name already in use"}',
        UpstreamUncertain,
        None,
    ),
    (200, '{"success":false,"message":"500 Server Error: start failed"}', UpstreamUncertain, None),
    (200, '{"success":true,"message":"created"}', UpstreamUncertain, None),
    (200, '{"success":true,"unique_instance_name":""}', UpstreamUncertain, None),
    (200, '{"unique_instance_name":"x"}', UpstreamUncertain, None),
    (200, "[]", UpstreamNotHummingbot, None),
    (404, '{"detail":"Not Found"}', UpstreamNotHummingbot, None),
    (404, '{"detail":"something else"}', UpstreamRejected, None),
]


@pytest.mark.parametrize(("status", "body", "expected", "field"), DEPLOY_OUTCOMES)
async def test_what_is_known_after_a_deploy(
    recording: Recording,
    writer: HummingbotWriter,
    status: int,
    body: str,
    expected: type[UpstreamError],
    field: str | None,
) -> None:
    recording.on(DEPLOY, body, status)
    with pytest.raises(UpstreamError) as caught:
        await writer.deploy("n", "a", "c", None)
    assert type(caught.value) is expected
    assert field is None or caught.value.field == field
    assert len(recording.requests) == 1


# ── stop, archive, containers ───────────────────────────────────────────────────────────────────

STOP = "POST /bot-orchestration/stop-bot"


async def test_stop_cancels_orders(recording: Recording, writer: HummingbotWriter) -> None:
    recording.on(STOP, '{"status":"success","response":{"success":true}}')
    await writer.stop_bot("b")
    assert json.loads(recording.requests[0][2]) == {
        "bot_name": "b",
        "skip_order_cancellation": False,
        "async_backend": False,
    }


@pytest.mark.parametrize(
    ("response", "field"),
    [
        ('{"success":false,"message":"Bot b not found"}', "instance"),
        ('{"success":false}', None),
        ("{}", None),
    ],
)
async def test_a_stop_that_was_not_published(
    recording: Recording, writer: HummingbotWriter, response: str, field: str | None
) -> None:
    recording.on(STOP, f'{{"status":"success","response":{response}}}')
    with pytest.raises(UpstreamRejected) as caught:
        await writer.stop_bot("b")
    assert caught.value.field == field


ARCHIVE = "POST /bot-orchestration/stop-and-archive-bot/b"


async def test_archive_asks_for_cancelled_orders(recording: Recording, writer: HummingbotWriter) -> None:
    recording.on(ARCHIVE, '{"status":"success","message":"started","details":{}}')
    await writer.stop_and_archive("b")
    assert recording.requests[0][1].endswith("?skip_order_cancellation=false&archive_locally=true")


@pytest.mark.parametrize(
    ("body", "expected", "field"),
    [
        ('{"status":"error","message":"Bot \'b\' not found in active bots"}', UpstreamRejected, "instance"),
        ('{"status":"error"}', UpstreamRejected, None),
        ('{"status":"maybe"}', UpstreamUncertain, None),
    ],
)
async def test_archive_refused(
    recording: Recording,
    writer: HummingbotWriter,
    body: str,
    expected: type[UpstreamError],
    field: str | None,
) -> None:
    recording.on(ARCHIVE, body)
    with pytest.raises(expected) as caught:
        await writer.stop_and_archive("b")
    assert caught.value.field == field


@pytest.mark.parametrize("action", ["stop", "start"])
async def test_containers(recording: Recording, writer: HummingbotWriter, action: str) -> None:
    act = writer.stop_container if action == "stop" else writer.start_container
    route = f"POST /docker/{action}-container/b"
    for body in (
        "null",
        json.dumps(DOCKER.format("404 Client Error", "containers/b/json") + ": Not Found (No such container: b)"),
        '"400 Client Error: bad parameter"',
        '"500 Server Error: something"',
    ):
        recording.on(route, body)
    await act("b")
    for expected, field in (
        (UpstreamRejected, "instance"),
        (UpstreamRejected, None),
        (UpstreamUncertain, None),
    ):
        with pytest.raises(UpstreamError) as caught:
            await act("b")
        assert (type(caught.value), caught.value.field) == (expected, field)
        assert "docker" not in caught.value.message


async def test_removing_a_container(recording: Recording, writer: HummingbotWriter) -> None:
    route = "POST /docker/remove-container/hummingbot-b"
    recording.on(route, '{"success":true,"message":"Container hummingbot-b removed successfully."}')
    recording.on(route, '{"success":false,"message":"404 Client Error: No such container: hummingbot-b"}')
    recording.on(route, '{"success":false}')
    recording.on(route, "{}")
    recording.on(route, '{"detail":"archiving failed"}', 500)
    recording.on(route, '{"detail":"This endpoint only removes Hummingbot containers."}', 400)
    await writer.remove_container("hummingbot-b")
    assert recording.requests[0][1].endswith("?archive_locally=true")
    expected: list[tuple[type[UpstreamError], str | None]] = [
        (UpstreamRejected, "instance"),
        (UpstreamRejected, None),
        (UpstreamUncertain, None),
        (UpstreamUncertain, None),
        (UpstreamRejected, None),
    ]
    for error, field in expected:
        with pytest.raises(UpstreamError) as caught:
            await writer.remove_container("hummingbot-b")
        assert (type(caught.value), caught.value.field) == (error, field)


# ── every write ─────────────────────────────────────────────────────────────────────────────────

WRITES: dict[str, Callable[[HummingbotWriter], Awaitable[object]]] = {
    "add_account": lambda writer: writer.add_account("a"),
    "add_credential": lambda writer: writer.add_credential("a", "gate_io", KEYS),
    "delete_credential": lambda writer: writer.delete_credential("a", "gate_io"),
    "upload_config": lambda writer: writer.upload_config("c", {}),
    "delete_config": lambda writer: writer.delete_config("c"),
    "update_bot_config": lambda writer: writer.update_bot_config("b", "c", {}),
    "deploy": lambda writer: writer.deploy("n", "a", "c", None),
    "stop_bot": lambda writer: writer.stop_bot("b"),
    "stop_and_archive": lambda writer: writer.stop_and_archive("b"),
    "stop_container": lambda writer: writer.stop_container("b"),
    "start_container": lambda writer: writer.start_container("b"),
    "remove_container": lambda writer: writer.remove_container("hummingbot-b"),
}


@pytest.mark.parametrize("write", WRITES)
async def test_a_write_to_nobody_was_never_sent(write: str) -> None:
    transport = HttpTransport("http://127.0.0.1:1")
    with pytest.raises(UpstreamUnreachable):
        await WRITES[write](HummingbotWriter(transport))
    await transport.close()


@pytest.mark.parametrize("write", WRITES)
async def test_a_write_that_meets_a_web_page_is_never_done_nor_refused(
    write: str, recording: Recording, writer: HummingbotWriter
) -> None:
    for route in _every_route():
        recording.on(route, "<html>sign in</html>")
    with pytest.raises(UpstreamUncertain):
        await WRITES[write](writer)
    assert len(recording.requests) == 1


def _every_route() -> list[str]:
    return [
        "POST /accounts/add-account",
        ADD,
        "POST /accounts/delete-credential/a/gate_io",
        "POST /controllers/configs/c",
        "DELETE /controllers/configs/c",
        "POST /controllers/bots/b/c/config",
        DEPLOY,
        STOP,
        ARCHIVE,
        "POST /docker/stop-container/b",
        "POST /docker/start-container/b",
        "POST /docker/remove-container/hummingbot-b",
    ]
