"""The Bots table: filters, order, totals and pages over the whole fleet."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from trading_bridge.domain.bots import Bot, Desired, Status
from trading_bridge.domain.instruments import Pair
from trading_bridge.domain.performance import Position
from trading_bridge.domain.views import BotView, Figures, Shown, shown
from trading_bridge.web.pages.fleet_table import PAGE, TableQuery, row_of, sort_rows, table

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CONFIG = {"bid_spread": "0.003", "ask_spread": "0.002", "order_amount": "1600"}


def view(name: str, status: Status = Status.RUNNING, *, pnl: str | None = "1", quote: str = "USDT") -> BotView:
    bot = Bot(
        id=f"bot_{name}",
        name=name,
        upstream_key=name,
        server_id="default",
        account="client_sharp",
        connector="gate_io",
        pair=Pair("SHARP", quote),
        strategy="spread",
        config=CONFIG,
        desired=Desired.RUNNING,
        status=status,
        reason_code="x",
        reason="x",
        status_since=NOW,
        generation=1,
        instance_name=None,
        created_at=NOW,
        updated_at=NOW,
    )
    figures = Figures(
        position=Position(),
        mid=Decimal("0.05"),
        mid_at=NOW,
        unrealised=None,
        net=None,
        own_bid=Decimal("0.0499"),
        own_ask=Decimal("0.0501"),
        own_orders=None,
        reported=None,
        volume_24h=Decimal(10),
        pnl_today=None if pnl is None else Decimal(pnl),
    )
    return BotView(bot, shown(status, server_up=True), figures, (), NOW, False, ("unknown",) * 12)


def names(views: list[BotView], **asked: object) -> list[str]:
    return [row.view.bot.name for row in table(views, TableQuery(**asked)).rows]  # type: ignore[arg-type]


FLEET = [
    view("trades", pnl="2"),
    view("Also trades", pnl=None),
    view("rests", Status.STOPPED, pnl="-3"),
    view("starts", Status.DEPLOYING, pnl=None),
    view("weak", Status.DEGRADED, pnl="5"),
    view("dead", Status.LOST, pnl="0"),
    view("odd", Status.UNCERTAIN),
    view("gone", Status.ARCHIVED),
]


def test_problems_come_first_then_names_whatever_their_case() -> None:
    assert names(FLEET) == ["dead", "weak", "odd", "starts", "Also trades", "trades", "rests"]


def test_archived_bots_show_only_when_they_are_asked_for() -> None:
    assert "gone" not in names(FLEET)
    assert "gone" in names(FLEET, archived=True)


@pytest.mark.parametrize(
    ("sort", "first", "last"),
    [("-pnl", "weak", "Also trades"), ("pnl", "rests", "Also trades"), ("name", "Also trades", "weak")],
)
def test_sorted_by_a_column_the_unknown_comes_last_both_ways(sort: str, first: str, last: str) -> None:
    found = names(FLEET, sort=sort)
    assert (found[0], found[-1]) == (first, last)


def test_filters_by_the_shown_word_and_by_every_word_of_the_search() -> None:
    assert names(FLEET, status=Shown.FAILED.value) == ["dead"]
    assert names(FLEET, q="TRADES also") == ["Also trades"]
    assert names(FLEET, q="sharp/usdt rests") == ["rests"]
    assert names(FLEET, account="other") == names(FLEET, connector="kucoin") == []


def test_spreads_now_and_as_set_in_bps_of_mid() -> None:
    row = row_of(FLEET[0])
    assert row.quoted == 40
    assert row.goal == 50
    broken = replace(FLEET[0], bot=replace(FLEET[0].bot, config={"order_amount": "x"}))
    assert row_of(broken).goal is None


def test_totals_are_per_quote_token_over_the_filter_and_count_what_is_unknown() -> None:
    page = table([*FLEET, view("euro", quote="EUR", pnl="7")], TableQuery())
    usdt, eur = page.totals
    assert (usdt.unit, usdt.bots, usdt.known, usdt.pnl_today) == ("USDT", 7, 5, Decimal(5))
    assert (eur.unit, eur.pnl_today, eur.net) == ("EUR", Decimal(7), None)
    assert page.one_unit is None
    assert table(FLEET, TableQuery()).one_unit == "USDT"


def test_five_hundred_bots_come_in_pages_of_fifty() -> None:
    fleet = [view(f"bot {number:03}") for number in range(500)]
    page = table(fleet, TableQuery(page=4))
    assert (page.first, page.last, page.total, page.pages) == (151, 200, 500, 10)
    assert page.numbers == [1, 0, 3, 4, 5, 0, 10]
    assert page.totals[0].bots == 500
    assert table(fleet, TableQuery(page=99)).page == 10
    assert len(table(fleet, TableQuery(page=-1)).rows) == PAGE


def test_empty_table_has_one_empty_page() -> None:
    page = table([], TableQuery())
    assert (page.first, page.last, page.pages, list(page.totals)) == (0, 0, 1, [])


def test_figures_of_a_silent_server_are_old() -> None:
    silent = replace(FLEET[0], shown=Shown.UNKNOWN)
    assert row_of(silent).old
    assert row_of(silent).last_known is Shown.TRADING
    assert row_of(replace(FLEET[0], stale=True, as_of=NOW - timedelta(minutes=2))).old
    assert [row.view.bot.name for row in sort_rows([row_of(FLEET[0])], "nonsense")] == ["trades"]
