"""Start, stop and archive, with the question before the two that take something away."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from trading_bridge.domain.errors import BridgeError, NotFound
from trading_bridge.domain.views import BotView
from trading_bridge.web.pages.actions import Question, archive_question, stop_question
from trading_bridge.web.pages.bot import bot_page
from trading_bridge.web.pages.rendering import is_partial, render
from trading_bridge.web.pages.viewer import Posted, SignedIn, Viewer, runtime_of

routes = APIRouter()


@routes.get("/app/bots/{bot_id}/stop")
async def ask_stop(request: Request, viewer: SignedIn, bot_id: str) -> HTMLResponse:
    """The question, as a page or (asked by htmx) for the dialog. Raises NotFound."""
    view = await runtime_of(request).bots.get(bot_id)
    return await _ask(request, viewer, view, "stop", stop_question(view))


@routes.get("/app/bots/{bot_id}/archive")
async def ask_archive(request: Request, viewer: SignedIn, bot_id: str) -> HTMLResponse:
    """The question, as a page or (asked by htmx) for the dialog. Raises NotFound."""
    view = await runtime_of(request).bots.get(bot_id)
    return await _ask(request, viewer, view, "archive", archive_question(view))


async def _ask(request: Request, viewer: Viewer, view: BotView, action: str, question: Question) -> HTMLResponse:
    template = "question.html" if is_partial(request) else "confirm.html"
    return await render(request, template, viewer, view=view, action=action, question=question)


@routes.post("/app/bots/{bot_id}/start")
async def start(request: Request, viewer: Posted, bot_id: str) -> Response:
    """Ask for a start, then show the steps as they happen."""
    return await _act(request, viewer, bot_id, "start")


@routes.post("/app/bots/{bot_id}/stop")
async def stop(request: Request, viewer: Posted, bot_id: str) -> Response:
    """Ask for a stop."""
    return await _act(request, viewer, bot_id, "stop")


@routes.post("/app/bots/{bot_id}/archive")
async def archive(request: Request, viewer: Posted, bot_id: str) -> Response:
    """Ask for the bot to be put away."""
    return await _act(request, viewer, bot_id, "archive")


async def _act(request: Request, viewer: Viewer, bot_id: str, action: str) -> Response:
    bots = runtime_of(request).bots
    calls = {"start": bots.start, "stop": bots.stop, "archive": bots.archive}
    try:
        await calls[action](bot_id, viewer.actor)
    except NotFound:
        raise
    except BridgeError as error:
        return await bot_page(request, viewer, bot_id, alert=error)
    return RedirectResponse(f"/app/bots/{bot_id}", 303)
