"""Points of the bots' charts as rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from trading_bridge.domain.views import Sample
from trading_bridge.storage.tables import samples


class SampleRepository:
    """Appends and reads samples on the caller's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, points: Mapping[str, tuple[Sample, bool | None]]) -> None:
        """One point per bot: bot id -> (sample, whether it had orders; None = not known)."""
        if not points:
            return
        await self._connection.execute(
            insert(samples),
            [
                {
                    "bot_id": bot_id,
                    "at": sample.at,
                    "mid": sample.mid,
                    "own_bid": sample.own_bid,
                    "own_ask": sample.own_ask,
                    "net": sample.net,
                    "quoting": quoting,
                }
                for bot_id, (sample, quoting) in points.items()
            ],
        )

    async def of(self, bot_id: str, since: datetime) -> list[Sample]:
        """Samples of a bot, oldest first."""
        query = select(samples).where(samples.c.bot_id == bot_id, samples.c.at >= since).order_by(samples.c.at)
        return [
            Sample(row.at, row.mid, row.own_bid, row.own_ask, row.net) for row in await self._connection.execute(query)
        ]

    async def quoting_since(self, since: datetime) -> Sequence[tuple[str, datetime, bool | None]]:
        """(bot id, time, had orders) of all bots, oldest first: to rebuild the 60-minute strips at start-up."""
        query = (
            select(samples.c.bot_id, samples.c.at, samples.c.quoting)
            .where(samples.c.at >= since)
            .order_by(samples.c.at)
        )
        return [(row.bot_id, row.at, row.quoting) for row in await self._connection.execute(query)]

    async def opening_mids(self, since: datetime) -> dict[str, Decimal]:
        """The first known mid price of each bot at or after `since`."""
        first = (
            select(samples.c.bot_id, func.min(samples.c.at).label("at"))
            .where(samples.c.at >= since, samples.c.mid.is_not(None))
            .group_by(samples.c.bot_id)
            .subquery()
        )
        query = select(samples.c.bot_id, samples.c.mid).join(
            first, (samples.c.bot_id == first.c.bot_id) & (samples.c.at == first.c.at)
        )
        return {row.bot_id: row.mid for row in await self._connection.execute(query)}

    async def drop_before(self, moment: datetime) -> None:
        await self._connection.execute(delete(samples).where(samples.c.at < moment))
