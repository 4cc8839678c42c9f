"""Fills from history and archive, with recorded shapes (observed.md section 4 and its raw answers)."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from trading_bridge.domain.errors import UpstreamUncertain
from trading_bridge.domain.fills import Fill, FillSource, Side
from trading_bridge.domain.instruments import Pair, TradingRules
from trading_bridge.hummingbot import wire
from trading_bridge.hummingbot.trades import ArchivedPage, Market, Trade, archived_fills, history_fills

SHARP = Market("bitmart", Pair("SHARP", "USDT"), "client_sharp")
TRADE = (
    '{"market":"bitmart","trade_id":"160e463232584c369299","price":"0.050154","quantity":"6566.",'
    '"symbol":"SHARP-USDT","trade_timestamp":1795185894000,"trade_type":"%s","base_asset":"SHARP",'
    '"quote_asset":"USDT","raw_json":{"trade_fee":%s}}'
)
FLAT = (
    '{"fee_type":"AddedToCost","percent":"0","percent_token":"USDT",'
    '"flat_fees":[{"token":"USDT","amount":"0.82327791"}]}'
)


def fill(fee: str = FLAT, side: str = "BUY", market: Market = SHARP, changes: dict[str, str] | None = None) -> Fill:
    text = TRADE % (side, fee)
    for old, new in (changes or {}).items():
        text = text.replace(old, new)
    fills = history_fills([wire.read(text.encode(), Trade)], market)
    assert len(fills) == 1
    return fills[0]


def test_the_recorded_fill_is_exact() -> None:
    assert fill() == Fill(
        trade_id="160e463232584c369299",
        connector="bitmart",
        account="client_sharp",
        pair="SHARP/USDT",
        side=Side.BUY,
        price=Decimal("0.050154"),
        amount=Decimal(6566),
        fee=Decimal("0.82327791"),
        fee_token="USDT",
        at=datetime(2026, 11, 20, 14, 44, 54, tzinfo=UTC),
        source=FillSource.HISTORY,
        approximate=False,
    )


QUOTE = Decimal("0.050154") * 6566
TERMS = '{"fee_type":"%s","percent":"%s","percent_token":%s,"flat_fees":[%s]}'


@pytest.mark.parametrize(
    ("terms", "side", "fee", "token"),
    [
        # buy on gate_io: charged in the base it returns (observed.md section 6b)
        (
            TERMS % ("DeductedFromReturns", "0", "null", '{"token":"SHARP","amount":"6.566"}'),
            "BUY",
            "6.566",
            "SHARP",
        ),
        (TERMS % ("DeductedFromReturns", "0.001", "null", ""), "BUY", "6.566", "SHARP"),
        (TERMS % ("DeductedFromReturns", "0.001", "null", ""), "SELL", QUOTE / 1000, "USDT"),
        (TERMS % ("AddedToCost", "0.001", "null", ""), "BUY", QUOTE / 1000, "USDT"),
        (TERMS % ("AddedToCost", "0.001", '"USDT"', ""), "BUY", QUOTE / 1000, "USDT"),
        (TERMS % ("AddedToCost", "0.001", '"SHARP"', ""), "BUY", "6.566", "SHARP"),
        (TERMS % ("AddedToCost", "0.001", '"BNB"', ""), "BUY", QUOTE / 1000, "USDT"),
        (
            TERMS % ("AddedToCost", "0.001", "null", '{"token":"USDT","amount":"0.5"}'),
            "BUY",
            QUOTE / 1000 + Decimal("0.5"),
            "USDT",
        ),
        (
            TERMS % ("AddedToCost", "0", "null", '{"token":"USDT","amount":"1"},{"token":"USDT","amount":"2"}'),
            "SELL",
            "3",
            "USDT",
        ),
        (
            TERMS % ("AddedToCost", "0", "null", '{"token":"USDT","amount":"1"},{"token":"SHARP","amount":"100"}'),
            "SELL",
            "6.0154",
            "USDT",
        ),
        (TERMS % ("AddedToCost", "0", "null", '{"token":"GT","amount":"0.01"}'), "SELL", "0.01", "GT"),
        (
            TERMS % ("AddedToCost", "0", "null", '{"token":"GT","amount":"1"},{"token":"USDT","amount":"1"}'),
            "SELL",
            None,
            None,
        ),
        (TERMS % ("AddedToCost", "0", "null", '{"token":"GT","amount":"NaN"}'), "SELL", None, None),
        (TERMS % ("AddedToCost", "0", '"USDT"', ""), "SELL", "0", "USDT"),
        (TERMS % ("AddedToCost", "0", "null", ""), "SELL", "0", "USDT"),
        (TERMS % ("AddedToCost", "0", "null", '{"token":"SHARP","amount":"0"}'), "BUY", "0", "SHARP"),
        ("null", "BUY", None, None),
    ],
)
def test_fees(terms: str, side: str, fee: str | Decimal | None, token: str | None) -> None:
    told = fill(terms, side)
    assert told.fee == (None if fee is None else Decimal(fee))
    assert told.fee_token == token


@pytest.mark.parametrize(
    "changes", [{'"bitmart"': '"gate_io"'}, {"SHARP-USDT": "BTC-USDT"}, {'"market":"bitmart",': ""}]
)
def test_another_bots_answer_is_thrown_away(changes: dict[str, str]) -> None:
    with pytest.raises(UpstreamUncertain, match="another bot"):
        fill(changes=changes)


@pytest.mark.parametrize(
    "changes",
    [
        {'"0.050154"': '"nan"'},
        {'"6566."': "null"},
        {"1795185894000": "null"},
        {'"160e463232584c369299"': '""'},
        {'"BUY"': '"RANGE"'},
    ],
)
def test_a_trade_that_is_no_fill_is_left_out(changes: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    text = TRADE % ("BUY", FLAT)
    for old, new in changes.items():
        text = text.replace(old, new)
    assert history_fills([wire.read(text.encode(), Trade)], SHARP) == []
    assert "left out" in caplog.text


def test_a_numeric_trade_id_and_times_in_seconds() -> None:
    told = fill(changes={'"160e463232584c369299"': "99123", "1795185894000": "1795185894.5"})
    assert told.trade_id == "99123"
    assert told.at == datetime(2026, 11, 20, 14, 44, 54, 500000, tzinfo=UTC)


def test_what_the_bots_database_cut_off_is_approximate() -> None:
    coarse = TradingRules(None, None, Decimal("0.000001"), Decimal(1), None)
    fine = TradingRules(None, None, Decimal("0.00000001"), None, None)
    assert not fill(market=Market("bitmart", SHARP.pair, "a", coarse)).approximate
    assert fill(market=Market("bitmart", SHARP.pair, "a", fine)).approximate
    assert fill(changes={'"0.050154"': '"0."'}).approximate


ARCHIVED = (
    b'{"db_path":"x","trades":[{"connector_name":"bitmart","trading_pair":"SHARP-USDT","timestamp":1795187282000,'
    b'"trade_type":"BUY","price":0.049982,"amount":2038.0,"trade_fee":0.0,"trade_fee_in_quote":0.254658,'
    b'"exchange_trade_id":"56a2f9cac80549ab9d58"},{"connector_name":"bitmart","trading_pair":"SHARP-USDT",'
    b'"timestamp":1795187282000,"trade_type":"SELL","price":0.05,"amount":1.0,"trade_fee_in_quote":0.0,'
    b'"exchange_trade_id":"b"},{"connector_name":"bitmart","trading_pair":"BTC-USDT","timestamp":1795187282000,'
    b'"trade_type":"SELL","price":1,"amount":1,"exchange_trade_id":"c"}],"pagination":{"total":3,"has_more":false}}'
)


def test_archived_fills_are_approximate_and_a_zero_fee_is_unknown() -> None:
    first, second = archived_fills(wire.read(ARCHIVED, ArchivedPage).trades, SHARP)
    assert (first.price, first.amount, first.fee) == (
        Decimal("0.049982"),
        Decimal("2038.0"),
        Decimal("0.254658"),
    )
    assert (first.fee_token, first.source, first.approximate) == ("USDT", FillSource.ARCHIVE, True)
    assert (second.side, second.fee, second.fee_token) == (Side.SELL, None, None)
