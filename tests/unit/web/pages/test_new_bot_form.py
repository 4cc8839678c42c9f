"""The New bot form: what is typed, what it means, and what is said beside the field."""

from decimal import Decimal

import pytest

from trading_bridge.domain.errors import AmountBelowMinimum, CredentialsMissing, UpstreamUnreachable
from trading_bridge.domain.strategies import SPREAD
from trading_bridge.domain.views import Preflight
from trading_bridge.web.pages.new_bot_form import (
    Form,
    echo,
    error_on,
    fraction,
    fresh_form,
    line_errors,
    local_errors,
    read_form,
)

TYPED = {
    "name": "Sharp Spread",
    "account": "client_sharp",
    "connector": "gate_io",
    "pair": "sharp-usdt",
    "strategy": "spread",
    "config.bid_spread": "0.3 %",
    "config.ask_spread": "30 bps",
    "config.order_amount": "1 600",
}
FIELDS = list(TYPED)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("0.003", "0.003"),
        (" 0.3 % ", "0.003"),
        ("30bps", "0.003"),
        ("0,003", "0.003"),
        ("−0.3%", "-0.003"),
        ("1.2.3 %", "1.2.3 %"),
        ("half", "half"),
        ("", ""),
    ],
)
def test_fractions_may_be_typed_as_per_cent_or_basis_points(typed: str, meant: str) -> None:
    assert fraction(typed) == meant


def test_echo_says_what_a_typed_fraction_means() -> None:
    assert echo(SPREAD.parameters[0], "0.003") == "= 0.30\u202f% = 30.0 bps"
    assert echo(SPREAD.parameters[0], "half") == echo(SPREAD.parameters[0], "") == ""
    assert echo(SPREAD.parameters[0], "1e99") == ""
    assert echo(SPREAD.parameters[2], "1600") == ""


def test_request_is_made_of_what_was_meant_and_leaves_defaults_to_the_strategy() -> None:
    form = read_form({**TYPED, "config.order_amount": "1\u202f600", "config.order_refresh_time": ""})
    request = form.request(start=True)
    assert request.config == {"bid_spread": "0.003", "ask_spread": "0.003", "order_amount": "1600"}
    assert request.start
    assert form.strategy.read_config(request.config)["order_refresh_time"] == 60


def test_unknown_and_overlong_fields_are_not_carried_along() -> None:
    form = read_form({**TYPED, "config.leverage": "20", "name": "x" * 9999})
    assert "config.leverage" not in form.values
    assert len(form.value("name")) == 400


def test_every_wrong_field_is_named_at_once() -> None:
    form = read_form({"name": "../../etc", "pair": "x", "config.bid_spread": "0.3", "config.ask_spread": "-1"})
    errors = local_errors(form, FIELDS)
    assert set(errors) == set(FIELDS) - {"strategy"}
    assert "0.0001 to 0.1" in errors["config.bid_spread"].text
    assert local_errors(read_form({**TYPED, "config.order_amount": "1600"}), FIELDS) == {}


def test_only_the_asked_fields_are_checked_while_typing() -> None:
    assert local_errors(Form({"name": "../../etc"}), []) == {}
    assert set(local_errors(Form({"name": "../../etc"}), ["name"])) == {"name"}


def test_services_errors_go_to_their_field_and_others_to_the_form() -> None:
    form = read_form(TYPED)
    small = AmountBelowMinimum("Too small.", field="config.order_amount", hint="Use 10 SHARP or more.")
    assert error_on(form, small)["config.order_amount"].hint == "Use 10 SHARP or more."
    assert set(error_on(form, UpstreamUnreachable("Silent."))) == {""}


def test_hints_for_rest_callers_are_not_shown_on_a_form() -> None:
    error = CredentialsMissing("No keys.", field="account", hint="PUT /accounts/a/credentials/gate_io adds them.")
    assert error_on(read_form(TYPED), error)["account"].hint is None


def test_failed_preflight_lines_mark_their_fields() -> None:
    lines = [
        Preflight("Keys", "fail", "No keys.", None, "account"),
        Preflight("Balance", "warn", "Too little.", None, "config.order_amount"),
        Preflight("Server", "fail", "Silent.", None, None),
    ]
    assert set(line_errors(read_form(TYPED), lines)) == {"account"}


def test_fresh_form_has_gate_io_the_only_account_and_the_defaults() -> None:
    form = fresh_form(["client_sharp"], ["kucoin", "gate_io"], {"pair": "SHARP/USDT", "name": "ignored"})
    assert (form.value("connector"), form.value("account"), form.value("pair")) == (
        "gate_io",
        "client_sharp",
        "SHARP/USDT",
    )
    assert form.value("name") == form.value("config.bid_spread") == ""
    assert Decimal(form.value("config.order_refresh_time")) == 60
    assert not form.more_open
    assert Form({**form.values, "config.order_refresh_time": "5"}).more_open
    assert fresh_form(["a", "b"], ["kucoin"], {}).value("account") == ""
    assert fresh_form([], ["kucoin"], {}).value("connector") == "kucoin"
