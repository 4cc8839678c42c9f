"""Samples over time: chart points in the database, and in memory the last hour of each bot in twelve cells."""

import asyncio
from collections import deque
from datetime import datetime, timedelta
from decimal import Decimal

from trading_bridge.domain.views import Sample
from trading_bridge.services.clock import Clock, midnight_of
from trading_bridge.storage.database import Database
from trading_bridge.storage.samples import SampleRepository

CELL = timedelta(minutes=5)
CELLS = 12
KEPT_FOR = timedelta(days=7)


class Strips:
    """Which five-minute cells of the last hour had orders on the book, and the day's opening mid per bot."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._quoting: dict[str, deque[tuple[datetime, bool | None]]] = {}
        self._opening: dict[str, tuple[datetime, Decimal]] = {}
        self._lock = asyncio.Lock()

    async def load(self) -> None:
        """The last hour and today's opening mids, at start-up."""
        now = self._clock()
        async with self._database.reading() as connection:
            repository = SampleRepository(connection)
            for bot_id, at, quoting in await repository.quoting_since(now - CELLS * CELL):
                self._quoting.setdefault(bot_id, deque()).append((at, quoting))
            for bot_id, mid in (await repository.opening_mids(midnight_of(now))).items():
                self._opening[bot_id] = (midnight_of(now), mid)

    async def add(self, points: dict[str, tuple[Sample, bool | None]]) -> None:
        """Store one point per bot."""
        async with self._database.writing() as connection:
            await SampleRepository(connection).add(points)
        for bot_id, (sample, quoting) in points.items():
            day = midnight_of(sample.at)
            if sample.mid is not None and self._opening.get(bot_id, (None,))[0] != day:
                self._opening[bot_id] = (day, sample.mid)
            kept = self._quoting.setdefault(bot_id, deque())
            kept.append((sample.at, quoting))
            while kept and kept[0][0] < sample.at - CELLS * CELL - CELL:
                kept.popleft()

    async def prune(self) -> None:
        """Drop chart points older than a week."""
        async with self._database.writing() as connection:
            await SampleRepository(connection).drop_before(self._clock() - KEPT_FOR)

    def mid_at_midnight(self, bot_id: str) -> Decimal | None:
        """The first mid price seen today (UTC); None when none was."""
        day, mid = self._opening.get(bot_id, (None, None))
        return mid if day == midnight_of(self._clock()) else None

    def cells(self, bot_id: str) -> tuple[str, ...]:
        """ "quoting", "idle" or "unknown" for each five minutes, oldest first."""
        result = ["unknown"] * CELLS
        now = self._clock()
        for at, quoting in self._quoting.get(bot_id, ()):
            index = CELLS - 1 - int((now - at) / CELL)
            if 0 <= index < CELLS and quoting is not None and result[index] != "quoting":
                result[index] = "quoting" if quoting else "idle"
        return tuple(result)
