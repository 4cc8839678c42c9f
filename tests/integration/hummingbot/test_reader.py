"""The reader over real HTTP, against answers as recorded (observed.md)."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.support.http_servers import Recording
from trading_bridge.domain.accounts import CredentialField
from trading_bridge.domain.errors import (
    UpstreamError,
    UpstreamNotHummingbot,
    UpstreamRejected,
    UpstreamUncertain,
    UpstreamUnreachable,
)
from trading_bridge.domain.instruments import Pair, TradingRules
from trading_bridge.hummingbot.client import HummingbotReader
from trading_bridge.hummingbot.transport import HttpTransport

SHARP = Pair("SHARP", "USDT")
BTC = Pair("BTC", "USDT")


@pytest.fixture
def reader(transport: HttpTransport) -> HummingbotReader:
    return HummingbotReader(transport)


async def test_version(recording: Recording, reader: HummingbotReader) -> None:
    recording.on("GET /", '{"name":"Hummingbot API","version":"1.0.1","status":"running"}')
    assert await reader.server_version() == "1.0.1"


@pytest.mark.parametrize("body", ['{"name":"Grafana","version":"9"}', '{"hello":"world"}', "[]", "<html></html>"])
async def test_another_service_is_not_hummingbot(recording: Recording, reader: HummingbotReader, body: str) -> None:
    recording.on("GET /", body)
    with pytest.raises(UpstreamNotHummingbot):
        await reader.server_version()


async def test_accounts_connectors_and_their_keys(recording: Recording, reader: HummingbotReader) -> None:
    recording.on("GET /accounts/", '["master_account","client_sharp"]')
    recording.on("GET /connectors/", '["gate_io","bitmart"]')
    recording.on("GET /accounts/client_sharp/credentials", '["bitmart"]')
    recording.on(
        "GET /accounts/nosuch/credentials",
        '{"detail":"Directory \'credentials/nosuch/connectors\' not found"}',
        404,
    )
    recording.on(
        "GET /connectors/bitmart/config-map",
        '{"bitmart_api_key":{"type":"SecretStr","required":true},"sub":{"type":"str","required":false}}',
    )
    assert await reader.accounts() == ["master_account", "client_sharp"]
    assert await reader.connectors() == ["gate_io", "bitmart"]
    assert await reader.credentials("client_sharp") == ["bitmart"]
    assert await reader.credentials("nosuch") is None
    assert await reader.credential_fields("bitmart") == [
        CredentialField("bitmart_api_key", secret=True, required=True),
        CredentialField("sub", secret=False, required=False),
    ]


async def test_a_missing_route_is_no_missing_profile(recording: Recording, reader: HummingbotReader) -> None:
    with pytest.raises(UpstreamNotHummingbot):
        await reader.credentials("anybody")
    assert len(recording.requests) == 1


@pytest.mark.parametrize("status", [404, 500])
async def test_an_unknown_connector_has_no_fields(recording: Recording, reader: HummingbotReader, status: int) -> None:
    recording.on("GET /connectors/", '["gate_io"]')
    recording.on("GET /connectors/nosuch/config-map", "Internal Server Error", status)
    recording.on("GET /connectors/gate_io/config-map", "Internal Server Error", 500)
    assert await reader.credential_fields("nosuch") is None
    with pytest.raises(UpstreamUncertain):
        await reader.credential_fields("gate_io")


RULES = (
    '{"SHARP-USDT":{"min_order_size":1.0,"max_order_size":null,"min_price_increment":1e-06,'
    '"min_base_amount_increment":1.0,"min_quote_amount_increment":1e-56,"min_notional_size":0.0,'
    '"min_order_value":5.0,"max_price_significant_digits":1e56,"supports_limit_orders":true},'
    '"NO-PAIR":{"error":"Trading pair NO-PAIR not found"}}'
)


async def test_trading_rules(recording: Recording, reader: HummingbotReader) -> None:
    recording.on("GET /connectors/gate_io/trading-rules", RULES)
    rules = await reader.trading_rules("gate_io", [SHARP, Pair("NO", "PAIR")])
    assert rules == {
        "SHARP-USDT": TradingRules(Decimal(1), None, Decimal("0.000001"), Decimal(1), Decimal(5)),
    }
    assert recording.requests[0][1].endswith("?trading_pairs=SHARP-USDT&trading_pairs=NO-PAIR")


async def test_trading_rules_of_nobody_and_of_a_silent_exchange(recording: Recording, reader: HummingbotReader) -> None:
    refusal = '{"detail":"Connector \'x\' not found or error: Cannot connect to host api.exchange.com:443"}'
    recording.on("GET /connectors/", '["gate_io"]')
    recording.on("GET /connectors/nosuch/trading-rules", refusal, 404)
    recording.on("GET /connectors/gate_io/trading-rules", refusal, 404)
    assert await reader.trading_rules("nosuch") is None
    with pytest.raises(UpstreamRejected) as caught:
        await reader.trading_rules("gate_io")
    assert "api.exchange.com" not in caught.value.message


PYDANTIC = (
    "1 validation error for MarketMakingControllerConfigBase\nleverage\n  Input should be a valid integer, "
    "unable to parse string as an integer [type=int_parsing, input_value='abc', input_type=str]\n"
    "    For further information visit https://errors.pydantic.dev/2.14/v/int_parsing"
)
VALIDATE = "POST /controllers/generic/pmm_v1/config/validate"


async def test_validation(recording: Recording, reader: HummingbotReader) -> None:
    recording.on(VALIDATE, '{"message":"Configuration is valid"}')
    await reader.validate_config("generic", "pmm_v1", {"order_amount": Decimal("1600.0000000000000001")})
    assert recording.requests[0][2] == b'{"order_amount":1600.0000000000000001}'


@pytest.mark.parametrize(
    ("status", "detail", "field", "message"),
    [
        (
            400,
            PYDANTIC,
            "leverage",
            "leverage: Input should be a valid integer, unable to parse string as an integer",
        ),
        (
            400,
            "1 validation error for X\n  Value error, both sides are off [type=value_error, input_value={}]",
            None,
            "both sides are off",
        ),
        (400, "unexpected", None, "unexpected"),
        (
            404,
            "Controller configuration class for 'pmm_v1' not found",
            "controller_name",
            "The server has no controller of that name.",
        ),
    ],
)
async def test_validation_refused(
    recording: Recording, reader: HummingbotReader, status: int, detail: str, field: str | None, message: str
) -> None:
    recording.on(VALIDATE, json.dumps({"detail": detail}), status)
    with pytest.raises(UpstreamRejected) as caught:
        await reader.validate_config("generic", "pmm_v1", {})
    assert (caught.value.field, caught.value.message) == (field, message)


async def test_bots(recording: Recording, reader: HummingbotReader) -> None:
    recording.on("GET /bot-orchestration/status", '{"status":"success","data":{"b":{"status":"idle"}}}')
    recording.on("GET /bot-orchestration/b/status", '{"status":"success","data":{"status":"idle"}}')
    recording.on(
        "GET /bot-orchestration/x/status",
        '{"status":"success","data":{"status":"not_found","error":"Bot x not found"}}',
    )
    recording.on("GET /bot-orchestration/y/status", '{"detail":"Bot not found"}', 404)
    assert list(await reader.bots()) == ["b"]
    bot = await reader.bot("b")
    assert bot is not None
    assert bot.upstream_status == "idle"
    assert await reader.bot("x") is None
    assert await reader.bot("y") is None


TRADE = (
    '{"market":"bitmart","trade_id":"d4a8","price":"0.050203","quantity":"1000.","symbol":"SHARP-USDT",'
    '"trade_timestamp":1795186505000,"trade_type":"BUY","base_asset":"SHARP","quote_asset":"USDT",'
    '"raw_json":{"trade_fee":{"fee_type":"AddedToCost","percent":"0","percent_token":"USDT",'
    '"flat_fees":[{"token":"USDT","amount":"0.12550750"}]}}}'
)
HISTORY = (
    '{"status":"success","response":{"success":true,"data":{"header":{"reply_to":"","timestamp":1795186564495},'
    '"data":{"status":%s,"msg":"","trades":[%s]}}}}'
)


async def test_history(recording: Recording, reader: HummingbotReader) -> None:
    recording.on("GET /bot-orchestration/b/history", HISTORY % (200, TRADE))
    fills = await reader.history("b", connector="bitmart", pair=SHARP, account="client_sharp")
    assert fills is not None
    assert [(one.trade_id, one.price, one.amount, one.fee, one.at) for one in fills] == [
        (
            "d4a8",
            Decimal("0.050203"),
            Decimal(1000),
            Decimal("0.12550750"),
            datetime(2026, 11, 20, 14, 55, 5, tzinfo=UTC),
        )
    ]
    assert recording.requests[0][1] == "/bot-orchestration/b/history?days=0&timeout=10"
    with pytest.raises(UpstreamUncertain):
        await reader.history("b", connector="gate_io", pair=SHARP, account="client_sharp")


async def test_history_without_trades_is_empty_and_without_an_answer_unknown(
    recording: Recording, reader: HummingbotReader
) -> None:
    recording.on("GET /bot-orchestration/empty/history", HISTORY % (200, ""))
    recording.on("GET /bot-orchestration/failed/history", HISTORY % (400, ""))
    recording.on(
        "GET /bot-orchestration/silent/history",
        '{"status":"success","response":{"success":false,"message":"No response received…","timeout":true}}',
    )
    recording.on("GET /bot-orchestration/gone/history", '{"detail":"no such bot"}', 404)
    told = {
        name: await reader.history(name, connector="bitmart", pair=SHARP, account="a")
        for name in ("empty", "failed", "silent", "gone")
    }
    assert told == {"empty": [], "failed": None, "silent": None, "gone": None}


ROW = (
    '{"connector_name":"bitmart","trading_pair":"SHARP-USDT","timestamp":1795187282000,"trade_type":"BUY",'
    '"price":0.049982,"amount":2038.0,"trade_fee_in_quote":0.254658,"exchange_trade_id":"%d"}'
)
DB = "bots/archived/b/data/b.sqlite"


async def test_archive_is_read_page_by_page(recording: Recording, reader: HummingbotReader) -> None:
    path = "GET /archived-bots/bots%2Farchived%2Fb%2Fdata%2Fb.sqlite/trades"
    recording.on("GET /archived-bots/", json.dumps([DB]))
    for first, more in ((1, "true"), (3, "false")):
        rows = f"{ROW % first},{ROW % (first + 1)}"
        recording.on(path, f'{{"db_path":"x","trades":[{rows}],"pagination":{{"total":4,"has_more":{more}}}}}')
    assert await reader.archived_databases() == [DB]
    fills = await reader.archived_fills(DB, connector="bitmart", pair=SHARP, account="a")
    assert [one.trade_id for one in fills] == ["1", "2", "3", "4"]
    assert all(one.approximate for one in fills)
    assert [one[1].partition("?")[2] for one in recording.requests[1:]] == [
        "limit=500&offset=0",
        "limit=500&offset=2",
    ]


async def test_an_archive_that_is_not_there(recording: Recording, reader: HummingbotReader) -> None:
    recording.on("GET /archived-bots/x.sqlite/trades", '{"detail":"Database not found: x.sqlite"}', 404)
    with pytest.raises(UpstreamRejected) as caught:
        await reader.archived_fills("x.sqlite", connector="bitmart", pair=SHARP, account="a")
    assert caught.value.field == "db_path"


CONTAINER = '{"id":"17b3","name":"%s","status":"exited","image":"hummingbot/hummingbot:latest"}'


async def test_containers(recording: Recording, reader: HummingbotReader) -> None:
    recording.on("GET /docker/active-containers", f"[{CONTAINER % 'a'},{CONTAINER % 'moving'}]")
    recording.on("GET /docker/exited-containers", f"[{CONTAINER % 'e'},{CONTAINER % 'moving'}]")
    told = await reader.containers()
    assert sorted(told.active) == ["a"]
    assert sorted(told.exited) == ["e", "moving"]  # it ended between the two questions


async def test_a_docker_error_as_text_is_unknown_not_empty(recording: Recording, reader: HummingbotReader) -> None:
    recording.on("GET /docker/exited-containers", '"Error while fetching server API version"')
    with pytest.raises(UpstreamUncertain):
        await reader.containers()


async def test_docker_running(recording: Recording, reader: HummingbotReader) -> None:
    for status, body in ((200, "true"), (200, "false"), (500, "Internal Server Error"), (502, "Bad Gateway")):
        recording.on("GET /docker/running", body, status)
    assert [await reader.docker_running() for _ in range(3)] == [True, False, False]
    with pytest.raises(UpstreamUncertain):
        await reader.docker_running()


async def test_images_and_mqtt(recording: Recording, reader: HummingbotReader) -> None:
    recording.on("GET /docker/available-images/", '["hummingbot/hummingbot:latest"]')
    recording.on("GET /bot-orchestration/mqtt", '{"status":"success","data":{"mqtt_connected":true}}')
    recording.on("GET /bot-orchestration/mqtt", '{"status":"success"}')
    assert await reader.images("hummingbot") == ["hummingbot/hummingbot:latest"]
    assert recording.requests[0][1].endswith("?image_name=hummingbot")
    assert await reader.mqtt_flag() is True
    assert await reader.mqtt_flag() is None


async def test_prices_and_book(recording: Recording, reader: HummingbotReader) -> None:
    recording.on("POST /market-data/prices", '{"connector":"g","prices":{"SHARP-USDT":0.050105},"timestamp":1.5}')
    recording.on(
        "POST /market-data/order-book",
        '{"trading_pair":"SHARP-USDT","bids":[{"price":0.05,"amount":10}],"asks":[],"timestamp":1.5}',
    )
    assert await reader.prices("gate_io", [SHARP, BTC]) == {SHARP: Decimal("0.050105")}
    book = await reader.order_book("gate_io", SHARP, 5000)
    assert book.bids == ((Decimal("0.05"), Decimal(10)),)
    assert book.mid is None
    assert json.loads(recording.requests[1][2])["depth"] == 1000


async def test_a_failed_price_is_not_said_to_have_changed_anything(
    recording: Recording, reader: HummingbotReader
) -> None:
    recording.on("POST /market-data/prices", '{"detail":"No connector available for x"}', 500)
    with pytest.raises(UpstreamUncertain) as caught:
        await reader.prices("x", [SHARP])
    assert caught.value.hint == UpstreamUncertain.usual_hint  # nothing of "may have been done"


async def test_balances_always_name_the_account(recording: Recording, reader: HummingbotReader) -> None:
    recording.on(
        "POST /portfolio/state",
        '{"a":{"gate_io":[{"token":"USDT","units":8824.35163356,"price":1.0,"available_units":8800.1}]}}',
    )
    recording.on("POST /portfolio/state", "{}")
    assert await reader.balances("a", "gate_io", refresh=True) == {
        "USDT": (Decimal("8824.35163356"), Decimal("8800.1"))
    }
    assert json.loads(recording.requests[0][2]) == {
        "account_names": ["a"],
        "connector_names": ["gate_io"],
        "refresh": True,
        "skip_gateway": True,
    }
    assert await reader.balances("b", "gate_io") is None


async def test_a_404_where_none_is_expected_is_a_refusal(recording: Recording, reader: HummingbotReader) -> None:
    recording.on("GET /bot-orchestration/status", '{"detail":"no bots manager"}', 404)
    with pytest.raises(UpstreamRejected):
        await reader.bots()


async def test_every_read_says_unreachable_when_nobody_is_there() -> None:
    transport = HttpTransport("http://127.0.0.1:1")
    reader = HummingbotReader(transport)
    calls: list[Callable[[], Awaitable[object]]] = [
        reader.server_version,
        reader.bots,
        reader.containers,
        reader.docker_running,
        lambda: reader.credential_fields("x"),
        lambda: reader.validate_config("generic", "x", {}),
        lambda: reader.prices("x", [SHARP]),
    ]
    for call in calls:
        with pytest.raises(UpstreamError) as caught:
            await call()
        assert type(caught.value) is UpstreamUnreachable
    await transport.close()
