"""System: is everything that the bots depend on well?"""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from trading_bridge.web.pages.rendering import render
from trading_bridge.web.pages.viewer import SignedIn

routes = APIRouter()


@routes.get("/app/system")
async def system(request: Request, viewer: SignedIn) -> HTMLResponse:
    """Ours, the database, and each Hummingbot server by evidence."""
    return await render(request, "system.html", viewer)
