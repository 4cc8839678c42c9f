"""The New bot form: what was typed, what each field says about it, and the request that it becomes."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from trading_bridge.domain.errors import BridgeError, InvalidInput
from trading_bridge.domain.instruments import Pair
from trading_bridge.domain.names import check_display_name
from trading_bridge.domain.strategies import CATALOGUE, Parameter, Strategy, strategy
from trading_bridge.domain.views import Preflight
from trading_bridge.services.bots import NewBot
from trading_bridge.web.presentation import number, percent

DEFAULT_CONNECTOR = "gate_io"
FIXED = ("name", "account", "connector", "pair", "strategy")
_LONGEST = 400
_UNITS = re.compile(r"^\s*([+-]?[0-9.]+)\s*(%|bps|bp)\s*$", re.IGNORECASE)
_SCALE = {"%": Decimal(100), "bps": Decimal(10_000), "bp": Decimal(10_000)}
_HELPS = frozenset(parameter.help for entry in CATALOGUE.values() for parameter in entry.parameters)
# Hints of the domain that speak to REST callers say nothing to somebody at a form.
_REST_HINT = re.compile(r"\b(GET|PUT|POST) /")


@dataclass(frozen=True, slots=True)
class Message:
    """What is wrong with one field, and what to do."""

    text: str
    hint: str | None = None


def message_of(error: BridgeError) -> Message:
    """An error in the words of the form."""
    return Message(error.message, page_hint(error.hint))


def page_hint(hint: str | None) -> str | None:
    """The hint, unless it names a REST call, or stands under its field already."""
    return None if hint is None or hint in _HELPS or _REST_HINT.search(hint) else hint


@dataclass(frozen=True, slots=True)
class Form:
    """Values exactly as typed; `errors` by field name (`name`, `config.bid_spread`); "" = the form as a whole."""

    values: Mapping[str, str]
    errors: Mapping[str, Message] = field(default_factory=dict)

    @property
    def strategy(self) -> Strategy:
        """The chosen strategy, or the first one while the choice is unknown."""
        return CATALOGUE.get(self.values.get("strategy", "")) or next(iter(CATALOGUE.values()))

    def value(self, name: str) -> str:
        return self.values.get(name, "")

    def error(self, name: str) -> Message | None:
        return self.errors.get(name)

    @property
    def more_open(self) -> bool:
        """The folded settings open by themselves when one of them is wrong or was changed."""
        return any(
            self.error(f"config.{p.name}") or self.value(f"config.{p.name}") not in ("", plain(p.default))
            for p in self.strategy.parameters
            if p.default is not None
        )

    def config(self) -> dict[str, str]:
        """The strategy's parameters; `0.3 %` and `30 bps` become the fraction they mean."""
        return {
            p.name: fraction(self.value(f"config.{p.name}"))
            if p.kind == "fraction"
            else _number_text(self.value(f"config.{p.name}"))
            for p in self.strategy.parameters
            if self.value(f"config.{p.name}").strip()
        }

    def request(self, *, start: bool) -> NewBot:
        """The request for a bot, unchecked."""
        return NewBot(
            name=self.value("name"),
            account=self.value("account"),
            connector=self.value("connector"),
            pair=self.value("pair"),
            strategy=self.value("strategy") or self.strategy.name,
            config=self.config(),
            start=start,
        )

    def pair(self) -> Pair | None:
        try:
            return Pair.parse(self.value("pair"))
        except InvalidInput:
            return None


def read_form(raw: Mapping[str, Any]) -> Form:
    """From a posted form: only known fields, and no more of each than a field may hold."""
    chosen = CATALOGUE.get(str(raw.get("strategy", ""))) or next(iter(CATALOGUE.values()))
    names = [*FIXED, *(f"config.{p.name}" for p in chosen.parameters)]
    return Form({name: value[:_LONGEST] for name in names if isinstance(value := raw.get(name), str)})


def fresh_form(accounts: Sequence[str], connectors: Sequence[str], wanted: Mapping[str, str]) -> Form:
    """An empty form with its defaults; `wanted` (from the address) presets account, connector and pair."""
    chosen = next(iter(CATALOGUE.values()))
    values = {
        "connector": DEFAULT_CONNECTOR if DEFAULT_CONNECTOR in connectors or not connectors else connectors[0],
        "account": accounts[0] if len(accounts) == 1 else "",
        "strategy": chosen.name,
    }
    values |= {f"config.{p.name}": plain(p.default) for p in chosen.parameters if p.default is not None}
    values |= {key: wanted[key][:_LONGEST] for key in ("account", "connector", "pair") if wanted.get(key)}
    return Form(values)


def local_errors(form: Form, names: Iterable[str]) -> dict[str, Message]:
    """What can be said of these fields without asking anybody: all of them at once, not just the first."""
    parameters = {f"config.{p.name}": p for p in form.strategy.parameters}
    config = form.config()
    errors: dict[str, Message] = {}
    for name in names:
        try:
            if name == "name":
                check_display_name(form.value("name"))
            elif name == "pair":
                Pair.parse(form.value("pair"))
            elif name == "account" and not form.value("account"):
                raise InvalidInput("Choose an account.")
            elif name == "connector" and not form.value("connector"):
                raise InvalidInput("Choose an exchange.")
            elif name == "strategy":
                strategy(form.value("strategy") or form.strategy.name)
            elif name in parameters:
                _check_parameter(parameters[name], config)
        except InvalidInput as error:
            errors[name] = message_of(error)
    return errors


def _check_parameter(parameter: Parameter, config: Mapping[str, str]) -> None:
    value = config.get(parameter.name, "")
    if value or parameter.default is None:
        if not value:
            raise InvalidInput(f"{parameter.label} is missing.", hint=parameter.help)
        parameter.read(value)


def line_errors(form: Form, lines: Iterable[Preflight]) -> dict[str, Message]:
    """Failed pre-flight lines that are about a field of this form."""
    known = set(FIXED) | {f"config.{p.name}" for p in form.strategy.parameters}
    return {
        line.field: Message(line.message, page_hint(line.hint))
        for line in lines
        if line.state == "fail" and line.field in known
    }


def error_on(form: Form, error: BridgeError) -> dict[str, Message]:
    """The error at its field; at "" when the form has no such field."""
    known = set(FIXED) | {f"config.{p.name}" for p in form.strategy.parameters}
    return {error.field if error.field in known else "": message_of(error)}


def fraction(text: str) -> str:
    """`0.3 %` -> `0.003`, `30 bps` -> `0.003`; anything else as it is, a comma read as a point."""
    text = _number_text(text)
    match = _UNITS.match(text)
    if match is None:
        return text
    try:
        value = Decimal(match[1]) / _SCALE[match[2].lower()]
    except InvalidOperation:
        return text
    return f"{value:f}"


def _number_text(text: str) -> str:
    """What people type and paste: blanks between digits, a decimal comma, a typographic minus."""
    text = text.strip().replace("\u202f", "").replace("\u00a0", "").replace("\u2009", "").replace("−", "-")
    if "," in text and "." not in text and text.count(",") == 1:
        text = text.replace(",", ".")
    return text


def echo(parameter: Parameter, text: str) -> str:
    """What a typed fraction means: `= 0.30 % = 30.0 bps`; empty when it means nothing."""
    if parameter.kind != "fraction" or not text.strip():
        return ""
    try:
        value = Decimal(fraction(text))
    except InvalidOperation:
        return ""
    if not value.is_finite() or abs(value) > 10:
        return ""
    return f"= {percent(value)} = {number(value * 10_000, 1)} bps"


def plain(value: Decimal | None) -> str:
    """A default as somebody would type it."""
    return "" if value is None else f"{value:f}"
