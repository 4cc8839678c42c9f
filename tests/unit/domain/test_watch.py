"""The verdict on a live bot: evidence, never upstream's own word."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from trading_bridge.domain.bots import Bot, Desired, Status
from trading_bridge.domain.fleet import (
    BotReport,
    Containers,
    ControllerReport,
    Fleet,
    LogLine,
    Reach,
    open_orders_from_logs,
)
from trading_bridge.domain.instruments import Pair
from trading_bridge.domain.watch import judge

T0 = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOW = T0 + timedelta(seconds=300)
NAME = "hummingbot-sharp-12345678-g1-20261121-120000"
CREATED = "Created LIMIT BUY order B1 for 1600 SHARP-USDT at 0.049850."
BOT = Bot(
    id="bot_1",
    name="Sharp",
    upstream_key="sharp-12345678",
    server_id="default",
    account="client_sharp",
    connector="gate_io",
    pair=Pair("SHARP", "USDT"),
    strategy="spread",
    config={"filled_order_delay": "10"},
    desired=Desired.RUNNING,
    status=Status.RUNNING,
    reason_code="trading",
    reason="",
    status_since=T0,
    generation=1,
    instance_name=NAME,
    created_at=T0,
    updated_at=T0,
)


def line(text: str, ago: float = 1, level: str = "INFO") -> LogLine:
    return LogLine(NOW - timedelta(seconds=ago), level, "x", text)


def seen(**changes: Any) -> Fleet:
    """A fleet in which the bot trades well, with changes: of its report, or of the rest."""
    performance = changes.pop(
        "performance", ControllerReport(Decimal(0), Decimal(0), Decimal(0), None, changes.pop("closes", {}))
    )
    report = BotReport(
        instance=NAME,
        upstream_status=changes.pop("upstream_status", "running"),
        source="docker",
        recently_active=True,
        controllers={"sharp-12345678-g1": performance},
        errors=changes.pop("errors", ()),
        logs=changes.pop("logs", (line(CREATED),)),
    )
    fleet = Fleet(
        "default",
        reach=Reach.UP,
        as_of=NOW,
        containers_as_of=NOW,
        bots={NAME: report},
        containers=Containers(frozenset({NAME}), frozenset()),
        heard={NAME: NOW},
    )
    return replace(fleet, **changes)


@pytest.mark.parametrize(
    ("fleet", "status", "code"),
    [
        (seen(), Status.RUNNING, "trading"),
        (seen(upstream_status="stopped"), Status.RUNNING, "trading"),
        (seen(containers=Containers(frozenset(), frozenset({NAME}))), Status.LOST, "container_exited"),
        (seen(containers=Containers(frozenset(), frozenset())), Status.LOST, "container_gone"),
        (seen(heard={NAME: NOW - timedelta(seconds=6)}), Status.DEGRADED, "silent"),
        (seen(heard={}), Status.DEGRADED, "silent"),
        (seen(bots={}), Status.DEGRADED, "silent"),
        (seen(performance=None), Status.LOST, "strategy_ended"),
        (
            seen(closes={"INSUFFICIENT_BALANCE": 66}, errors=(line("Not enough budget to open position."),)),
            Status.DEGRADED,
            "insufficient_balance",
        ),
        (
            seen(closes={"FAILED": 8}, errors=(line("Open order failed B1. Retrying 9/10"),)),
            Status.DEGRADED,
            "orders_refused",
        ),
        (seen(closes={"FAILED": 8}, errors=(line("Open order failed B1.", ago=120),)), Status.RUNNING, "trading"),
        (seen(errors=tuple(line("'NoneType' object is not iterable", n) for n in range(5))), Status.DEGRADED, "errors"),
        (seen(errors=(line("rates not read"),)), Status.RUNNING, "trading"),
        (seen(logs=(line("Hello", ago=200),)), Status.DEGRADED, "no_orders"),
        (seen(logs=(line(CREATED, 30), line("Successfully canceled order B1.", 20))), Status.RUNNING, "trading"),
        (seen(logs=(line(CREATED, 250), line("Successfully canceled order B1.", 200))), Status.DEGRADED, "no_orders"),
    ],
)
def test_verdicts(fleet: Fleet, status: Status, code: str) -> None:
    verdict = judge(BOT, fleet, NOW)
    assert verdict is not None
    assert (verdict.status, verdict.code) == (status, code)
    assert verdict.reason


def test_a_lost_bot_stays_lost_until_a_list_shows_its_container() -> None:
    """The bot's last message still counts as heard for 30 s, and the container list is read every 10 s only."""
    lost = replace(BOT, status=Status.LOST, reason_code="container_exited", status_since=NOW + timedelta(seconds=1))
    verdict = judge(lost, seen(containers=Containers(frozenset(), frozenset({NAME}))), NOW)
    assert verdict is not None
    assert (verdict.status, verdict.code) == (Status.LOST, "container_exited")
    back = judge(lost, seen(), NOW)
    assert back is not None
    assert back.status is Status.RUNNING


def test_a_bot_without_orders_stays_degraded_until_it_quotes() -> None:
    """A change of status starts `status_since` anew: it must not start the wait for the first quote anew."""
    told = replace(BOT, status=Status.DEGRADED, reason_code="no_orders", status_since=NOW - timedelta(seconds=2))
    verdict = judge(told, seen(logs=(line("Hello", ago=200),)), NOW)
    assert verdict is not None
    assert (verdict.status, verdict.code) == (Status.DEGRADED, "no_orders")
    quoting = judge(told, seen(), NOW)
    assert quoting is not None
    assert quoting.status is Status.RUNNING


@pytest.mark.parametrize("fleet", [seen(reach=Reach.DOWN), seen(as_of=None), seen(containers_as_of=None)])
def test_without_a_server_nothing_can_be_said(fleet: Fleet) -> None:
    assert judge(BOT, fleet, NOW) is None


def test_own_orders_as_the_log_tells_them() -> None:
    logs = (
        line(CREATED),
        line("Created LIMIT SELL order S1 for 1600 SHARP-USDT at 0.050150."),
        line("Created MARKET BUY order M1 for 10008 SHARP-USDT at NaN."),
        line("The BUY order B1 amounting to 749/1600 SHARP has been filled at 0.04985 USDT."),
        line("SELL order S1 completely filled."),
    )
    orders = open_orders_from_logs(logs)
    assert orders is not None
    assert [(o.order_id, o.side, o.price, o.amount) for o in orders] == [
        ("B1", "buy", Decimal("0.049850"), Decimal(851))
    ]
    later = (line("Created LIMIT SELL order S2 for 1600 SHARP-USDT at 0.050150."),)
    assert [o.order_id for o in open_orders_from_logs(later, orders) or ()] == ["B1", "S2"]  # B1 has left the log
    assert open_orders_from_logs(logs, orders) == orders  # replaying changes nothing
    assert open_orders_from_logs((*logs, line("Hummingbot stopped."))) == ()
    assert open_orders_from_logs((line("Hello"),)) is None


def test_the_exchanges_own_words_on_a_refused_order() -> None:
    update = (
        "Order B1 has failed. Order Update: OrderUpdate(misc_updates={'error_message': 'min. 3 USDT', 'x': 'OSError'})"
    )
    fleet = seen(
        closes={"FAILED": 8},
        errors=(line("Order failed B1. Retrying 9/10"),),
        logs=(line(CREATED), line(update), line("Hello")),
    )
    verdict = judge(BOT, fleet, NOW)
    assert verdict is not None
    assert (verdict.code, verdict.reason) == ("orders_refused", "The exchange refuses its orders: min. 3 USDT")
