"""GET /events: server-sent events. Hints only, no data: who hears one asks again (GET is the truth).

Written as raw ASGI: one task a stream, and the server's own flow control slows a stream whose reader is slow.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request
from starlette.background import BackgroundTask
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from trading_bridge.services.broadcaster import Broadcaster, Hint, Subscription
from trading_bridge.web.deps import runtime_of
from trading_bridge.web.security import Reader

HEARTBEAT_SECONDS = 15.0
RETRY_MILLISECONDS = 2000
EVERYTHING = "all"  # the event that stands for "you may have missed something: ask for everything again"

router = APIRouter(tags=["Status"])
# Versions start at 0 in each process: an id of an earlier process must never look like one of ours.
_PROCESS = secrets.token_hex(4)


def position(broadcaster: Broadcaster) -> str:
    """Where the stream stands now. A page that was rendered here asks for /events?since=<position>."""
    return f"{_PROCESS}-{broadcaster.version}"


class EventStream(Response):
    """One open stream. Ends when the client goes, when the bridge stops, or when `allowed` says no."""

    media_type = "text/event-stream"

    def __init__(
        self,
        broadcaster: Broadcaster,
        since: str | None,
        allowed: Callable[[], Awaitable[bool]],
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._broadcaster = broadcaster
        self._since = since
        self._allowed = allowed
        self._heartbeat_seconds = heartbeat_seconds
        self.status_code = 200
        self.background: BackgroundTask | None = None
        # no-transform and X-Accel-Buffering: proxies must pass each event on at once
        self.init_headers({"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._broadcaster.subscribe() as hints:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            opening = f"retry: {RETRY_MILLISECONDS}\n: hints of changes; GET tells what changed\n\n"
            now = position(self._broadcaster)
            if self._since is not None and self._since != now:
                opening += _event(EVERYTHING, now)
            await _write(send, opening)
            gone = asyncio.ensure_future(_until_gone(receive))
            try:
                await self._forward(hints, gone, send)
            finally:
                gone.cancel()

    async def _forward(self, hints: Subscription, gone: asyncio.Future[None], send: Send) -> None:
        coming: asyncio.Future[Hint] = asyncio.ensure_future(hints.__anext__())
        try:
            while True:
                await asyncio.wait((coming, gone), timeout=self._heartbeat_seconds, return_when=asyncio.FIRST_COMPLETED)
                if gone.done():
                    return
                if coming.done():
                    hint = coming.result()
                    coming = asyncio.ensure_future(hints.__anext__())
                    await _write(send, _event(hint.topic, f"{_PROCESS}-{hint.version}"))
                elif await self._allowed():
                    await _write(send, ": still here\n\n")
                else:
                    break
        except StopAsyncIteration:
            pass  # the bridge is stopping
        finally:
            coming.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


@router.get(
    "/events",
    summary="Hints of changes, as they happen",
    response_class=Response,
    responses={
        200: {
            "description": "An endless stream of server-sent events. `event` is the topic that changed: `bots`, "
            "`bot:<id>`, `server`, `accounts`, or `all` when some may have been missed. Ask with GET for what it is.",
            "content": {"text/event-stream": {"example": "event: bots\nid: 5f1c2a90-42\ndata: 42\n\n"}},
        }
    },
)
async def events(request: Request, principal: Reader) -> Response:
    """A topic comes at most once while a reader is slow. After a break the browser sends `Last-Event-ID`; if anything
    happened meanwhile, one event `all` comes first. A comment every 15 s keeps proxies from closing the stream."""
    runtime = runtime_of(request)

    async def allowed() -> bool:
        if principal.session_key is None:
            return True
        return await runtime.sign_in.find_session(principal.session_key, touch=False) is not None

    since = request.headers.get("last-event-id") or request.query_params.get("since")
    return EventStream(runtime.broadcaster, since, allowed)


def _event(topic: str, event_id: str) -> str:
    # without data a browser drops the event
    return f"event: {topic}\nid: {event_id}\ndata: {event_id.rpartition('-')[2]}\n\n"


async def _write(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
