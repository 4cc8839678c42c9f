"""The spread strategy: limits, defaults, the config that Hummingbot gets, the exchange's minimums."""

from decimal import Decimal
from typing import Any

import pytest

from trading_bridge.domain.errors import AmountBelowMinimum, InvalidConfig, UnknownStrategy
from trading_bridge.domain.instruments import Pair, TradingRules
from trading_bridge.domain.strategies import SPREAD, strategy

PAIR = Pair("SHARP", "USDT")
GOOD: dict[str, Any] = {
    "bid_spread": Decimal("0.003"),
    "ask_spread": Decimal("0.003"),
    "order_amount": 1600,
    "order_refresh_time": 60,
}
RULES = TradingRules(
    min_order_size=Decimal(10),
    max_order_size=None,
    min_price_increment=Decimal("0.000001"),
    min_base_amount_increment=Decimal(1),
    min_notional=Decimal(5),
)


def test_defaults_are_filled_in() -> None:
    values = SPREAD.read_config({key: value for key, value in GOOD.items() if key != "order_refresh_time"})
    assert values["order_refresh_time"] == 60
    assert values["filled_order_delay"] == 10


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"bid_spread": Decimal("-0.1")}, "bid_spread"),
        ({"bid_spread": Decimal("0.3")}, "bid_spread"),
        ({"ask_spread": 0}, "ask_spread"),
        ({"ask_spread": "NaN"}, "ask_spread"),
        ({"ask_spread": "abc"}, "ask_spread"),
        ({"ask_spread": True}, "ask_spread"),
        ({"ask_spread": [1]}, "ask_spread"),
        ({"ask_spread": 0.003}, "ask_spread"),  # a float has lost its digits before it came here
        ({"order_amount": None}, "order_amount"),
        ({"order_amount": -1}, "order_amount"),
        ({"order_amount": "Infinity"}, "order_amount"),
        ({"order_refresh_time": Decimal("7.5")}, "order_refresh_time"),
        ({"order_refresh_time": 1}, "order_refresh_time"),
        ({"leverage": 20}, "leverage"),
    ],
)
def test_bad_values_name_their_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        SPREAD.read_config(GOOD | change)
    assert caught.value.field == f"config.{field}"
    assert caught.value.hint


def test_unknown_strategy() -> None:
    with pytest.raises(UnknownStrategy) as caught:
        strategy("arbitrage")
    assert "spread" in (caught.value.hint or "")


def test_the_controller_config() -> None:
    config = SPREAD.build("sharp-12345678-g1", "gate_io", PAIR, SPREAD.read_config(GOOD))
    assert config["id"] == "sharp-12345678-g1"  # without it the bot exits [measured]
    assert (config["controller_type"], config["controller_name"]) == SPREAD.controller == ("generic", "pmm_v1")
    assert config["trading_pair"] == "SHARP-USDT"
    assert config["buy_spreads"] == config["sell_spreads"] == [Decimal("0.003")]
    assert config["order_amount"] == Decimal(1600)
    assert config["manual_kill_switch"] is False


def test_preview_is_rounded_as_the_exchange_asks() -> None:
    ask, bid = SPREAD.preview(SPREAD.read_config(GOOD), Decimal("0.0500005"), RULES)
    assert (ask.side, ask.price, ask.amount) == ("sell", Decimal("0.050150"), Decimal(1600))
    assert (bid.side, bid.price) == ("buy", Decimal("0.049850"))


@pytest.mark.parametrize(("amount", "words"), [(5, "10 SHARP"), (50, "5 USDT"), ("0.5", "10 SHARP")])
def test_amount_below_the_exchanges_minimum(amount: Any, words: str) -> None:
    with pytest.raises(AmountBelowMinimum) as caught:
        SPREAD.check_market(SPREAD.read_config(GOOD | {"order_amount": amount}), PAIR, RULES, Decimal("0.05"))
    assert caught.value.field == "config.order_amount"
    assert words in caught.value.message


def test_without_a_mid_only_the_size_can_be_checked() -> None:
    SPREAD.check_market(SPREAD.read_config(GOOD | {"order_amount": 50}), PAIR, RULES, None)
