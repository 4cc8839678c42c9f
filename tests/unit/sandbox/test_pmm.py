"""pmm_v1 on a book that the test alone moves."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.support.sandbox_server import pmm_v1
from trading_bridge.sandbox.connectors import owner_of, sandbox_credentials, seed_exchange
from trading_bridge.sandbox.controllers import PMMV1Config
from trading_bridge.sandbox.exchange import Exchange, Order, Side, Trade
from trading_bridge.sandbox.pmm import CLOSE_DELAY, PmmV1
from trading_bridge.sandbox.positions import Ledger
from trading_bridge.sandbox.vault import Vault
from trading_bridge.sandbox.venue import Venue

D = Decimal
PAIR = "SHARP-USDT"
OWNER = owner_of("gate_io")
MARKET_MAKER = owner_of("kucoin")
TAKER = owner_of("mexc")
MOMENT = datetime(2026, 11, 21, tzinfo=UTC)


class Desk:
    """One controller on an otherwise empty exchange; `tick` lets it work at a second of the test's choice."""

    def __init__(self, **fields: Any) -> None:
        self.exchange = Exchange(seed=1, now=lambda: MOMENT, background=False)
        seed_exchange(self.exchange)
        self.vault = Vault(self.exchange.keys, "http://127.0.0.1")
        self.lines: list[tuple[str, str]] = []
        self.trades: list[Trade] = []
        self.ledger = Ledger()
        self.controller = self.make(**fields)
        self.exchange.on_trade(OWNER, self.filled)

    def make(self, **fields: Any) -> PmmV1:
        """A controller with its own connection; `secret` overrides the key's."""
        keys = sandbox_credentials("gate_io")
        keys["gate_io_secret_key"] = fields.pop("secret", keys["gate_io_secret_key"])
        venue = Venue(self.exchange, self.vault, "gate_io", PAIR, keys, "unit", self.log, self.trades.append)
        return PmmV1(PMMV1Config(**pmm_v1("unit", **fields)), venue, self.ledger, self.log)

    def filled(self, trade: Trade) -> None:
        """To the controller of the moment: a test may replace it."""
        self.controller.venue.filled(trade)

    def log(self, level: str, _logger: str, message: str) -> None:
        self.lines.append((level, message))

    def quote(self, bid: str, ask: str) -> list[Order]:
        """A two-sided book of somebody else's."""
        return [
            self.exchange.place(MARKET_MAKER, PAIR, Side.BUY, D(5000), D(bid)),
            self.exchange.place(MARKET_MAKER, PAIR, Side.SELL, D(5000), D(ask)),
        ]

    def unquote(self, orders: list[Order]) -> None:
        for order in orders:
            self.exchange.cancel(MARKET_MAKER, order.id)

    def open(self) -> list[tuple[str, D, D]]:
        """The controller's orders on the exchange: side, price, amount."""
        orders = self.exchange.open_orders(OWNER)
        return sorted((str(o.side), o.price or D(0), o.amount) for o in orders)

    def said(self, part: str) -> bool:
        return any(part in message for _level, message in self.lines)


def test_quotes_are_spread_round_the_mid_and_floored_to_the_steps() -> None:
    desk = Desk(buy_spreads=[0.003, 0.01], sell_spreads=[0.003], order_amount=1600.7)
    desk.quote("0.049990", "0.050011")
    desk.controller.tick(0)
    assert desk.open() == [
        ("BUY", D("0.049500"), D(1600)),
        ("BUY", D("0.049850"), D(1600)),
        ("SELL", D("0.050150"), D(1600)),
    ]
    order_id = desk.exchange.open_orders(OWNER)[0].client_id
    assert order_id.startswith("t-HBOTBSPUT")
    assert len(order_id) == 30
    assert ("INFO", f"Created LIMIT BUY order {order_id} for 1600 SHARP-USDT at 0.049850.") in desk.lines


def test_without_a_mid_nothing_is_quoted() -> None:
    desk = Desk()
    desk.controller.tick(0)
    desk.exchange.place(MARKET_MAKER, PAIR, Side.BUY, D(100), D("0.05"))
    desk.controller.tick(1)
    assert desk.open() == []
    assert desk.lines == []


def test_quotes_are_refreshed_after_their_time_at_the_new_mid() -> None:
    desk = Desk(order_refresh_time=30)
    book = desk.quote("0.0499", "0.0501")
    desk.controller.tick(0)
    before = desk.open()
    desk.unquote(book)
    desk.quote("0.05004", "0.05012")
    for now in range(1, 31):
        desk.controller.tick(now)
    assert desk.open() == before
    desk.controller.tick(31)
    assert desk.open() == []
    assert desk.said("Successfully canceled order")
    for now in range(32, 32 + int(CLOSE_DELAY)):
        desk.controller.tick(now)
    assert desk.open() == [("BUY", D("0.049929"), D(1600)), ("SELL", D("0.050230"), D(1600))]
    assert desk.ledger.endings == {"EARLY_STOP": 2}


def test_tolerance_keeps_quotes_that_are_near_enough() -> None:
    desk = Desk(order_refresh_time=10, order_refresh_tolerance_pct=0.01)
    book = desk.quote("0.0499", "0.0501")
    desk.controller.tick(0)
    before = desk.open()
    desk.unquote(book)
    book = desk.quote("0.05008", "0.05012")
    desk.controller.tick(11)
    assert desk.open() == before
    desk.unquote(book)
    desk.quote("0.0519", "0.0521")
    desk.controller.tick(12)
    assert desk.open() == []


def test_a_partial_fill_stays_until_it_is_whole_then_the_level_rests() -> None:
    desk = Desk(order_refresh_time=10, filled_order_delay=20, sell_spreads=[])
    book = desk.quote("0.0499", "0.0501")
    desk.controller.tick(0)
    desk.unquote(book[:1])
    desk.exchange.place(TAKER, PAIR, Side.SELL, D(600), D("0.0498"))
    assert desk.said("amounting to 600/1600 SHARP has been filled at 0.049850 USDT.")
    desk.controller.tick(15)
    assert desk.open() == [("BUY", D("0.049850"), D(1600))]
    report = desk.controller.report()
    assert report["volume_traded"] == pytest.approx(600 * 0.04985)
    assert report["positions_summary"] == []
    desk.exchange.place(TAKER, PAIR, Side.SELL, D(1000), D("0.0498"))
    assert desk.said("completely filled.")
    desk.quote("0.0499", "0.0502")
    desk.controller.tick(16)
    position = desk.controller.report()["positions_summary"][0]
    assert (position["side"], position["amount"], position["breakeven_price"]) == ("TradeType.BUY", 1600.0, 0.04985)
    assert position["cum_fees_quote"] == pytest.approx(1600 * 0.04985 * 0.001)
    assert desk.ledger.endings == {"POSITION_HOLD": 1}
    desk.controller.tick(35)
    assert desk.open() == []
    desk.controller.tick(36)
    assert len(desk.open()) == 1


def test_an_order_that_somebody_else_cancelled_is_placed_again() -> None:
    desk = Desk(sell_spreads=[])
    desk.quote("0.0499", "0.0501")
    desk.controller.tick(0)
    order = desk.exchange.open_orders(OWNER)[0]
    desk.exchange.cancel(OWNER, order.id)
    desk.controller.tick(1)
    assert desk.said(f"Successfully canceled order {order.client_id}.")
    assert desk.open() == [("BUY", D("0.049850"), D(1600))]


@pytest.mark.parametrize(
    ("fields", "sides"),
    [
        ({"price_ceiling": 0.05}, {"SELL"}),
        ({"price_floor": 0.05}, {"BUY"}),
        ({"price_ceiling": 0.06, "price_floor": 0.04}, {"BUY", "SELL"}),
    ],
)
def test_the_price_band(fields: dict[str, Any], sides: set[str]) -> None:
    desk = Desk(**fields)
    desk.quote("0.0499", "0.0501")
    desk.controller.tick(0)
    assert {side for side, _price, _amount in desk.open()} == sides


def test_skew_sells_more_of_what_there_is_too_much_of() -> None:
    # 200000 SHARP at 0.05 are 10000 of 30000 USDT: a third. The target of a quarter makes it too much.
    desk = Desk(inventory_skew_enabled=True, target_base_pct=0.25, inventory_range_multiplier=30, order_amount=1000)
    desk.quote("0.0499", "0.0501")
    desk.controller.tick(0)
    amounts = {side: amount for side, _price, amount in desk.open()}
    # Range 2 x 1000 x 30 base = 3000 USDT; distance 2500: buy 1 - 2500/3000, sell the rest of 2.
    assert amounts == {"BUY": D(166), "SELL": D(1833)}


def test_the_kill_switch_cancels_and_its_end_quotes_again() -> None:
    desk = Desk()
    desk.quote("0.0499", "0.0501")
    desk.controller.tick(0)
    desk.controller.config = desk.controller.config.model_copy(update={"manual_kill_switch": True})
    desk.controller.tick(1)
    assert desk.open() == []
    assert desk.said("Manual cash out for controller unit.")
    desk.controller.tick(20)
    assert desk.open() == []
    desk.controller.config = desk.controller.config.model_copy(update={"manual_kill_switch": False})
    desk.controller.tick(21)
    assert len(desk.open()) == 2


def test_too_little_money_is_counted_each_second() -> None:
    desk = Desk(order_amount=10_000_000, sell_spreads=[])
    desk.quote("0.0499", "0.0501")
    for now in range(3):
        desk.controller.tick(now)
    assert desk.ledger.endings == {"INSUFFICIENT_BALANCE": 3}
    assert desk.lines[-1] == ("ERROR", "Not enough budget to open position.")
    assert desk.controller.report()["close_type_counts"] == {"CloseType.INSUFFICIENT_BALANCE": 3}


def test_a_refused_order_is_retried_ten_times_then_failed() -> None:
    desk = Desk(sell_spreads=[], secret="wrong")
    desk.quote("0.0499", "0.0501")
    for now in range(12):
        desk.controller.tick(now)
    assert desk.ledger.endings == {"FAILED": 1}
    assert desk.said("Retrying 10/10")
    assert desk.said("INVALID_SIGNATURE")
    assert desk.controller.report()["volume_traded"] == 0.0


def test_orders_under_the_minimum_are_refused_by_the_exchange() -> None:
    desk = Desk(order_amount=20, sell_spreads=[])
    desk.quote("0.0499", "0.0501")
    desk.controller.tick(0)
    assert desk.open() == []
    assert desk.said("has failed. Order Update")


def test_shutting_down_keeps_the_inventory() -> None:
    desk = Desk()
    book = desk.quote("0.0499", "0.0501")
    desk.controller.tick(0)
    desk.unquote(book[:1])
    desk.exchange.place(TAKER, PAIR, Side.SELL, D(600), D("0.0498"))
    before = desk.exchange.balances(OWNER)["SHARP"].total
    desk.controller.shut_down()
    assert desk.open() == []
    assert desk.exchange.balances(OWNER)["SHARP"].total == before == 200_600
    assert desk.ledger.endings == {"POSITION_HOLD": 1, "EARLY_STOP": 1}
    assert desk.ledger.hold("gate_io", PAIR).net == 600


def test_a_restored_controller_goes_on_where_it_was() -> None:
    desk = Desk(filled_order_delay=20)
    book = desk.quote("0.0499", "0.0501")
    desk.controller.tick(0)
    desk.unquote(book[:1])
    desk.exchange.place(TAKER, PAIR, Side.SELL, D(600), D("0.0498"))
    state, ledger = desk.controller.snapshot(), desk.ledger.snapshot()
    desk.ledger = Ledger.restored(ledger)
    desk.controller = desk.make(filled_order_delay=20)
    desk.controller.restore(state)
    desk.exchange.place(TAKER, PAIR, Side.SELL, D(1000), D("0.0498"))
    desk.quote("0.0499", "0.0502")
    desk.controller.tick(1)
    assert desk.ledger.endings == {"POSITION_HOLD": 1}
    assert desk.ledger.hold("gate_io", PAIR).net == 1600
    assert [side for side, _price, _amount in desk.open()] == ["SELL"]
    assert len(desk.trades) == 2
