"""Errors as a page for a person: what happened, what it means for them, what to do; a code for support."""

from fastapi import Request
from fastapi.responses import HTMLResponse

from trading_bridge.domain.errors import BridgeError, UpstreamError
from trading_bridge.web.deps import request_id_of
from trading_bridge.web.pages.new_bot_form import page_hint
from trading_bridge.web.pages.rendering import render_alone

_TITLES = {
    401: "Please sign in",
    403: "Not allowed",
    404: "Not found",
    405: "That does not work here",
    409: "That does not fit the present state",
    413: "That was too much at once",
    422: "That can't be accepted",
    429: "Too many attempts",
}


async def error_page(request: Request, error: BridgeError) -> HTMLResponse:
    """The page; it needs neither a session nor a working database."""
    if isinstance(error, UpstreamError):
        title = "Hummingbot API did not do it"
    else:
        title = _TITLES.get(error.status, "Something went wrong on our side")
    return render_alone(
        request,
        "error.html",
        status=error.status,
        title=title,
        error=error,
        hint=page_hint(error.hint),
        request_id=request_id_of(request),
        ours=error.status >= 500 and not isinstance(error, UpstreamError),
    )
