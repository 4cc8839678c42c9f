"""The background flow: seeded, two-sided, and lively enough that a quote 0.3 % off the mid trades."""

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import pytest

from tests.support.exchange import FLOW_OWNERS, PAIR, Clock, assert_sound, on_tick, run, total
from trading_bridge.sandbox.exchange import Exchange, Order, Side, Trade

D = Decimal
SPREAD = D("0.003")
SIZE = D(1600)


@dataclass
class Quoter:
    """A bare quoting bot: one order per side around the mid."""

    exchange: Exchange
    owner: str

    def quote(self) -> tuple[Order, Order]:
        """Cancel what is open, quote again."""
        for order in self.exchange.open_orders(self.owner):
            self.exchange.cancel(self.owner, order.id)
        mid, market = self.exchange.mid(PAIR), self.exchange.markets[PAIR]
        assert mid is not None
        bid, ask = on_tick(mid * (1 - SPREAD), market), on_tick(mid * (1 + SPREAD), market)
        place = self.exchange.place
        return (
            place(self.owner, PAIR, Side.BUY, SIZE, bid),
            place(self.owner, PAIR, Side.SELL, SIZE, ask),
        )


def opened(seed: int, *owners: str) -> tuple[Exchange, Clock]:
    clock = Clock()
    exchange = Exchange(seed=seed, now=clock)
    for owner in owners:
        exchange.open_account(owner, {"SHARP": D(200_000), "USDT": D(10_000)})
    return exchange, clock


def public_trades(exchange: Exchange) -> list[object]:
    return [trade for pair in exchange.markets for trade in exchange.tape(pair).trades(1000)]


def test_a_new_exchange_has_a_two_sided_book_of_several_levels_around_the_start_price() -> None:
    exchange, _ = opened(1)
    for market in exchange.markets.values():
        book, mid = exchange.book(market.pair), exchange.mid(market.pair)
        assert len(book.bids) >= 10
        assert len(book.asks) >= 10
        assert mid is not None
        assert abs(mid / market.start_price - 1) < D("0.001")


def test_same_seed_same_trades_another_seed_others() -> None:
    runs = []
    for seed in (7, 7, 8):
        exchange, clock = opened(seed)
        run(exchange, clock, 60)
        runs.append(public_trades(exchange))
    assert runs[0] == runs[1] != runs[2]
    assert len(runs[0]) > 100


def test_how_time_is_cut_changes_nothing() -> None:
    fine, _ = opened(3)
    coarse, _ = opened(3)
    for _ in range(300):
        fine.advance(0.1)
    coarse.advance(30)
    assert public_trades(fine) == public_trades(coarse)
    with pytest.raises(ValueError, match="forward"):
        fine.advance(-1)


def test_a_quote_0_3_per_cent_from_the_mid_is_hit_within_20_seconds() -> None:
    seeds = range(60)
    hit = {Side.BUY: 0, Side.SELL: 0}
    either = 0
    for seed in seeds:
        exchange, clock = opened(seed, "bot")
        run(exchange, clock, 5 + seed % 15)
        orders = Quoter(exchange, "bot").quote()
        run(exchange, clock, 20)
        either += any(order.filled for order in orders)
        for order in orders:
            hit[order.side] += bool(order.filled)
    assert either >= 0.98 * len(seeds)
    assert min(hit.values()) >= 0.8 * len(seeds)


def test_partial_fills_happen() -> None:
    seen = 0
    for seed in range(30):
        exchange, clock = opened(seed, "bot")
        orders = Quoter(exchange, "bot").quote()
        for _ in range(30):
            run(exchange, clock, 1)
            if any(0 < order.filled < order.amount for order in orders):
                seen += 1
                break
    assert seen >= 3


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_quoting_bot_trades_both_ways_and_its_inventory_is_its_trades(seed: int) -> None:
    exchange, clock = opened(seed, "bot")
    quoter = Quoter(exchange, "bot")
    heard: list[Trade] = []
    exchange.on_trade("bot", heard.append)
    everyone = ("bot", *FLOW_OWNERS)
    before = {token: total(exchange, everyone, token) for token in ("SHARP", "USDT")}
    for _ in range(20):
        quoter.quote()
        run(exchange, clock, 30)
        assert_sound(exchange, everyone)
    bought = sum((t.amount for t in heard if t.side is Side.BUY), D(0))
    sold = sum((t.amount for t in heard if t.side is Side.SELL), D(0))
    spent = sum((t.amount * t.price * (1 if t.side is Side.BUY else -1) + t.fee for t in heard), D(0))
    balances = exchange.balances("bot")
    assert heard == exchange.trades("bot")
    assert balances["SHARP"].total == D(200_000) + bought - sold
    assert balances["USDT"].total == D(10_000) - spent
    assert min(bought, sold) > 5 * SIZE
    assert abs(bought - sold) < (bought + sold) / 3
    assert {token: total(exchange, everyone, token) for token in before} == before


def test_the_mid_wanders_but_neither_jumps_nor_runs_off() -> None:
    exchange, clock = opened(5)
    mids = []
    for _ in range(1200):
        run(exchange, clock, 1)
        mid = exchange.mid(PAIR)
        assert mid is not None, "a sweep emptied a side of the book"
        mids.append(mid)
    steps = [abs(after / before - 1) for before, after in pairwise(mids)]
    assert max(steps) < D("0.003")
    assert max(mids) / min(mids) - 1 > D("0.001")
    assert all(abs(mid / exchange.markets[PAIR].start_price - 1) < D("0.03") for mid in mids)


def test_a_hundred_bots_on_one_book_all_get_their_share() -> None:
    owners = [f"bot{n}" for n in range(100)]
    exchange, clock = opened(6, *owners)
    for owner in owners:
        Quoter(exchange, owner).quote()
    run(exchange, clock, 60)
    assert sum(bool(exchange.trades(owner)) for owner in owners) >= 90
    assert_sound(exchange, (*owners, *FLOW_OWNERS))


def test_refusing_everybody_does_not_stop_the_market() -> None:
    exchange, clock = opened(1)
    exchange.refuse["*"] = "maintenance"
    run(exchange, clock, 30)
    assert len(public_trades(exchange)) > 20
    assert exchange.mid(PAIR) is not None
