"""The web application: REST at the root, pages under /app, built around one running bridge."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from trading_bridge import __version__
from trading_bridge.runtime import Runtime
from trading_bridge.settings import Settings
from trading_bridge.web import api, errors, events, pages, reference
from trading_bridge.web.envelope import BodyLimit, Envelope
from trading_bridge.web.pages.errors import error_page
from trading_bridge.web.security import SignInNeeded, login_address

STATIC = Path(__file__).resolve().parent / "static"
YEAR = "public, max-age=31536000, immutable"
_DESCRIPTION = """
Create market-making bots on Hummingbot API, watch and stop them.

- Every request but `GET /health` needs `Authorization: Bearer <token>`.
- Prices, amounts and money are **strings** holding the exact decimal (`"0.04988"`); `null` is unknown, never zero.
  A bot's `config` holds JSON numbers, digit for digit as they are kept.
- Times are ISO 8601 in UTC, ending in `Z`.
- Every failure answers `{"error": {"code", "message", "field", "hint"}}`; `docs/errors.md` lists the codes.
"""


def create_app(runtime: Runtime) -> FastAPI:
    """The app around a bridge that is open already; whoever opened it closes it."""
    app = _bare_app(None)
    app.state.runtime = runtime
    return app


def create_app_for(settings: Settings) -> FastAPI:
    """The app that opens a bridge of its own at start-up and closes it at shutdown."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with Runtime.opened(settings) as runtime:
            app.state.runtime = runtime
            yield

    return _bare_app(lifespan)


def _bare_app(lifespan: Callable[..., object] | None) -> FastAPI:
    app = FastAPI(
        title="Trading Bridge",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,  # type: ignore[arg-type]
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(Envelope),
            Middleware(BodyLimit),
            Middleware(GZipMiddleware, minimum_size=1000, compresslevel=5),
        ],
    )
    app.state.error_page = error_page
    errors.install(app, error_page)
    app.add_exception_handler(SignInNeeded, _to_sign_in)
    app.include_router(reference.router)
    app.include_router(events.router)
    app.include_router(api.router())
    app.include_router(pages.router())
    app.add_api_route("/", _to_pages, include_in_schema=False)
    app.mount("/static", _Static(directory=STATIC), name="static")
    return app


class _Static(StaticFiles):
    """Files that pages ask for with `?v=<hash>` may be kept for ever; without it they are checked each time."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        versioned = scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = YEAR if versioned else "no-cache"
        return response


async def _to_pages() -> RedirectResponse:
    return RedirectResponse("/app", 303)


async def _to_sign_in(request: Request, _failure: Exception) -> Response:
    """A browser follows the redirect; htmx is told by a header, or it would put the form into the page."""
    address = login_address(request)
    if request.headers.get("HX-Request") == "true":
        return Response(status_code=401, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)
