"""Fault knobs: what goes wrong on purpose, set over HTTP under /sandbox/faults.

Rules act on HTTP requests; `seconds` of latency are the machine's, not simulated ones, so that a caller can
compare them with its own deadlines. Faults are not stored: a restarted sandbox has none.
"""

from __future__ import annotations

import asyncio
import fnmatch
import itertools
import json
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trading_bridge.sandbox.world import World

TRANSPORT: Final = "trading_bridge.transport"
"""Scope key under which the server leaves the connection's transport, so that it can be cut."""

_OFFLINE_PAGE: Final = (
    "<!DOCTYPE html><html><head><title>Tunnel offline</title></head>"
    "<body><h1>502</h1><p>The tunnel to this server is offline.</p></body></html>"
)


class FaultRule(BaseModel):
    """One rule. `path` is a glob on the request path, `times` None means until it is removed.

    action: latency (`seconds`, then the request goes on), status (`status`, `body` as JSON detail), drop (the
    connection is closed without an answer), html (`status`, an HTML page). when: before or after the request
    took effect.
    """

    model_config = ConfigDict(extra="forbid")

    id: int = 0
    path: str = "*"
    method: str = "*"
    action: Literal["latency", "status", "drop", "html"]
    when: Literal["before", "after"] = "before"
    seconds: float = Field(default=0.0, ge=0)
    status: int = Field(default=503, ge=200, le=599)
    body: str = "Service Unavailable"
    times: int | None = Field(default=None, ge=1)

    def matches(self, method: str, path: str) -> bool:
        """Whether the rule is about such a request."""
        return self.method in {"*", method} and fnmatch.fnmatchcase(path, self.path)


class FaultSettings(BaseModel):
    """All knobs; in a PUT only those named change.

    docker_slow: creating a container takes longer than the API's 60 s, and happens all the same (measured);
    refuse_orders: exchange account (or `*`) -> text; books: pair -> empty, no_bids or no_asks;
    exchange_clock_skew: seconds that the exchange's clock is ahead.
    """

    model_config = ConfigDict(extra="forbid")

    rules: list[FaultRule] = Field(default_factory=list)
    mqtt_silent: bool = False
    docker_down: bool = False
    docker_slow: bool = False
    refuse_orders: dict[str, str] = Field(default_factory=dict)
    books: dict[str, Literal["empty", "no_bids", "no_asks"]] = Field(default_factory=dict)
    exchange_clock_skew: float = 0.0


class Faults:
    """The knobs of one sandbox, applied to its world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ids = itertools.count(1)
        self._rules: list[FaultRule] = []

    def current(self) -> dict[str, Any]:
        """All knobs as they stand, with what is left of counted rules."""
        world = self._world
        return FaultSettings(
            rules=self._rules,
            mqtt_silent=world.mqtt.silent,
            docker_down=world.docker.down,
            docker_slow=world.docker.slow,
            refuse_orders=dict(world.exchange.refuse),
            books=dict(world.book_faults),
            exchange_clock_skew=world.clock.exchange_skew,
        ).model_dump()

    def apply(self, settings: FaultSettings) -> None:
        """Set the knobs that the settings name."""
        world, named = self._world, settings.model_fields_set
        if "rules" in named:
            self._rules = [rule.model_copy(update={"id": next(self._ids)}) for rule in settings.rules]
        if "mqtt_silent" in named:
            world.mqtt.silent = settings.mqtt_silent
        if "docker_down" in named:
            world.docker.down = settings.docker_down
        if "docker_slow" in named:
            world.docker.slow = settings.docker_slow
        if "refuse_orders" in named:
            world.exchange.refuse.clear()
            world.exchange.refuse.update(settings.refuse_orders)
        if "books" in named:
            world.book_faults = dict(settings.books)
        if "exchange_clock_skew" in named:
            world.clock.exchange_skew = settings.exchange_clock_skew

    def clear(self) -> None:
        """Everything works again."""
        cleared = FaultSettings()
        self.apply(FaultSettings(**cleared.model_dump()))

    def take(self, method: str, path: str) -> list[FaultRule]:
        """The rules for this request: every latency, and the first other one. Counted rules are used up."""
        latencies = [r for r in self._rules if r.action == "latency" and r.matches(method, path)]
        others = [r for r in self._rules if r.action != "latency" and r.matches(method, path)]
        taken = latencies + others[:1]
        for rule in taken:
            if rule.times is not None:
                rule.times -= 1
        self._rules = [rule for rule in self._rules if rule.times is None or rule.times > 0]
        return taken


class FaultMiddleware:
    """Lets requests pass, or fail as the rules say; also keeps the order store-then-answer, and the freeze."""

    def __init__(self, app: ASGIApp, world: World, faults: Faults) -> None:
        self._app = app
        self._world = world
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        own = path.startswith("/sandbox/")
        rules = [] if own else self._faults.take(scope["method"], path)
        for rule in rules:
            if rule.when == "before" and await self._act(rule, scope, receive, send):
                return
        if not own and not is_exchange_path(path):
            await self._world.thawed()
        later = [rule for rule in rules if rule.when == "after"]
        held: list[Message] = []

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                # Nobody may hear of what a kill -9 could undo.
                self._world.checkpoint()
            if later:
                held.append(message)
            else:
                await send(message)

        await self._app(scope, receive, answer)
        for rule in later:
            if await self._act(rule, scope, receive, send):
                return
        for message in held:
            await send(message)

    async def _act(self, rule: FaultRule, scope: Scope, receive: Receive, send: Send) -> bool:
        """Whether the request is over with that."""
        if rule.action == "latency":
            await asyncio.sleep(rule.seconds)
            return False
        if rule.action == "drop":
            await _cut(scope, receive)
            return True
        if rule.action == "html":
            body, kind = _OFFLINE_PAGE.encode(), b"text/html; charset=utf-8"
        else:
            body, kind = _detail(rule.body), b"application/json"
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": rule.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return True


def is_exchange_path(path: str) -> bool:
    """Whether a path belongs to the exchange's dialects, which no frozen Hummingbot API holds up."""
    return path.startswith(("/api/v4/", "/spot/", "/account/", "/contract/", "/system/time", "/system/service"))


def _detail(text: str) -> bytes:
    return json.dumps({"detail": text}).encode()


async def _cut(scope: Scope, receive: Receive) -> None:
    transport = scope.get(TRANSPORT)
    if transport is None:
        raise ConnectionAbortedError("dropped by a fault rule")
    transport.abort()
    # The server learns of the cut through its own loop; until then it would try to answer 500.
    while (await receive())["type"] != "http.disconnect":
        pass
