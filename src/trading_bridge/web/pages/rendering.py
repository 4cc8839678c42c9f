"""Templates, and what every page shows besides its own content: who looks, how old the figures are, what is down."""

import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from trading_bridge.domain.views import Shown, SystemView
from trading_bridge.web import presentation
from trading_bridge.web.events import position
from trading_bridge.web.pages.viewer import Viewer, runtime_of

WEB = Path(__file__).resolve().parent.parent
THEMES = ("system", "light", "dark")
THEME_COOKIE = "trading_bridge_theme"

WORDS: dict[Shown, str] = {
    Shown.TRADING: "Trading",
    Shown.STARTING: "Starting",
    Shown.STOPPING: "Stopping",
    Shown.ATTENTION: "Attention",
    Shown.FAILED: "Failed",
    Shown.STOPPED: "Stopped",
    Shown.UNKNOWN: "Unknown",
}


@cache
def static_url(name: str) -> str:
    """`/static/app.css?v=<hash of the file>`: cached for ever, replaced at once when it changes."""
    digest = hashlib.sha256((WEB / "static" / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"


@pass_context
def _ago(context: Context, at: datetime | None) -> Markup:
    """`<time>` with a relative text that app.js keeps true, and the exact time on hover."""
    if at is None:
        return Markup(presentation.UNKNOWN)  # noqa: S704  (a constant)
    return Markup('<time datetime="{}" title="{}" data-ago>{}</time>').format(
        presentation.iso(at), presentation.stamp(at), presentation.age(at, context["now"])
    )


@pass_context
def _since(context: Context, at: datetime | None) -> Markup:
    """Like `_ago`, in two units: `3 d 4 h`."""
    if at is None:
        return Markup(presentation.UNKNOWN)  # noqa: S704  (a constant)
    return Markup('<time datetime="{}" title="{}" data-since>{}</time>').format(
        presentation.iso(at), presentation.stamp(at), presentation.duration(context["now"] - at)
    )


@pass_context
def _at(context: Context, at: datetime | None) -> Markup:
    """`<time>` with the time of day, and the date when it is not today."""
    if at is None:
        return Markup(presentation.UNKNOWN)  # noqa: S704  (a constant)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        presentation.iso(at), presentation.stamp(at), presentation.day_clock(at, context["now"])
    )


@pass_context
def _ago_text(context: Context, at: datetime | None) -> str:
    return presentation.age(at, context["now"])


@pass_context
def _url(context: Context, **changes: Any) -> str:
    """This page's address with some query parameters changed; None or "" removes one."""
    query = dict(context["query"])
    for key, value in changes.items():
        if value is None or value == "":
            query.pop(key, None)
        else:
            query[key] = str(value)
    return f"{context['path']}?{urlencode(query)}" if query else str(context["path"])


@cache
def environment() -> Environment:
    """The one Jinja environment: everything is escaped, an unknown name is an error."""
    env = Environment(
        loader=FileSystemLoader(WEB / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals.update(
        ago=_ago,
        ago_text=_ago_text,
        since=_since,
        at=_at,
        url=_url,
        static=static_url,
        words=WORDS,
        dash=presentation.UNKNOWN,
    )
    names = ("number", "money", "exact", "price", "amount", "percent", "bps", "clock", "stamp", "iso", "middle")
    for name in names:
        env.filters[name] = getattr(presentation, name)
    env.filters["duration"] = presentation.duration
    return env


def is_partial(request: Request) -> bool:
    """htmx asks for the changed part only; the same address answers a whole page to everything else."""
    return request.headers.get("HX-Request") == "true"


def theme_of(request: Request) -> str:
    """The theme kept in this browser; "system" unless fixed."""
    kept = request.cookies.get(THEME_COOKIE, "system")
    return kept if kept in THEMES else "system"


def _evidence(system: SystemView) -> tuple[datetime | None, bool]:
    """(age of the oldest server's newest answer, whether any server is known to be down)."""
    times = [server.as_of for server in system.servers]
    known = [at for at in times if at is not None]
    as_of = min(known) if known and len(known) == len(times) else None
    return as_of, any(server.reach == "down" for server in system.servers)


async def render(request: Request, template: str, viewer: Viewer, *, status: int = 200, **content: Any) -> HTMLResponse:
    """A page for somebody who is signed in. Never kept by caches: figures and names are confidential."""
    runtime = runtime_of(request)
    system = await runtime.system.view()
    as_of, down = _evidence(system)
    context = {
        "viewer": viewer,
        "system": system,
        "now": system.now,
        "as_of": as_of,
        "stale": presentation.stale(as_of, system.now),
        "servers_down": [server for server in system.servers if server.reach == "down"],
        "upstream_down": down,
        "theme": theme_of(request),
        "partial": is_partial(request),
        "path": request.url.path,
        "query": dict(request.query_params),
        "topics": ("server",),
        "position": position(runtime.broadcaster),
    }
    text = environment().get_template(template).render(context | content)
    return HTMLResponse(text, status, headers={"Cache-Control": "no-store", "Vary": "HX-Request, Cookie"})


def render_alone(request: Request, template: str, *, status: int = 200, **content: Any) -> HTMLResponse:
    """A page for somebody who is not signed in: it knows nothing but what it is given."""
    context = {"theme": theme_of(request), "path": request.url.path, "query": {}, "partial": False}
    text = environment().get_template(template).render(context | content)
    return HTMLResponse(text, status, headers={"Cache-Control": "no-store", "Vary": "Cookie"})
