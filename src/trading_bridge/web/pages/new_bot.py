"""New bot: one page from an idea to a start, with the first quotes and a pre-flight beside the form."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from trading_bridge.domain.accounts import Account
from trading_bridge.domain.errors import BridgeError, InvalidInput
from trading_bridge.domain.instruments import Pair, TradingRules
from trading_bridge.domain.strategies import CATALOGUE
from trading_bridge.domain.views import Preflight
from trading_bridge.runtime import Runtime
from trading_bridge.web import presentation
from trading_bridge.web.pages.ladder import Ladder, ladder
from trading_bridge.web.pages.new_bot_form import (
    FIXED,
    Form,
    Message,
    echo,
    error_on,
    fresh_form,
    line_errors,
    local_errors,
    page_hint,
    read_form,
)
from trading_bridge.web.pages.rendering import is_partial, render
from trading_bridge.web.pages.viewer import Posted, SignedIn, Viewer, posted_form, runtime_of

routes = APIRouter()
_MOST_PAIRS = 3000
_BOOK_ROWS = 3


@dataclass(frozen=True, slots=True)
class Preview:
    """What the bot would do now: its quotes in the book, and the money that the first orders take."""

    ladder: Ladder | None
    best_bid: Decimal | None
    best_ask: Decimal | None
    as_of: datetime | None
    needs: Sequence[tuple[str, Decimal]]  # (token, amount)
    crosses: bool
    why_not: str | None


@routes.get("/app/bots/new")
async def new_bot(request: Request, viewer: SignedIn) -> HTMLResponse:
    """The empty form. A live refresh renders only what is around it, and asks the server for nothing."""
    if is_partial(request):
        return await render(request, "new_bot.html", viewer)
    runtime = runtime_of(request)
    accounts, connectors, trouble = await _choices(runtime)
    names = [account.name for account in accounts]
    form = fresh_form(names, connectors, dict(request.query_params))
    return await _page(request, viewer, form, accounts, connectors, trouble)


@routes.post("/app/bots/new")
async def create(request: Request, viewer: Posted) -> Response:
    """Create (and start) the bot, then show its page; on an error the form again, with everything typed."""
    runtime, raw = runtime_of(request), await posted_form(request)
    form = read_form(raw)
    start = raw.get("then") != "draft"
    key = str(raw.get("once", ""))[:64] or None
    names = [*FIXED, *(f"config.{p.name}" for p in form.strategy.parameters)]
    errors: dict[str, Message] = local_errors(form, names)
    status = 422
    if not errors:
        try:
            view = await runtime.bots.create(form.request(start=start), viewer.actor, idempotency_key=key)
        except BridgeError as error:
            errors, status = error_on(form, error), error.status
        else:
            return RedirectResponse(f"/app/bots/{view.bot.id}", 303)
    accounts, connectors, trouble = await _choices(runtime)
    form = replace(form, errors=errors)
    return await _page(request, viewer, form, accounts, connectors, trouble, status=status)


@routes.post("/app/bots/new/check")
async def check(request: Request, viewer: Posted) -> HTMLResponse:
    """The preview and the pre-flight of what is typed so far, and messages for the fields that have a value."""
    runtime, form = runtime_of(request), read_form(await posted_form(request))
    typed = [name for name, value in form.values.items() if value.strip()]
    errors = local_errors(form, typed)
    complete = not local_errors(form, [*FIXED, *(f"config.{p.name}" for p in form.strategy.parameters)])
    lines = list(await runtime.bots.preflight(form.request(start=True))) if complete else []
    errors |= line_errors(form, lines)
    return await render(
        request,
        "new_bot_check.html",
        viewer,
        form=replace(form, errors=errors),
        echoes=_echoes(form),
        pairs=await _pairs(runtime, form.value("connector")),
        notices=runtime.markets.notices(form.value("connector")),
        **await _check_context(runtime, form, lines),
    )


async def _page(
    request: Request,
    viewer: Viewer,
    form: Form,
    accounts: Sequence[Account],
    connectors: Sequence[str],
    trouble: BridgeError | None,
    *,
    status: int = 200,
) -> HTMLResponse:
    runtime = runtime_of(request)
    lines: list[Preflight] = []
    if form.errors and not local_errors(form, [*FIXED, *(f"config.{p.name}" for p in form.strategy.parameters)]):
        lines = list(await runtime.bots.preflight(form.request(start=True)))
        form = replace(form, errors={**line_errors(form, lines), **form.errors})
    return await render(
        request,
        "new_bot.html",
        viewer,
        status=status,
        form=form,
        accounts=accounts,
        connectors=connectors,
        strategies=list(CATALOGUE.values()),
        trouble=trouble,
        once=secrets.token_urlsafe(18),
        echoes=_echoes(form),
        pairs=await _pairs(runtime, form.value("connector")),
        notices=runtime.markets.notices(form.value("connector")),
        **await _check_context(runtime, form, lines),
    )


async def _check_context(runtime: Runtime, form: Form, lines: Sequence[Preflight]) -> dict[str, Any]:
    return {"preview": await _preview(runtime, form), "lines": [(line, page_hint(line.hint)) for line in lines]}


def _echoes(form: Form) -> dict[str, str]:
    return {p.name: echo(p, form.value(f"config.{p.name}")) for p in form.strategy.parameters}


async def _choices(runtime: Runtime) -> tuple[list[Account], list[str], BridgeError | None]:
    """Accounts and connectors; what can't be read is left out and named."""
    trouble: BridgeError | None = None
    accounts = list(await runtime.accounts.list())
    try:
        connectors = await runtime.markets.connectors()
    except BridgeError as error:
        connectors, trouble = [], error
    return accounts, connectors, trouble


async def _pairs(runtime: Runtime, connector: str) -> list[Pair]:
    if not connector:
        return []
    try:
        return (await runtime.markets.pairs(connector))[:_MOST_PAIRS]
    except BridgeError:
        return []


async def _preview(runtime: Runtime, form: Form) -> Preview:
    """The first quotes at the present mid price, between the best prices of the book."""
    nothing = Preview(None, None, None, None, (), False, None)
    pair, connector = form.pair(), form.value("connector")
    if pair is None or not connector:
        return nothing
    try:
        rules = await runtime.markets.rules(connector, pair)
        book, as_of = await runtime.markets.book(connector, pair, _BOOK_ROWS)
    except BridgeError as error:
        return replace(nothing, why_not=error.message)
    mid = book.mid
    if mid is None:
        return replace(nothing, as_of=as_of, why_not="The order book is empty on one side: there is no mid price.")
    bid, ask = book.bids[0][0], book.asks[0][0]
    try:
        values = form.strategy.read_config(form.config())
    except InvalidInput:
        return Preview(ladder((), mid, _places(rules)), bid, ask, as_of, (), False, None)
    quotes = form.strategy.preview(values, mid, rules)
    needs: dict[str, Decimal] = {}
    for quote in quotes:
        token, amount = (pair.quote, quote.price * quote.amount) if quote.side == "buy" else (pair.base, quote.amount)
        needs[token] = needs.get(token, Decimal(0)) + amount
    crosses = any(q.price >= ask if q.side == "buy" else q.price <= bid for q in quotes)
    rungs = ladder([(q.side, q.price, q.amount) for q in quotes], mid, _places(rules))
    return Preview(rungs, bid, ask, as_of, list(needs.items()), crosses, None)


def _places(rules: TradingRules) -> int | None:
    return presentation.decimals([rules.min_price_increment]) if rules.min_price_increment else None
