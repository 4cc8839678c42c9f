"""The exchange's rules one by one."""

from decimal import Decimal

import pytest

from tests.support.exchange import PAIR, Clock
from trading_bridge.sandbox.exchange import Exchange, OrderType, Rejected, Side, Trade

D = Decimal


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def exchange(clock: Clock) -> Exchange:
    exchange = Exchange(seed=1, now=clock, background=False)
    for owner in ("ann", "ben"):
        exchange.open_account(owner, {"SHARP": D(10_000), "USDT": D(1000)})
    return exchange


@pytest.mark.parametrize(
    ("amount", "price", "kind", "code"),
    [
        ("0", "0.05", "limit", "INVALID_AMOUNT"),
        ("-5", "0.05", "limit", "INVALID_AMOUNT"),
        ("NaN", "0.05", "limit", "INVALID_AMOUNT"),
        ("Infinity", "0.05", "limit", "INVALID_AMOUNT"),
        ("1e40", "0.05", "limit", "INVALID_AMOUNT"),
        ("100.5", "0.05", "limit", "AMOUNT_LOT"),
        ("100", "0.0500005", "limit", "PRICE_TICK"),
        ("100", "0", "limit", "INVALID_PRICE"),
        ("100", None, "limit", "INVALID_PRICE"),
        ("100", "0.05", "market", "INVALID_PRICE"),
        ("59", "0.05", "limit", "MIN_NOTIONAL"),
        ("100000", "0.05", "limit", "INSUFFICIENT_BALANCE"),
        ("100", None, "market", "NO_LIQUIDITY"),
    ],
)
def test_what_the_market_does_not_allow_is_rejected_and_changes_nothing(
    exchange: Exchange, amount: str, price: str | None, kind: OrderType, code: str
) -> None:
    before = exchange.snapshot()
    with pytest.raises(Rejected) as rejected:
        exchange.place("ann", PAIR, Side.BUY, D(amount), D(price) if price else None, type=kind)
    assert rejected.value.code == code
    assert exchange.snapshot() == before


def test_unknown_pair_account_and_order_are_told_apart(exchange: Exchange) -> None:
    with pytest.raises(Rejected, match="INVALID_PAIR"):
        exchange.place("ann", "NO-USDT", Side.BUY, D(100), D("0.05"))
    with pytest.raises(Rejected, match="INVALID_PAIR"):
        exchange.mid("NO-USDT")
    with pytest.raises(Rejected, match="ACCOUNT_NOT_FOUND"):
        exchange.place("nobody", PAIR, Side.BUY, D(100), D("0.05"))
    order = exchange.place("ann", PAIR, Side.BUY, D(100), D("0.05"))
    with pytest.raises(Rejected, match="ORDER_NOT_FOUND"):
        exchange.cancel("ben", order.id)
    assert exchange.order("ben", order.id) is None


def test_a_buy_locks_its_cost_and_the_fee_and_gets_back_what_a_better_price_saves(exchange: Exchange) -> None:
    exchange.place("ben", PAIR, Side.SELL, D(1000), D("0.04"))
    order = exchange.place("ann", PAIR, Side.BUY, D(1600), D("0.05"))
    assert (order.filled, order.status, order.average_price) == (D(1000), "open", D("0.04"))
    usdt = exchange.balances("ann")["USDT"]
    assert usdt.total == D(1000) - D(40) * D("1.001")
    assert usdt.total - usdt.available == D(600) * D("0.05") * D("1.001")
    exchange.cancel("ann", order.id)
    assert exchange.balances("ann")["USDT"].available == usdt.total
    assert exchange.balances("~house")["USDT"].total == D("0.08")


def test_mid_needs_both_sides(exchange: Exchange) -> None:
    assert exchange.mid(PAIR) is None
    exchange.place("ann", PAIR, Side.BUY, D(100), D("0.049"))
    assert exchange.mid(PAIR) is None
    exchange.place("ann", PAIR, Side.SELL, D(100), D("0.051"))
    assert exchange.mid(PAIR) == D("0.05")


def test_a_taker_that_meets_its_own_order_loses_its_remainder(exchange: Exchange) -> None:
    exchange.place("ben", PAIR, Side.SELL, D(100), D("0.05"))
    own = exchange.place("ann", PAIR, Side.SELL, D(100), D("0.051"))
    exchange.place("ben", PAIR, Side.SELL, D(100), D("0.052"))
    taker = exchange.place("ann", PAIR, Side.BUY, D(300), D("0.06"))
    assert (taker.filled, taker.status) == (D(100), "partially_cancelled")
    assert own.status == "open"
    assert [t.amount for t in exchange.trades("ann")] == [D(100)]


def test_callbacks_hear_trades_in_order_and_may_trade_themselves(exchange: Exchange) -> None:
    heard: list[tuple[str, str]] = []

    def ben_sells_again(trade: Trade) -> None:
        heard.append(("ben", trade.order_id))
        if len(heard) == 1:
            assert exchange.order("ben", trade.order_id) is not None
            exchange.place("ben", PAIR, Side.SELL, D(100), D("0.05"))

    exchange.on_trade("ben", ben_sells_again)
    exchange.on_trade("ann", lambda trade: heard.append(("ann", trade.order_id)))
    first = exchange.place("ben", PAIR, Side.SELL, D(100), D("0.05"))
    taker = exchange.place("ann", PAIR, Side.BUY, D(200), D("0.05"))
    again = exchange.trades("ben")[-1].order_id
    # Ann's remainder rested when Ben sold again, so Ben is the taker (heard second) of the second match.
    assert heard == [("ben", first.id), ("ann", taker.id), ("ann", taker.id), ("ben", again)]
    assert taker.status == "filled"
    exchange.off_trade("ben", ben_sells_again)
    exchange.place("ann", PAIR, Side.BUY, D(100), D("0.05"))
    exchange.place("ben", PAIR, Side.SELL, D(100), D("0.05"))
    assert [owner for owner, _ in heard].count("ben") == 2


def test_the_refuse_knob_stops_one_owner_or_all(exchange: Exchange) -> None:
    exchange.refuse["ann"] = "risk control"
    with pytest.raises(Rejected) as rejected:
        exchange.place("ann", PAIR, Side.BUY, D(100), D("0.05"))
    assert (rejected.value.code, rejected.value.message) == ("REFUSED", "risk control")
    exchange.place("ben", PAIR, Side.BUY, D(100), D("0.05"))
    exchange.refuse["*"] = "maintenance"
    with pytest.raises(Rejected, match="maintenance"):
        exchange.place("ben", PAIR, Side.BUY, D(100), D("0.05"))


def test_trades_since_is_inclusive_and_oldest_first(exchange: Exchange, clock: Clock) -> None:
    for _ in range(3):
        exchange.place("ben", PAIR, Side.SELL, D(100), D("0.05"))
        exchange.place("ann", PAIR, Side.BUY, D(100), D("0.05"))
        clock.pass_seconds(10)
    everything = exchange.trades("ann")
    assert everything == sorted(everything, key=lambda trade: int(trade.id))
    assert exchange.trades("ann", PAIR, everything[1].at) == everything[1:]
    assert exchange.trades("ann", "BTC-USDT") == []


def test_an_account_is_opened_once_with_money_that_exists(exchange: Exchange) -> None:
    assert exchange.has_account("ann")
    for owner, amount in (("ann", "1"), ("new", "-1"), ("~maker", "1"), ("*", "1"), ("new", "NaN")):
        with pytest.raises(ValueError, match=r"exists|negative|reserved"):
            exchange.open_account(owner, {"USDT": D(amount)})
    assert not exchange.has_account("new")


def test_lots_for_spends_no_more_than_told(exchange: Exchange) -> None:
    exchange.place("ben", PAIR, Side.SELL, D(100), D("0.05"))
    exchange.place("ben", PAIR, Side.SELL, D(100), D("0.06"))
    assert exchange.lots_for(PAIR, D(5)) == D(100)
    assert exchange.lots_for(PAIR, D("5.11")) == D(101)
    assert exchange.lots_for(PAIR, D(1000)) == D(200)
    with pytest.raises(Rejected, match="MIN_AMOUNT"):
        exchange.lots_for(PAIR, D("0.04"))
