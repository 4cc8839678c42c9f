"""Bots: the live table, and the same rows as CSV."""

import csv
import io
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from trading_bridge.domain.views import Shown
from trading_bridge.services.bots import BotFilter
from trading_bridge.web.pages.fleet_table import EVERY, SORTS, Row, TableQuery, row_of, sort_rows, table
from trading_bridge.web.pages.rendering import WORDS, render
from trading_bridge.web.pages.viewer import SignedIn, runtime_of
from trading_bridge.web.presentation import csv_text, exact, iso

routes = APIRouter()
_TEXT = 120


def table_query(
    q: Annotated[str, Query()] = "",
    status: Annotated[str, Query()] = "",
    account: Annotated[str, Query()] = "",
    connector: Annotated[str, Query()] = "",
    archived: Annotated[str, Query()] = "",
    sort: Annotated[str, Query()] = "",
    page: Annotated[str, Query()] = "1",
) -> TableQuery:
    """The filter in the address. What it can't read it leaves out: an old link still shows a table."""
    return TableQuery(
        q=q.strip()[:_TEXT],
        status=status if status in set(Shown) else "",
        account=account[:_TEXT],
        connector=connector[:_TEXT],
        archived=archived in ("1", "on", "true"),
        sort=sort if sort.removeprefix("-") in SORTS else "",
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )


Asked = Annotated[TableQuery, Depends(table_query)]


@routes.get("/app/bots")
async def bots(request: Request, viewer: SignedIn, asked: Asked) -> HTMLResponse:
    """The live table."""
    everything = await runtime_of(request).bots.list(BotFilter(limit=EVERY, archived=asked.archived))
    return await render(
        request,
        "bots.html",
        viewer,
        topics=("bots", "server"),
        asked=asked,
        table=table(everything.bots, asked),
        bots=len(everything.bots),
        accounts=sorted({view.bot.account for view in everything.bots}),
        connectors=sorted({view.bot.connector for view in everything.bots}),
        statuses=[(word.value, WORDS[word]) for word in Shown],
    )


@routes.get("/app/bots.csv")
async def bots_csv(request: Request, viewer: SignedIn, asked: Asked) -> Response:
    """All rows of the filter with every digit, unknown left empty."""
    everything = await runtime_of(request).bots.list(BotFilter(limit=EVERY, archived=asked.archived))
    rows = sort_rows((row for row in map(row_of, everything.bots) if asked.admits(row)), asked.sort)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ["id", "name", "status", "reason", "account", "connector", "pair", "spread_bps", "goal_bps", "pnl_today",
         "pnl_net", "volume_24h", "position_base", "quote_token", "orders", "last_fill_at", "as_of"]
    )  # fmt: skip
    writer.writerows(map(_csv_row, rows))
    return Response(
        out.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="bots.csv"', "Cache-Control": "no-store"},
    )


def _csv_row(row: Row) -> list[str]:
    bot, figures = row.view.bot, row.view.figures
    return [
        bot.id,
        csv_text(bot.name),
        bot.status.value,
        csv_text(bot.reason),
        csv_text(bot.account),
        bot.connector,
        str(bot.pair),
        exact(row.quoted),
        exact(row.goal),
        exact(figures.pnl_today),
        exact(figures.net),
        exact(figures.volume_24h),
        exact(figures.position.amount),
        bot.pair.quote,
        "" if row.orders is None else str(row.orders),
        iso(figures.position.last_fill_at),
        iso(row.view.as_of),
    ]
