"""The sandbox as one ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from trading_bridge.sandbox.api import (
    accounts,
    archived_bots,
    connectors,
    controllers,
    docker,
    market_data,
    orchestration,
    portfolio,
    sandbox,
    scripts,
    system,
    trading,
)
from trading_bridge.sandbox.api.portfolio import Portfolio
from trading_bridge.sandbox.clock import utc_now
from trading_bridge.sandbox.dialects import bitmart_routes, gate_routes
from trading_bridge.sandbox.faults import FaultMiddleware, Faults
from trading_bridge.sandbox.settings import SandboxSettings
from trading_bridge.sandbox.world import World

__all__ = ["SandboxSettings", "create_app"]


def create_app(settings: SandboxSettings, wall: Callable[[], datetime] = utc_now) -> Starlette:
    """The application; its time begins to pass with the ASGI lifespan. `wall` tells the calendar time.

    Raises sqlite3.Error, OSError or ValueError when the state directory can't be used.
    """
    world = World(settings, wall)
    faults = Faults(world)
    api: list[BaseRoute] = [
        *system.ROUTES,
        *docker.ROUTES,
        *accounts.ROUTES,
        *connectors.ROUTES,
        *portfolio.ROUTES,
        *trading.ROUTES,
        *orchestration.ROUTES,
        *controllers.ROUTES,
        *scripts.ROUTES,
        *market_data.ROUTES,
        *archived_bots.ROUTES,
    ]
    app = Starlette(
        routes=[
            *api,
            system.schema_route(api),
            *sandbox.ROUTES,
            *gate_routes(world.exchange, world.clock.exchange_now),
            *bitmart_routes(world.exchange, world.clock.exchange_now),
        ],
        middleware=[Middleware(FaultMiddleware, world=world, faults=faults)],
        exception_handlers={HTTPException: _plain_error},
        lifespan=_lifespan,
    )
    # As the real server: a path without its slash is another path.
    app.router.redirect_slashes = False
    app.state.settings = settings
    app.state.world = world
    app.state.faults = faults
    app.state.portfolio = Portfolio(world)
    app.state.pulls = {}
    app.state.replies = {}
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    world: World = app.state.world
    life = asyncio.create_task(world.run(), name="sandbox-life")
    try:
        yield
    finally:
        life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await life
        world.close()


async def _plain_error(_request: Request, error: Exception) -> Response:
    """404 and 405 in FastAPI's shape."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)
