"""Decoding: exact decimals, forgiving shapes, recorded values (observed.md)."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_bridge.domain.errors import InvalidInput, UpstreamNotHummingbot
from trading_bridge.hummingbot import wire
from trading_bridge.hummingbot.calls import encode, segment

DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**24), max_value=10**24, places=18)


class One(msgspec.Struct):
    value: Decimal | None = None
    other: str | None = None


@given(DECIMALS)
def test_decimals_survive_there_and_back(value: Decimal) -> None:
    body = encode({"value": value, "list": [value], "nested": {"x": (value,)}})
    assert wire.read(body, One).value == value
    assert f'"{value}"' not in body.decode()  # a JSON number, no text
    assert json.loads(body, parse_float=Decimal, parse_int=Decimal)["list"] == [value]


@pytest.mark.parametrize("bad", [Decimal("NaN"), Decimal("-Infinity"), float("inf"), float("nan")])
def test_what_json_cannot_say_is_not_sent(bad: Decimal | float) -> None:
    with pytest.raises(InvalidInput):
        encode({"a": [{"b": bad}]})


def test_unknown_fields_nulls_and_missing_ones() -> None:
    assert wire.read(b'{"value":null,"new":[1,{}]}', One) == One()
    assert wire.read(b'{"value":"1600."}', One).value == Decimal(1600)


def test_bare_nan_and_infinity_read_as_missing_and_keep_their_neighbours_exact() -> None:
    body = b'{"other":"x","value":0.1234567890123456789,"unread":[NaN,-Infinity]}'
    assert wire.read(body, One) == One(Decimal("0.1234567890123456789"), "x")
    assert wire.read(b'{"value":NaN}', One) == One()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"value":{}}', b"\xff\xfe", b"[" * 100_000, b"NaN,"])
def test_what_does_not_fit_is_not_hummingbot(body: bytes) -> None:
    with pytest.raises(UpstreamNotHummingbot):
        wire.read(body, One)


def test_null_where_it_may_be() -> None:
    assert wire.read_or_null(b" null ", str) is None
    assert wire.read_or_null(b'"x"', str) == "x"


AT = datetime(2026, 11, 20, 15, 13, 49, 623476, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        (1795187629.623476, AT),
        (1795187629623.476, AT),
        (1795185894000, datetime(2026, 11, 20, 14, 44, 54, tzinfo=UTC)),
        ("2026-11-20T15:13:49.623476+00:00", AT),
        ("2026-11-20T16:13:49.623476+01:00", AT),
        ("2026-11-20T15:13:49.623476", AT),
        (None, None),
        (0, None),
        (-5.0, None),
        ("yesterday", None),
        (1e300, None),
        (float("nan"), None),
    ],
)
def test_instants(stamp: float | str | None, expected: datetime | None) -> None:
    assert wire.instant(stamp) == expected


def test_trading_rules_know_hummingbots_no_limit() -> None:
    body = (
        b'{"min_order_size":0.0,"max_order_size":1e56,"min_price_increment":1e-06,"min_base_amount_increment":1e-56,'
        b'"min_notional_size":5.0,"min_order_value":3.0,"supports_limit_orders":true}'
    )
    rules = wire.trading_rules(wire.read(body, wire.Rules))
    assert (rules.min_order_size, rules.max_order_size, rules.min_base_amount_increment) == (None, None, None)
    assert rules.min_price_increment == Decimal("0.000001")
    assert rules.min_notional == Decimal("5.0")
    assert wire.trading_rules(wire.Rules()).min_notional is None


def test_order_book_is_sorted_and_loses_levels_that_say_nothing() -> None:
    body = (
        b'{"bids":[{"price":1.0,"amount":2},{"price":1.1,"amount":1},{"price":1.2,"amount":0}],'
        b'"asks":[{"price":1.4,"amount":3},{"price":1.3,"amount":"NaN"}]}'
    )
    book = wire.order_book(wire.read(body, wire.Book))
    assert book.bids == ((Decimal("1.1"), Decimal(1)), (Decimal("1.0"), Decimal(2)))
    assert book.asks == ((Decimal("1.4"), Decimal(3)),)


def test_balances_leave_unknown_amounts_out() -> None:
    rows = wire.read(
        b'[{"token":"SHARP","units":223431.0,"price":0.05,"available_units":203468.0},{"token":"X","units":1}]',
        list[wire.TokenBalance],
    )
    assert wire.balances(rows) == {"SHARP": (Decimal("223431.0"), Decimal("203468.0"))}


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "a\0"])
def test_a_name_that_would_address_another_route_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        segment(name, "instance")


def test_a_name_is_one_encoded_segment() -> None:
    assert segment("ü ?#%", "instance") == "%C3%BC%20%3F%23%25"
