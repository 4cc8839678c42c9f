"""Numbers and times as they go over the wire."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_bridge.sandbox.dialects.wire import (
    bounded,
    fixed,
    microseconds,
    milliseconds,
    moment_of,
    parse_body,
    plain,
    to_decimal,
)

D = Decimal
decimals = st.decimals(min_value=0, max_value=10**12, places=10)


@given(decimals, st.integers(min_value=0, max_value=12))
def test_no_number_changes_on_the_wire(value: Decimal, places: int) -> None:
    assert D(plain(value)) == value == D(fixed(value, places))
    assert "E" not in plain(value) + fixed(value, places)


@pytest.mark.parametrize(
    ("value", "short", "long"),
    [
        (D("0.050000"), "0.05", "0.0500"),
        (D("1600"), "1600", "1600.0000"),
        (D("1E+3"), "1000", "1000.0000"),
        (D("0E-8"), "0", "0.0000"),
        (D("0.000001"), "0.000001", "0.000001"),
    ],
)
def test_plain_and_fixed(value: Decimal, short: str, long: str) -> None:
    assert (plain(value), fixed(value, 4)) == (short, long)
    assert fixed(D(1600), 0) == "1600"


@pytest.mark.parametrize(
    ("value", "number"),
    [("0.05", D("0.05")), (5, D(5)), (None, None), ("", None), ("x", None), ("NaN", None), (True, None), ([], None)],
)
def test_to_decimal(value: Any, number: Decimal | None) -> None:
    assert to_decimal(value) == number


@pytest.mark.parametrize(
    ("text", "number"), [(None, 10), ("", 10), ("5", 5), ("500", 100), ("0", None), ("-1", None), ("x", None)]
)
def test_bounded(text: str | None, number: int | None) -> None:
    assert bounded(text, 10, 100) == number


def test_times() -> None:
    moment = datetime(2026, 11, 21, 12, 0, 0, 123_456, tzinfo=UTC)
    assert microseconds(moment) == int(moment.timestamp()) * 1_000_000 + 123_456
    assert milliseconds(moment) == microseconds(moment) // 1000
    assert moment_of(D(microseconds(moment)) / 1_000_000) == moment
    assert moment_of(None) is None
    assert moment_of(D("1e999999")) is None


def test_bodies_are_objects_with_exact_decimals() -> None:
    assert parse_body(b"") == {}
    assert parse_body(b'{"price":0.1}') == {"price": D("0.1")}
    for raw in (b"[1]", b"no json", b"\xff"):
        with pytest.raises(ValueError, match=r".+"):
            parse_body(raw)
