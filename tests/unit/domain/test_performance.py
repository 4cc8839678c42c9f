"""Average-cost P&L, checked against an independent calculation with fractions."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_bridge.domain.fills import Fill, FillSource, Side
from trading_bridge.domain.performance import Position, fold

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


def fill(number: int, side: Side, price: str, amount: str, fee: str | None = "0", token: str = "USDT") -> Fill:
    return Fill(
        trade_id=f"t{number:05d}",
        connector="gate_io",
        account="client_sharp",
        pair="SHARP/USDT",
        side=side,
        price=Decimal(price),
        amount=Decimal(amount),
        fee=None if fee is None else Decimal(fee),
        fee_token=token,
        at=START + timedelta(seconds=number),
        source=FillSource.HISTORY,
    )


def test_round_trip_realises_the_difference_less_fees() -> None:
    position = fold([fill(1, Side.BUY, "0.05", "1000", "0.05"), fill(2, Side.SELL, "0.06", "1000", "0.06")])
    assert position.amount == 0
    assert position.average_cost is None
    assert position.realised == Decimal(10)
    assert position.fees == Decimal("0.11")
    assert position.net(None) == Decimal("9.89")  # nothing held: no mid price is needed
    assert position.volume == Decimal(110)


def test_partial_close_keeps_the_average_cost() -> None:
    position = fold([fill(1, Side.BUY, "1", "100"), fill(2, Side.BUY, "2", "100"), fill(3, Side.SELL, "3", "50")])
    assert position.average_cost == Decimal("1.5")
    assert position.realised == Decimal(75)
    assert position.unrealised(Decimal(2)) == Decimal(75)


def test_selling_first_opens_a_negative_position() -> None:
    position = fold([fill(1, Side.SELL, "2", "10")])
    assert position.amount == Decimal(-10)
    assert position.unrealised(Decimal("1.5")) == Decimal(5)
    assert position.realised == 0


def test_crossing_zero_opens_the_rest_at_the_fill_price() -> None:
    position = fold([fill(1, Side.BUY, "1", "10"), fill(2, Side.SELL, "2", "15")])
    assert (position.amount, position.average_cost, position.realised) == (Decimal(-5), Decimal(2), Decimal(10))


def test_unknown_is_never_zero() -> None:
    position = fold([fill(1, Side.BUY, "1", "10")])
    assert position.unrealised(None) is None
    assert position.net(None) is None
    assert not fold([fill(1, Side.BUY, "1", "10", fee=None)]).fees_complete
    assert not fold([fill(1, Side.BUY, "1", "10", fee="1", token="GT")]).fees_complete


@pytest.mark.parametrize(("token", "expected"), [("USDT", "0.5"), ("SHARP", "1.0"), ("GT", None)])
def test_fee_in_quote(token: str, expected: str | None) -> None:
    found = fill(1, Side.BUY, "2", "10", fee="0.5", token=token).fee_in_quote()
    assert found == (None if expected is None else Decimal(expected))


amounts = st.integers(1, 10_000).map(lambda n: Decimal(n) / 8)  # eighths: exact in decimal and as fractions
prices = st.integers(1, 4_096).map(lambda n: Decimal(n) / 1024)
orders = st.lists(st.tuples(st.sampled_from(Side), prices, amounts), min_size=1, max_size=40)


@given(orders, prices)
def test_mark_to_market_equals_realised_plus_unrealised(
    trades: list[tuple[Side, Decimal, Decimal]], mid: Decimal
) -> None:
    """V_now - V_start from cash flows alone must equal realised + unrealised (shared/product.md)."""
    fills = [fill(i, side, str(price), str(amount)) for i, (side, price, amount) in enumerate(trades)]
    position = fold(fills)
    with localcontext(prec=80):
        cash = sum((f.quote_amount if f.side is Side.SELL else -f.quote_amount for f in fills), Decimal(0))
        held = sum((f.amount if f.side is Side.BUY else -f.amount for f in fills), Decimal(0))
        assert position.amount == held
        unrealised = position.unrealised(mid)
        assert unrealised is not None
        assert position.realised + unrealised == cash + held * mid  # to the last digit, whatever had to be rounded


@given(orders, st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_totals(
    trades: list[tuple[Side, Decimal, Decimal]], random: object
) -> None:
    fills = [fill(i, side, str(price), str(amount)) for i, (side, price, amount) in enumerate(trades)]
    shuffled = list(fills)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fold(shuffled) == fold(fills)


@given(orders)
def test_incremental_equals_from_scratch(trades: list[tuple[Side, Decimal, Decimal]]) -> None:
    fills = [fill(i, side, str(price), str(amount)) for i, (side, price, amount) in enumerate(trades)]
    position = Position()
    for one in fills:
        position = position.add(one)
    assert position == fold(fills)


@given(orders)
def test_against_an_oracle_of_fractions(trades: list[tuple[Side, Decimal, Decimal]]) -> None:
    held, cost, realised = Fraction(0), Fraction(0), Fraction(0)
    for side, price, amount in trades:
        signed = Fraction(amount) * (1 if side is Side.BUY else -1)
        if held * signed < 0:
            closing = min(abs(held), abs(signed))
            direction = 1 if held > 0 else -1
            average = cost / held
            realised += (Fraction(price) - average) * closing * direction
            held += closing * -direction
            cost = average * held
            signed -= closing * -direction
        held += signed
        cost += Fraction(price) * signed
    position = fold([fill(i, side, str(price), str(amount)) for i, (side, price, amount) in enumerate(trades)])
    assert Fraction(position.amount) == held
    assert abs(Fraction(position.realised) - realised) < Fraction(1, 10**15)
