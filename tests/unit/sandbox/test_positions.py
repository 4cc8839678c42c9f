"""The arithmetic of held inventory, against a ledger kept another way."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from trading_bridge.sandbox.exchange import Side
from trading_bridge.sandbox.positions import Ledger, Position

D = Decimal
orders = st.lists(st.tuples(st.sampled_from(Side), st.integers(1, 500), st.integers(90, 110)), min_size=1, max_size=40)


def test_a_round_trip_realises_before_fees() -> None:
    position = Position("gate_io", "SHARP-USDT")
    position.add(Side.BUY, D(1600), D(1600) * D("0.04985"), D("0.07976"))
    position.add(Side.SELL, D(1600), D(1600) * D("0.05001"), D("0.080016"))
    assert position.net == 0
    assert position.realized == D("0.256")
    assert position.fees == D("0.159776")
    assert position.unrealized(D("9")) == 0


def test_turning_over_opens_at_the_price_of_the_turn() -> None:
    position = Position("gate_io", "SHARP-USDT")
    position.add(Side.SELL, D(100), D(1000), D(1))
    position.add(Side.BUY, D(150), D(1200), D(1))
    assert (position.net, position.entry, position.realized) == (D(50), D(8), D(200))
    assert position.summary(D(9))["side"] == "TradeType.BUY"
    assert position.unrealized(D(9)) == 50


@given(orders)
def test_realised_and_unrealised_sum_to_cash_and_inventory(made: list[tuple[Side, int, int]]) -> None:
    position, cash, base = Position("gate_io", "A-B"), D(0), D(0)
    for side, amount, price in made:
        sign = 1 if side is Side.BUY else -1
        position.add(side, D(amount), D(amount * price), D(0))
        base += sign * amount
        cash -= sign * amount * price
    assert position.net == base
    mid = D(100)
    assert abs(position.realized + position.unrealized(mid) - (cash + base * mid)) < D("1e-15")


def test_a_report_before_the_first_fill_is_all_zeros() -> None:
    report = Ledger().report(D("0.05"), D(0))
    assert report["positions_summary"] == []
    assert report["close_type_counts"] == {}
    assert {v for v in report.values() if isinstance(v, float)} == {0.0}


def test_percentages_are_of_the_volume() -> None:
    ledger = Ledger()
    ledger.hold("gate_io", "SHARP-USDT").add(Side.BUY, D(1000), D(50), D("0.05"))
    report = ledger.report(D("0.051"), D(0))
    assert report["unrealized_pnl_quote"] == 1.0
    assert report["global_pnl_pct"] == 2.0
    assert Ledger.restored(ledger.snapshot()).report(D("0.051"), D(0)) == report
