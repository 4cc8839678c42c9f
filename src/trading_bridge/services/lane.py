"""One mutation at a time per Hummingbot server, stops first.

The server handles calls one after another, and a container stop freezes it for 10 s (hummingbot-api.md, "Connecting"):
two writes at once gain nothing and make both outcomes uncertain.
"""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum


class Urgency(IntEnum):
    """Who goes first when several wait."""

    STOP = 0
    START = 1
    UPKEEP = 2


class Lane:
    """A lock whose waiters are served by urgency, then by arrival."""

    def __init__(self) -> None:
        self._held = False
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrival = itertools.count()
        self._frozen_until = 0.0

    @property
    def busy(self) -> bool:
        """Whether a mutation is under way: a poll that times out meanwhile says nothing about the server."""
        return self._held

    @property
    def frozen(self) -> bool:
        """Whether something we set off upstream may still keep the server from answering."""
        return asyncio.get_running_loop().time() < self._frozen_until

    def expect_freeze(self, seconds: float) -> None:
        """A call has been answered whose work goes on and will freeze the server (a removal stops a container)."""
        self._frozen_until = asyncio.get_running_loop().time() + seconds

    @asynccontextmanager
    async def turn(self, urgency: Urgency) -> AsyncIterator[None]:
        """Hold the lane for one mutation."""
        if self._held:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (urgency, next(self._arrival), turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._pass_on()
                raise
        self._held = True
        try:
            yield
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)  # `_held` stays true: the lane goes over without a gap
                return
        self._held = False
