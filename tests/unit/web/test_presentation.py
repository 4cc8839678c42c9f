"""How pages write numbers, times and names."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_bridge.web import presentation as p

NOW = datetime(2026, 11, 21, 12, 3, 45, tzinfo=UTC)
T = p.THIN


@pytest.mark.parametrize(
    ("value", "places", "sign", "text"),
    [
        ("0", 2, False, "0.00"),
        ("0", 2, True, "0.00"),
        ("-9.234", 2, False, "−9.23"),
        ("9.235", 2, True, "+9.24"),
        ("1234567.891", 2, False, f"1{T}234{T}567.89"),
        ("-1234.5", 0, False, f"−1{T}234"),
        ("-0.001", 2, True, ">−0.01"),
        ("0.001", 2, True, "<0.01"),
        ("0.004", 0, False, "<1"),
        ("0E-9", 2, True, "0.00"),
        ("1E+3", 0, False, f"1{T}000"),
        ("NaN", 2, False, "–"),
        ("Infinity", 2, False, "–"),
    ],
)
def test_numbers_have_a_true_minus_thin_groups_and_no_sign_on_zero(
    value: str, places: int, sign: bool, text: str
) -> None:
    assert p.number(Decimal(value), places, sign=sign) == text


def test_unknown_is_a_dash_and_never_a_zero() -> None:
    assert p.number(None) == p.price(None) == p.amount(None) == p.percent(None) == p.bps(None) == "–"
    assert p.money(None, "USDT") == "–"
    assert p.age(None, NOW) == p.clock(None) == p.stamp(None) == p.day_clock(None, NOW) == "–"
    assert p.exact(None, "USDT") == p.iso(None) == ""


def test_money_puts_the_sign_before_the_figure_and_the_unit_behind_it() -> None:
    assert p.money(Decimal("-9.234"), "USDT") == "−9.23 USDT"
    assert p.money(Decimal("3.1"), "USDT", sign=True) == "+3.10 USDT"


@pytest.mark.parametrize(
    ("value", "tick", "text"),
    [
        ("0.04988123", "0.00001", "0.04988"),
        ("0.0499", "0.00001", "0.04990"),
        ("64000.123", "0.01", f"64{T}000.12"),
        ("64000.5", "1", f"64{T}000"),
        ("0.04988", None, "0.049880"),
        ("64000.123", None, f"64{T}000.12"),
        ("0", None, "0.00"),
        ("0.00000001234", None, "0.000000012340"),
    ],
)
def test_prices_follow_the_tick_else_five_significant_digits(value: str, tick: str | None, text: str) -> None:
    assert p.price(Decimal(value), Decimal(tick) if tick else None) == text


def test_the_tick_is_read_off_the_prices_that_are_quoted() -> None:
    assert p.decimals([Decimal("0.0498"), None, Decimal("0.04975"), Decimal("NaN")]) == 5
    assert p.decimals([Decimal(100), Decimal("1E+3")]) == 0
    assert p.decimals([None]) is None
    assert p.price(Decimal("0.0498"), places=5) == "0.04980"


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [
        ("1600.", None, f"1{T}600"),
        ("0.5000", None, "0.5"),
        ("-1600", None, f"−1{T}600"),
        ("0.123456789012", None, "0.12345679"),
        ("1.5", "0.001", "1.500"),
        ("0", None, "0"),
    ],
)
def test_amounts_follow_the_lot_and_carry_no_idle_zeros(value: str, step: str | None, text: str) -> None:
    assert p.amount(Decimal(value), Decimal(step) if step else None) == text


def test_fractions_become_per_cent_and_spreads_basis_points() -> None:
    assert p.percent(Decimal("0.003")) == f"0.30{T}%"
    assert p.percent(Decimal("-0.0029"), sign=True) == f"−0.29{T}%"
    assert p.spread_bps(Decimal("99.7"), Decimal("100.3"), Decimal(100)) == 60
    assert p.spread_bps(None, Decimal(1), Decimal(1)) is None
    assert p.spread_bps(Decimal(1), Decimal(1), Decimal(0)) is None


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [
        (-5, f"0{T}s", f"0{T}s"),
        (59, f"59{T}s", f"59{T}s"),
        (60, f"1{T}min", f"1{T}min"),
        (3600, f"1{T}h", f"1{T}h"),
        (3 * 3600 + 1200, f"3{T}h 20{T}min", f"3{T}h"),
        (2 * 86400 + 4 * 3600, f"2{T}d 4{T}h", f"2{T}d"),
        (2 * 86400, f"2{T}d", f"2{T}d"),
    ],
)
def test_ages_and_durations(seconds: int, long: str, short: str) -> None:
    assert p.duration(timedelta(seconds=seconds)) == long
    assert p.age(NOW - timedelta(seconds=seconds), NOW) == short


def test_times_are_utc_whatever_zone_they_come_in() -> None:
    paris = datetime.fromisoformat("2026-11-21T13:03:41.250+01:00")
    assert p.clock(paris) == "12:03:41"
    assert p.stamp(paris) == "2026-11-21 12:03:41 UTC"
    assert p.iso(paris) == "2026-11-21T12:03:41.250Z"
    assert p.day_clock(paris, NOW) == "12:03:41"
    assert p.day_clock(paris - timedelta(days=20), NOW) == "1 Nov 12:03:41"


def test_stale_after_thirty_seconds_or_without_evidence() -> None:
    assert not p.stale(NOW - timedelta(seconds=30), NOW)
    assert p.stale(NOW - timedelta(seconds=31), NOW)
    assert p.stale(None, NOW)


def test_long_names_are_cut_in_the_middle_between_whole_characters() -> None:
    assert p.middle("sharp-g1") == "sharp-g1"
    cut = p.middle("market-maker-for-the-sharp-token-on-gate-io-desk-2", 20)
    assert cut.startswith("market-maker")
    assert cut.endswith("desk-2")
    assert len(cut) == 20
    family = "👩‍👩‍👧‍👦"
    assert p.middle(family * 3, 3) == family * 3
    assert p.middle("e\u0301" * 10, 4).count("\u0301") == p.middle("e\u0301" * 10, 4).count("e")


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=8))
def test_a_written_number_reads_back_to_itself(value: Decimal) -> None:
    text = p.number(value, 8)
    assert Decimal(text.replace(T, "").replace("−", "-")) == value
    assert Decimal(p.exact(value) or "0") == value


@given(st.text(max_size=90), st.integers(min_value=3, max_value=60))
def test_cut_names_keep_both_ends(name: str, limit: int) -> None:
    cut = p.middle(name, limit)
    assert cut == name or (name.startswith(cut.split("…")[0]) and "…" in cut)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_spreadsheet_never_runs_a_name(text: str) -> None:
    assert p.csv_text(text) == f"'{text}"
    assert p.csv_text("sharp-g1") == "sharp-g1"
