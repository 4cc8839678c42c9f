"""Overview: is all well, and if not, what first?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from trading_bridge.domain.bots import Status
from trading_bridge.domain.views import BotView, Shown, shown
from trading_bridge.runtime import Runtime
from trading_bridge.services.bots import BotFilter
from trading_bridge.web.pages.fleet_table import EVERY, row_of, sort_rows, totals
from trading_bridge.web.pages.rendering import render
from trading_bridge.web.pages.viewer import SignedIn, runtime_of

routes = APIRouter()
COUNTED = (
    (Shown.TRADING, "Trading"),
    (Shown.STARTING, "Starting"),
    (Shown.STOPPING, "Stopping"),
    (Shown.ATTENTION, "Attention"),
    (Shown.FAILED, "Failed"),
    (Shown.STOPPED, "Stopped"),
    (Shown.UNKNOWN, "Unknown"),
)
MOST_PROBLEMS = 6
CHANGES = 10


@routes.get("/app")
async def overview(request: Request, viewer: SignedIn) -> HTMLResponse:
    """What is wrong first, then counts, totals, health and the last changes."""
    runtime = runtime_of(request)
    everything = (await runtime.bots.list(BotFilter(limit=EVERY, archived=True))).bots
    rows = sort_rows((row_of(view) for view in everything if view.bot.status is not Status.ARCHIVED), "")
    counts = Counter(row.view.shown for row in rows)
    problems = [row for row in rows if row.view.shown in (Shown.FAILED, Shown.ATTENTION)]
    lost = [row for row in rows if row.view.bot.status is Status.UNCERTAIN]
    return await render(
        request,
        "overview.html",
        viewer,
        topics=("bots", "server"),
        bots=len(rows),
        counts=[(word, title, counts[word]) for word, title in COUNTED],
        problems=(problems + lost)[:MOST_PROBLEMS],
        problem_count=len(problems) + len(lost),
        totals=totals(rows),
        changes=await _changes(runtime, everything),
    )


@dataclass(frozen=True, slots=True)
class Change:
    """A bot's change of status. `reason` = in plain words, as it was then."""

    id: int
    at: datetime
    bot_id: str
    name: str
    shown: Shown
    reason: str


async def _changes(runtime: Runtime, everything: Sequence[BotView]) -> list[Change]:
    """The newest changes of status of all bots, archived ones included."""
    names = {view.bot.id: view.bot.name for view in everything}
    return [
        Change(
            event.id,
            event.at,
            event.bot_id,
            names.get(event.bot_id, event.bot_id),
            shown(Status(event.step), server_up=True),
            event.message.partition(": ")[2] or event.message,
        )
        for event in await runtime.bots.recent_changes(CHANGES)
        if event.step in set(Status)
    ]
