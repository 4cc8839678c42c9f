"""Snapshot and restore: through JSON, exact, and the future stays the same."""

import json
from decimal import Decimal

import pytest

from tests.support.exchange import PAIR, Clock, assert_sound, run
from trading_bridge.sandbox.exchange import ApiKey, Exchange, Side

D = Decimal


def lived(seed: int = 11) -> tuple[Exchange, Clock]:
    """An exchange with orders of every fate, trades, keys and a refusal."""
    clock = Clock()
    exchange = Exchange(seed=seed, now=clock)
    exchange.open_account("bot", {"SHARP": D(200_000), "USDT": D("10000.123456789")})
    exchange.keys.add(ApiKey("key", "secret", "memo", "bot", True, False, ("127.0.0.1",)))
    exchange.refuse["somebody"] = "no"
    run(exchange, clock, 10)
    exchange.place("bot", PAIR, Side.BUY, D(1600), D("0.0499"), client_id="one")
    exchange.place("bot", PAIR, Side.SELL, D(1600), D("0.0501"))
    exchange.place("bot", PAIR, Side.BUY, D(160), None, type="market")
    cancelled = exchange.place("bot", "BTC-USDT", Side.BUY, D("0.00123"), D("60000.1"))
    exchange.cancel("bot", cancelled.id)
    run(exchange, clock, 25)
    return exchange, clock


def test_what_comes_back_is_what_was_and_goes_on_alike() -> None:
    exchange, clock = lived()
    assert exchange.trades("bot")
    data = json.loads(json.dumps(exchange.snapshot()))
    other = Exchange(seed=999, now=clock)
    other.restore(data)

    assert other.snapshot() == exchange.snapshot() == data
    assert other.trades("bot") == exchange.trades("bot")
    assert other.balances("bot") == exchange.balances("bot")
    assert other.open_orders("bot") == exchange.open_orders("bot")
    assert other.closed_orders("bot") == exchange.closed_orders("bot")
    assert other.keys.find("key") == exchange.keys.find("key")
    for pair in exchange.markets:
        assert other.book(pair) == exchange.book(pair)
        assert other.tape(pair).candles(60) == exchange.tape(pair).candles(60)

    for _ in range(60):
        clock.pass_seconds(1)
        exchange.advance(1)
        other.advance(1)
    assert other.snapshot() == exchange.snapshot()
    assert_sound(other, ("bot", "~maker", "~taker"))


@pytest.mark.parametrize("seconds", range(1, 16))
def test_the_future_is_the_same_from_any_moment(seconds: int) -> None:
    exchange, clock = lived()
    run(exchange, clock, seconds)
    # Somebody takes makers' orders between two steps of the flow.
    exchange.place("bot", PAIR, Side.SELL, D(20_000), None, type="market")
    other = Exchange(seed=1, now=clock)
    other.restore(json.loads(json.dumps(exchange.snapshot())))
    for either in (exchange, other):
        either.advance(10)
    assert other.snapshot() == exchange.snapshot()


def test_restored_orders_can_be_cancelled_and_callbacks_stay() -> None:
    exchange, clock = lived()
    other = Exchange(seed=1, now=clock)
    heard: list[str] = []
    other.on_trade("bot", lambda trade: heard.append(trade.id))
    other.restore(exchange.snapshot())
    other.place("bot", PAIR, Side.BUY, D(160), None, type="market")
    assert heard
    for order in other.open_orders("bot"):
        other.cancel("bot", order.id)
    assert all(balance.total == balance.available for balance in other.balances("bot").values())


def test_a_snapshot_of_other_markets_or_another_version_is_refused() -> None:
    exchange, clock = lived()
    data = exchange.snapshot()
    fewer = Exchange(seed=1, now=clock, markets=tuple(exchange.markets.values())[:2])
    with pytest.raises(ValueError, match="other markets"):
        fewer.restore(data)
    with pytest.raises(ValueError, match="another version"):
        exchange.restore({**data, "version": 0})


def test_secrets_stay_out_of_reprs() -> None:
    assert "s3cret" not in repr(ApiKey("key", "s3cret", "m3mo", "bot", True, False, ()))
