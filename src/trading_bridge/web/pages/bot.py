"""One bot: status, figures, chart, ladder and its tabs."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from trading_bridge.domain.bots import IN_MOTION, Status
from trading_bridge.domain.errors import BridgeError
from trading_bridge.domain.fills import Fill, Side
from trading_bridge.domain.operations import TimelineEvent
from trading_bridge.domain.strategies import strategy
from trading_bridge.domain.views import BotView, LogTail
from trading_bridge.runtime import Runtime
from trading_bridge.web import presentation
from trading_bridge.web.pages.actions import actions_of
from trading_bridge.web.pages.fleet_table import row_of
from trading_bridge.web.pages.ladder import ladder
from trading_bridge.web.pages.progress import SHOWN_FOR, newest_operation, progress, step_words
from trading_bridge.web.pages.rendering import is_partial, render
from trading_bridge.web.pages.series import DEFAULT_WINDOW, MOST_FILLS, WINDOWS, Series, as_json, still, thin
from trading_bridge.web.pages.viewer import SignedIn, Viewer, runtime_of

routes = APIRouter()
TABS = ("orders", "fills", "timeline", "settings", "logs")
FILLS_SHOWN = 100


@routes.get("/app/bots/{bot_id}")
async def bot(request: Request, viewer: SignedIn, bot_id: str) -> HTMLResponse:
    """The page of one bot. Raises NotFound."""
    return await bot_page(request, viewer, bot_id)


async def bot_page(request: Request, viewer: Viewer, bot_id: str, *, alert: BridgeError | None = None) -> HTMLResponse:
    """The page, with what went wrong above it when an action was refused."""
    runtime = runtime_of(request)
    view = await runtime.bots.get(bot_id)
    now = (await runtime.system.view()).now
    tab = request.query_params.get("tab", "")
    tab = tab if tab in TABS else _first_tab(view)
    window = request.query_params.get("window", "")
    window = window if window in WINDOWS else DEFAULT_WINDOW
    events = await runtime.bots.timeline(bot_id)
    partial = is_partial(request)
    series = None if partial else await _series(runtime, bot_id, window, now)
    figures = view.figures
    own = [(order.side, order.price, order.amount) for order in figures.own_orders or ()]
    rungs = ladder(own, figures.mid)
    return await render(
        request,
        "bot.html",
        viewer,
        status=alert.status if alert else 200,
        topics=(f"bot:{bot_id}", "server"),
        path=f"/app/bots/{bot_id}",
        view=view,
        row=row_of(view),
        alert=alert,
        actions=actions_of(view.bot),
        progress=await _progress(runtime, view, events, now),
        ladder=rungs,
        places=rungs.places,
        tab=tab,
        tabs=TABS,
        window=window,
        windows=list(WINDOWS),
        series=series,
        series_json=as_json(series) if series else "",
        still=still(series) if series else None,
        **await _tab(runtime, view, tab, events, request),
    )


def _first_tab(view: BotView) -> str:
    return "timeline" if view.bot.status in IN_MOTION or view.bot.status is Status.FAILED else "orders"


async def _series(runtime: Runtime, bot_id: str, window: str, now: datetime) -> Series:
    since = now - WINDOWS[window]
    samples = await runtime.bots.samples(bot_id, since=since)
    fills = await runtime.bots.fills(bot_id, limit=MOST_FILLS, since=since)
    return Series(since, now, thin(samples, since, now), fills[::-1])


async def _progress(runtime: Runtime, view: BotView, events: Sequence[TimelineEvent], now: datetime) -> Any:
    own = newest_operation(events)
    order = fill = None
    if own and own[0].kind == "deploy" and now - own[0].at <= SHOWN_FOR:
        asked = own[0].at
        samples = await runtime.bots.samples(view.bot.id, since=asked)
        quoted = [s.at for s in samples if s.own_bid is not None or s.own_ask is not None]
        if not quoted and view.figures.own_orders:
            quoted = [min(o.at for o in view.figures.own_orders)]
        fills = await runtime.bots.fills(view.bot.id, limit=MOST_FILLS, since=asked)
        fill = min((f.at for f in fills), default=None)
        order = min(quoted + ([fill] if fill else []), default=None)
    return progress(view, events, order, fill, now)


async def _tab(
    runtime: Runtime, view: BotView, tab: str, events: Sequence[TimelineEvent], request: Request
) -> Mapping[str, Any]:
    """What only the open tab needs."""
    if tab == "fills":
        before = request.query_params.get("before") or None
        fills = await runtime.bots.fills(view.bot.id, limit=FILLS_SHOWN, before=before)
        return {"fills": fills, "fill_places": presentation.decimals(f.price for f in fills), "before": before}
    if tab == "timeline":
        return {"events": timeline_lines(events)}
    if tab == "settings":
        return {"settings": settings_of(view)}
    if tab == "logs":
        level = "error" if request.query_params.get("level") == "error" else ""
        tail = await runtime.bots.logs(view.bot.id, level="ERROR" if level else None)
        return {"tail": tail, "log_lines": log_lines(tail), "level": level}
    return {}


def timeline_lines(events: Sequence[TimelineEvent]) -> list[dict[str, Any]]:
    """Newest first; each step with the time since its operation was asked for."""
    asked = {event.operation_id: event.at for event in reversed(events) if event.operation_id}
    return [
        {
            "event": event,
            "words": step_words(event.step),
            "after": event.at - asked[event.operation_id] if event.operation_id else None,
        }
        for event in reversed(events)
    ]


def settings_of(view: BotView) -> list[tuple[str, str, str]]:
    """(label, value with unit, help) of each parameter, in the catalogue's order."""
    bot, rows = view.bot, []
    try:
        parameters = strategy(bot.strategy).parameters
    except BridgeError:
        return [(key, str(value), "") for key, value in bot.config.items()]
    for parameter in parameters:
        raw = bot.config.get(parameter.name, parameter.default)
        try:
            value = Decimal(str(raw))
        except InvalidOperation:
            rows.append((parameter.label, str(raw), parameter.help))
            continue
        if parameter.kind == "fraction":
            text = f"{presentation.percent(value)} of mid  ({presentation.number(value * 10_000, 1)} bps)"
        elif parameter.kind == "amount":
            text = f"{presentation.amount(value)} {bot.pair.base}"
        else:
            text = f"{presentation.amount(value)} s"
        rows.append((parameter.label, text, parameter.help))
    return rows


def log_lines(tail: LogTail) -> list[dict[str, Any]]:
    """Newest first; a message of several lines as its first line and the folded rest."""
    lines = []
    for line in reversed(tail.lines):
        first, *rest = line.message.splitlines() or [""]
        level = line.level.upper()
        kind = "bad" if level in ("ERROR", "CRITICAL") else "warned" if level.startswith("WARN") else ""
        lines.append({"line": line, "first": first, "rest": "\n".join(rest), "more": len(rest), "kind": kind})
    return lines


@routes.get("/app/bots/{bot_id}/series")
async def series_json(request: Request, viewer: SignedIn, bot_id: str) -> Response:
    """Chart data as JSON (see `series.as_json`). Raises NotFound."""
    runtime = runtime_of(request)
    await runtime.bots.get(bot_id)
    asked = request.query_params.get("window", "")
    window = asked if asked in WINDOWS else DEFAULT_WINDOW
    now = (await runtime.system.view()).now
    found = await _series(runtime, bot_id, window, now)
    return Response(as_json(found), media_type="application/json", headers={"Cache-Control": "no-store"})


@routes.get("/app/bots/{bot_id}/fills.csv")
async def fills_csv(request: Request, viewer: SignedIn, bot_id: str) -> Response:
    """The bot's newest 10,000 fills with every digit. Raises NotFound."""
    runtime = runtime_of(request)
    await runtime.bots.get(bot_id)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["at", "side", "price", "amount", "quote_amount", "fee", "fee_token", "trade_id", "approximate"])
    writer.writerows(map(_fill_row, await runtime.bots.fills(bot_id, limit=10_000)))
    return Response(
        out.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="fills.csv"', "Cache-Control": "no-store"},
    )


def _fill_row(fill: Fill) -> list[str]:
    return [
        presentation.iso(fill.at),
        "buy" if fill.side is Side.BUY else "sell",
        presentation.exact(fill.price),
        presentation.exact(fill.amount),
        presentation.exact(fill.quote_amount),
        presentation.exact(fill.fee),
        presentation.csv_text(fill.fee_token or ""),
        presentation.csv_text(fill.trade_id),
        "yes" if fill.approximate else "no",
    ]
