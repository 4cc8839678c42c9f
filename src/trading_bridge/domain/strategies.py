"""The strategy catalogue: parameters with their limits (forms and REST are generated from them), and the Hummingbot
controller config that each becomes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from trading_bridge.domain.errors import AmountBelowMinimum, InvalidConfig, UnknownStrategy
from trading_bridge.domain.instruments import Pair, TradingRules


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a strategy. Limits are inclusive; `unit` is shown beside the field."""

    name: str
    label: str
    kind: str  # "fraction" | "amount" | "seconds"
    unit: str
    minimum: Decimal
    maximum: Decimal
    help: str
    default: Decimal | None = None  # None = required

    def read(self, value: Any) -> Decimal:
        """The value as an exact Decimal. Raises InvalidConfig naming the field `config.<name>`."""
        field = f"config.{self.name}"
        if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
            raise InvalidConfig(f"{self.label} is not a number.", field=field, hint=self.help)
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise InvalidConfig(f"{self.label} is not a number.", field=field, hint=self.help) from None
        if not number.is_finite():
            raise InvalidConfig(f"{self.label} is not a finite number.", field=field, hint=self.help)
        if abs(number.adjusted()) > 30 or len(number.as_tuple().digits) > 60:  # "1e999999" would fill a page
            raise InvalidConfig(f"{self.label} is out of any range.", field=field, hint=self.help)
        if self.kind == "seconds" and number != number.to_integral_value():
            raise InvalidConfig(f"{self.label} is whole seconds.", field=field, hint=self.help)
        if number < self.minimum or number > self.maximum:
            raise InvalidConfig(
                f"{self.label} is {number:f}; allowed is {self.minimum:f} to {self.maximum:f}.",
                field=field,
                hint=self.help,
            )
        return number


@dataclass(frozen=True, slots=True)
class Quote:
    """One level that the strategy would place. `price` in quote, `amount` in base."""

    side: str  # "buy" | "sell"
    price: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Strategy:
    """A catalogue entry. `controller` is Hummingbot's (type, name)."""

    name: str
    title: str
    summary: str
    controller: tuple[str, str]
    parameters: tuple[Parameter, ...]
    build: Callable[[str, str, Pair, Mapping[str, Decimal]], dict[str, Any]]
    preview: Callable[[Mapping[str, Decimal], Decimal, TradingRules | None], list[Quote]]

    def read_config(self, raw: Mapping[str, Any]) -> dict[str, Decimal]:
        """Checked parameters with defaults filled in. Raises InvalidConfig with the field at fault."""
        known = {parameter.name for parameter in self.parameters}
        for key in raw:
            if key not in known:
                raise InvalidConfig(
                    f"Strategy {self.name} has no parameter “{key}”.",
                    field=f"config.{key}",
                    hint=f"Its parameters are {', '.join(sorted(known))}.",
                )
        values: dict[str, Decimal] = {}
        for parameter in self.parameters:
            value = raw.get(parameter.name)
            if value is None or value == "":
                if parameter.default is None:
                    raise InvalidConfig(
                        f"{parameter.label} is missing.",
                        field=f"config.{parameter.name}",
                        hint=parameter.help,
                    )
                value = parameter.default
            values[parameter.name] = parameter.read(value)
        return values

    def check_market(self, values: Mapping[str, Decimal], pair: Pair, rules: TradingRules, mid: Decimal | None) -> None:
        """Every order the strategy would place must be one the exchange takes. Raises AmountBelowMinimum."""
        amount = rules.round_amount(values["order_amount"])
        if rules.min_order_size is not None and amount < rules.min_order_size:
            raise AmountBelowMinimum(
                f"An order of {_plain(values['order_amount'])} {pair.base} is below the exchange's minimum of "
                f"{_plain(rules.min_order_size)} {pair.base}.",
                field="config.order_amount",
                hint=f"Use {_plain(rules.min_order_size)} {pair.base} or more.",
            )
        if amount <= 0:
            raise AmountBelowMinimum(
                f"An order of {_plain(values['order_amount'])} {pair.base} is less than one lot.",
                field="config.order_amount",
                hint=f"One lot is {_plain(rules.min_base_amount_increment or Decimal(0))} {pair.base}.",
            )
        if mid is None or rules.min_notional is None:
            return
        for quote in self.preview(values, mid, rules):
            if quote.price * quote.amount < rules.min_notional:
                raise AmountBelowMinimum(
                    f"An order of {_plain(amount)} {pair.base} at {_plain(quote.price)} is worth "
                    f"{_plain(quote.price * quote.amount)} {pair.quote}; the exchange's minimum is "
                    f"{_plain(rules.min_notional)} {pair.quote}.",
                    field="config.order_amount",
                    hint="Raise the order amount.",
                )


def _plain(number: Decimal) -> str:
    """Digits without exponent and without idle zeros (the wire gives 3 as 3.0)."""
    return format(number.normalize(), "f")


def _pmm_v1(config_id: str, connector: str, pair: Pair, values: Mapping[str, Decimal]) -> dict[str, Any]:
    """generic/pmm_v1 takes `extra=forbid` and exactly these (hummingbot-api.md, "Strategies").

    `id` must be there: without it the config passes every check and the bot exits.
    """
    return {
        "id": config_id,
        "controller_name": "pmm_v1",
        "controller_type": "generic",
        "connector_name": connector,
        "trading_pair": pair.wire,
        "total_amount_quote": 0,
        "order_amount": values["order_amount"],
        "buy_spreads": [values["bid_spread"]],
        "sell_spreads": [values["ask_spread"]],
        "order_refresh_time": int(values["order_refresh_time"]),
        "order_refresh_tolerance_pct": -1,
        "filled_order_delay": int(values["filled_order_delay"]),
        "inventory_skew_enabled": False,
        "target_base_pct": Decimal("0.5"),
        "inventory_range_multiplier": 1,
        "price_ceiling": -1,
        "price_floor": -1,
        "manual_kill_switch": False,
    }


def _spread_preview(values: Mapping[str, Decimal], mid: Decimal, rules: TradingRules | None) -> list[Quote]:
    """The first quotes at this mid price, asks first (highest on top), rounded as the connector would."""
    bid, ask = mid * (1 - values["bid_spread"]), mid * (1 + values["ask_spread"])
    amount = values["order_amount"]
    if rules is not None:
        bid, ask, amount = rules.round_price(bid), rules.round_price(ask), rules.round_amount(amount)
    return [Quote("sell", ask, amount), Quote("buy", bid, amount)]


_SPREAD_HELP = "A fraction of the mid price: 0.003 is 0.3 %. Allowed is 0.0001 (1 bps) to 0.1 (10 %)."

SPREAD = Strategy(
    name="spread",
    title="Spread",
    summary="Quotes one bid and one ask around the mid price, re-quoted at an interval; keeps its inventory.",
    controller=("generic", "pmm_v1"),
    parameters=(
        Parameter("bid_spread", "Bid spread", "fraction", "of mid", Decimal("0.0001"), Decimal("0.1"), _SPREAD_HELP),
        Parameter("ask_spread", "Ask spread", "fraction", "of mid", Decimal("0.0001"), Decimal("0.1"), _SPREAD_HELP),
        Parameter(
            "order_amount",
            "Order amount",
            "amount",
            "base",
            Decimal("0.00000001"),
            Decimal(10**12),
            "Size of each order in the base token, at least the exchange's minimum.",
        ),
        Parameter(
            "order_refresh_time",
            "Refresh every",
            "seconds",
            "s",
            Decimal(5),
            Decimal(3600),
            "How long an order rests before it is replaced at the new mid price: 5 to 3600 seconds.",
            default=Decimal(60),
        ),
        Parameter(
            "filled_order_delay",
            "Pause after a fill",
            "seconds",
            "s",
            Decimal(0),
            Decimal(3600),
            "How long a side stays empty after its order was filled: 0 to 3600 seconds.",
            default=Decimal(10),
        ),
    ),
    build=_pmm_v1,
    preview=_spread_preview,
)

CATALOGUE: dict[str, Strategy] = {SPREAD.name: SPREAD}


def strategy(name: str) -> Strategy:
    """The catalogue entry. Raises UnknownStrategy."""
    found = CATALOGUE.get(name)
    if found is None:
        raise UnknownStrategy(
            f"There is no strategy “{name[:60]}”.",
            field="strategy",
            hint=f"Strategies are: {', '.join(sorted(CATALOGUE))}.",
        )
    return found
