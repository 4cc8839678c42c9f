"""/bot-orchestration/status -> BotReport, with recorded shapes (observed.md section 3)."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from trading_bridge.domain.errors import UpstreamNotHummingbot
from trading_bridge.domain.fleet import BotReport
from trading_bridge.hummingbot.reports import ReportDecoder

SMOKE = (
    b'{"smoke_pmm":{"status":"running","performance":{"realized_pnl_quote":-1.49576352,"unrealized_pnl_quote":'
    b'-2.88467687,"unrealized_pnl_pct":-0.192459374827426,"realized_pnl_pct":-0.0997940930378348,'
    b'"global_pnl_quote":-4.38044039,"global_pnl_pct":-0.2922534678652608,"volume_traded":1498.849756,'
    b'"positions_summary":[],"close_type_counts":{"CloseType.EARLY_STOP":3,"CloseType.TAKE_PROFIT":2}},'
    b'"custom_info":{}}}'
)
HELD = (
    b'[{"connector_name":"bitmart","trading_pair":"SHARP-USDT","volume_traded_quote":500.331989,'
    b'"side":"TradeType.BUY","amount":10002.0,"breakeven_price":0.05002319426114777,'
    b'"unrealized_pnl_quote":-1.092161,"realized_pnl_quote":0.0,"cum_fees_quote":1.25082997}]'
)
ENTRY = (
    b'{"level_name":"INFO","msg":"Hummingbot stopped.","timestamp":1795186640.1113563,"level_no":20,'
    b'"logger_name":"hummingbot.client.hummingbot_application"}'
)


def report(
    performance: bytes = b"{}",
    logs: bytes = b"[]",
    errors: bytes = b"[]",
    decoder: ReportDecoder | None = None,
) -> BotReport:
    body = (
        b'{"status":"success","data":{"b":{"status":"running","performance":%b,"error_logs":%b,'
        b'"general_logs":%b,"recently_active":true,"source":"docker"}}}'
    ) % (performance, errors, logs)
    return (decoder or ReportDecoder()).many(body)["b"]


def test_the_recorded_report() -> None:
    told = report(SMOKE, b"[" + ENTRY + b"]")
    assert (told.instance, told.upstream_status, told.source, told.recently_active) == (
        "b",
        "running",
        "docker",
        True,
    )
    smoke = told.controllers["smoke_pmm"]
    assert smoke is not None
    assert (smoke.realised, smoke.unrealised) == (Decimal("-1.49576352"), Decimal("-2.88467687"))
    assert smoke.volume == Decimal("1498.849756")
    assert smoke.close_types == {"EARLY_STOP": 3, "TAKE_PROFIT": 2}
    assert smoke.fees is None  # traded, but no position is held: the report does not tell its fees
    line = told.logs[0]
    assert line.at == datetime(2026, 11, 20, 14, 57, 20, 111356, tzinfo=UTC)
    assert (line.level, line.message) == ("INFO", "Hummingbot stopped.")
    assert line.logger == "hummingbot.client.hummingbot_application"
    assert told.stop_confirmed


def test_fees_of_held_positions_and_of_no_trade_at_all() -> None:
    held = report(SMOKE.replace(b'"positions_summary":[]', b'"positions_summary":' + HELD)).controllers["smoke_pmm"]
    assert held is not None
    assert held.fees == Decimal("1.25082997")
    unknown = HELD.replace(b"1.25082997", b"null")
    dark = report(SMOKE.replace(b'"positions_summary":[]', b'"positions_summary":' + unknown))
    assert dark.controllers["smoke_pmm"] is not None
    assert dark.controllers["smoke_pmm"].fees is None
    fresh = report(SMOKE.replace(b"1498.849756", b"0.0")).controllers["smoke_pmm"]
    assert fresh is not None
    assert fresh.fees == 0


@pytest.mark.parametrize("empty", [b"{}", b"{ }", b"{\n}"])
def test_an_emptied_report_is_none_the_mark_of_a_stopped_controller(empty: bytes) -> None:
    told = report(b'{"c":{"status":"running","performance":%b,"custom_info":{}}}' % empty)
    assert dict(told.controllers) == {"c": None}
    assert told.stop_confirmed


@pytest.mark.parametrize(
    "part",
    [
        b"{}",
        b'{"status":"error","error":"x"}',
        b'{"performance":null}',
        b'{"performance":"soon"}',
        b'{"performance":{"realized_pnl_quote":1}}',
        b'{"performance":{"realized_pnl_quote":NaN,"unrealized_pnl_quote":1,"volume_traded":2}}',
        b'{"performance":{"realized_pnl_quote":"NaN","unrealized_pnl_quote":1,"volume_traded":2}}',
        b"7",
    ],
)
def test_an_unreadable_report_is_absent_not_emptied_and_spoils_no_other(part: bytes) -> None:
    told = report(b'{"odd":%b,%b' % (part, SMOKE[1:]))
    assert set(told.controllers) == {"smoke_pmm"}
    assert not told.stop_confirmed


@pytest.mark.parametrize("performance", [b"null", b"[]", b'"x"'])
def test_performance_of_another_shape(performance: bytes) -> None:
    assert report(performance).controllers == {}


def test_missing_fields_and_the_stopping_bot() -> None:
    body = b'{"data":{"a":{},"s":{"status":"stopping","performance":{},"recently_active":false}}}'
    told = ReportDecoder().many(body)
    assert told["a"] == BotReport("a", "", None, False, {}, (), ())
    assert told["s"].upstream_status == "stopping"


def test_an_unknown_bot_is_none() -> None:
    decoder = ReportDecoder()
    unknown = b'{"status":"success","data":{"status":"not_found","error":"Bot x not found"}}'
    assert decoder.one("x", unknown) is None
    known = decoder.one("x", b'{"data":{"status":"stopped","performance":{}}}')
    assert known is not None
    assert known.source is None


@pytest.mark.parametrize("body", [b"[]", b'{"data":[]}', b'{"data":{"a":3}}', b'{"status":"success"}'])
def test_another_answer_is_not_hummingbot(body: bytes) -> None:
    with pytest.raises(UpstreamNotHummingbot):
        ReportDecoder().many(body)


def test_log_times_in_milliseconds_as_text_and_missing() -> None:
    logs = (
        b'[{"msg":"first"},{"msg":"a","timestamp":1795185979993},{"msg":"b","timestamp":null},'
        b'{"msg":"c","timestamp":"2026-11-20T14:46:21+00:00"}]'
    )
    times = [line.at for line in report(logs=logs).logs]
    milli = datetime(2026, 11, 20, 14, 46, 19, 993000, tzinfo=UTC)
    assert times == [milli, milli, milli, datetime(2026, 11, 20, 14, 46, 21, tzinfo=UTC)]
    assert report(logs=b'[{"msg":"x"}]').logs[0].at.year == 1970


def test_odd_entries_are_left_out_and_odd_blocks_are_empty() -> None:
    told = report(logs=b'["text",%b,{"msg":5}]' % ENTRY, errors=b'{"no":"list"}')
    assert [line.message for line in told.logs] == ["Hummingbot stopped."]
    assert told.errors == ()
    assert report(logs=b"null").logs == ()


def test_an_unchanged_log_block_is_not_decoded_again() -> None:
    decoder = ReportDecoder()
    logs = b"[" + ENTRY + b"]"
    first = report(SMOKE, logs, logs, decoder)
    again = report(b"{}", logs, logs, decoder)
    assert again.logs is first.logs
    assert again.errors is first.errors
    more = report(b"{}", b"[" + ENTRY + b"," + ENTRY + b"]", logs, decoder)
    assert len(more.logs) == 2
    assert more.errors is first.errors


def test_a_bot_that_left_is_forgotten() -> None:
    decoder = ReportDecoder()
    logs = b"[" + ENTRY + b"]"
    first = report(logs=logs, decoder=decoder)
    decoder.many(b'{"data":{}}')
    assert report(logs=logs, decoder=decoder).logs is not first.logs
