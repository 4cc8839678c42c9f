"""Our own books: every fill once, totals per bot kept up to date as fills arrive."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from trading_bridge.domain.bots import Bot
from trading_bridge.domain.fills import Fill
from trading_bridge.domain.performance import ZERO, Position, fold
from trading_bridge.services.clock import Clock, midnight_of
from trading_bridge.storage.database import Database
from trading_bridge.storage.fills import FillRepository

DAY = timedelta(hours=24)


class Ledger:
    """Positions in memory, fills in the database; the memory can be rebuilt from the rows at any time."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._positions: dict[str, Position] = {}
        self._at_midnight: dict[str, tuple[datetime, Position]] = {}
        self._volume: dict[str, deque[tuple[datetime, Decimal]]] = {}

    async def load(self) -> None:
        """Fold all fills at start-up."""
        async with self._database.reading() as connection:
            rows = await FillRepository(connection).all()
        by_bot: dict[str, list[Fill]] = {}
        for bot_id, fill in rows:
            by_bot.setdefault(bot_id, []).append(fill)
        for bot_id, fills in by_bot.items():
            self._rebuild(bot_id, fills)

    def _rebuild(self, bot_id: str, fills: Sequence[Fill]) -> None:
        now = self._clock()
        midnight = midnight_of(now)
        self._positions[bot_id] = fold(fills)
        self._at_midnight[bot_id] = (midnight, fold(fill for fill in fills if fill.at < midnight))
        recent = sorted((fill.at, fill.quote_amount) for fill in fills if fill.at >= now - DAY)
        self._volume[bot_id] = deque(recent)

    def position(self, bot_id: str) -> Position:
        """Totals since the bot's first fill."""
        return self._positions.get(bot_id, Position())

    def position_at_midnight(self, bot_id: str) -> Position:
        """Totals as they were at 00:00 UTC of today."""
        midnight = midnight_of(self._clock())
        day, position = self._at_midnight.setdefault(bot_id, (midnight, Position()))
        if day != midnight:  # the day has changed since the last fill: nothing happened since
            position = self.position(bot_id)
            self._at_midnight[bot_id] = (midnight, position)
        return position

    def volume_24h(self, bot_id: str) -> Decimal:
        """Filled quote volume of the last 24 hours, both sides."""
        recent = self._volume.get(bot_id)
        if not recent:
            return ZERO
        since = self._clock() - DAY
        while recent and recent[0][0] < since:
            recent.popleft()
        return sum((quote for _, quote in recent), ZERO)

    async def record(self, bot: Bot, fills: Sequence[Fill]) -> int:
        """Store those that are new; answers how many. The same answer read twice changes nothing."""
        if not fills:
            return 0
        async with self._one_at_a_time:  # an addition must not be undone by a refold that began before it
            async with self._database.writing() as connection:
                added = await FillRepository(connection).add(bot.id, fills, self._clock())
            if added:
                await self._apply(bot.id, added)
        return len(added)

    async def _apply(self, bot_id: str, added: Sequence[Fill]) -> None:
        position = self.position(bot_id)
        ordered = sorted(added, key=lambda fill: (fill.at, fill.trade_id))
        first, last = ordered[0].at, position.last_fill_at
        if first < midnight_of(self._clock()) or (last is not None and first <= last):
            # late, of the same moment, or of a day that is over: only a refold puts it right
            async with self._database.reading() as connection:
                self._rebuild(bot_id, await FillRepository(connection).of(bot_id))
            return
        self.position_at_midnight(bot_id)  # fixes the day's start before today's fills are added
        volume = self._volume.setdefault(bot_id, deque())
        for fill in ordered:
            position = position.add(fill)
            volume.append((fill.at, fill.quote_amount))
        self._positions[bot_id] = position

    async def fills(self, bot_id: str, *, limit: int | None, before: str | None, since: datetime | None) -> list[Fill]:
        """Fills of a bot, newest first."""
        async with self._database.reading() as connection:
            return await FillRepository(connection).of(bot_id, limit=limit, before=before, since=since)
