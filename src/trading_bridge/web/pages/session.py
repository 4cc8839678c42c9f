"""Sign in and out, and the theme kept in this browser."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from trading_bridge.domain.errors import BridgeError, Forbidden
from trading_bridge.web.pages.rendering import THEME_COOKIE, THEMES, render_alone
from trading_bridge.web.pages.viewer import Posted, posted_form, runtime_of
from trading_bridge.web.security import (
    HOME_PATH,
    LOGIN_PATH,
    clear_session_cookie,
    client_address,
    current_session,
    safe_next,
    same_origin,
    session_key,
    set_session_cookie,
    wants_secure,
)

routes = APIRouter()
_YEAR = 365 * 24 * 3600


@routes.get("/app/login")
async def login_form(request: Request) -> Response:
    """Two fields; whoever is signed in already goes on."""
    where = safe_next(request.query_params.get("next"))
    if await current_session(request) is not None:
        return RedirectResponse(where, 303)
    return _login_page(request, where)


def _login_page(request: Request, where: str, *, email: str = "", error: BridgeError | None = None) -> HTMLResponse:
    page = render_alone(
        request,
        "login.html",
        status=error.status if error else 200,
        where=where if where != HOME_PATH else "",
        email=email,
        error=error,
    )
    if (seconds := getattr(error, "retry_after", None)) is not None:
        page.headers["Retry-After"] = str(seconds)
    return page


@routes.post("/app/login")
async def login(request: Request) -> Response:
    """The same answer for a wrong name and a wrong password; the name stays in its field."""
    raw = await posted_form(request)
    email, password = str(raw.get("email", "")), str(raw.get("password", ""))
    where = safe_next(str(raw.get("next", "")))
    try:
        same_origin(request)
        session = await runtime_of(request).sign_in.sign_in(
            email, password, client_address(request), former_key=session_key(request)
        )
    except Forbidden as error:
        return _login_page(request, where, error=error)
    except BridgeError as error:
        return _login_page(request, where, email=email[:254], error=error)
    response = RedirectResponse(where, 303)
    set_session_cookie(response, request, session)
    return response


@routes.post("/app/logout")
async def logout(request: Request, viewer: Posted) -> Response:
    """End the session here and on the server."""
    if (key := session_key(request)) is not None:
        await runtime_of(request).sign_in.sign_out(key)
    response = RedirectResponse(LOGIN_PATH, 303)
    clear_session_cookie(response, request)
    return response


@routes.post("/app/theme")
async def theme(request: Request) -> Response:
    """Next theme: system, light, dark. Without JavaScript; with it, app.js writes the same cookie itself."""
    same_origin(request)
    raw = await posted_form(request)
    wanted = str(raw.get("theme", ""))
    response = RedirectResponse(safe_next(str(raw.get("next", ""))), 303)
    response.set_cookie(
        THEME_COOKIE,
        wanted if wanted in THEMES else THEMES[0],
        max_age=_YEAR,
        path="/",
        secure=wants_secure(request),
        samesite="lax",
    )
    return response
