"""Fills as rows, each once: (connector, account, pair, trade id) is unique."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, desc, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from trading_bridge.domain.fills import Fill, FillSource, Side
from trading_bridge.storage.tables import fills


class FillRepository:
    """Appends and reads fills on the caller's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, bot_id: str, new: Sequence[Fill], now: datetime) -> list[Fill]:
        """Insert those of one account that are not there yet; answers the inserted ones."""
        if not new:
            return []
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        added: set[tuple[str, str]] = set()
        for start in range(0, len(new), 500):  # SQLite takes 32766 parameters a statement
            rows = [_values(bot_id, fill, now) for fill in new[start : start + 500]]
            statement = (
                insert(fills)
                .values(rows)
                .on_conflict_do_nothing(index_elements=["connector", "account", "pair", "trade_id"])
                .returning(fills.c.pair, fills.c.trade_id)
            )
            added |= {(row.pair, row.trade_id) for row in await self._connection.execute(statement)}
        first = {(fill.pair, fill.trade_id): fill for fill in reversed(new)}  # a batch may repeat one: it counts once
        return [fill for key, fill in reversed(first.items()) if key in added]

    async def of(
        self,
        bot_id: str,
        *,
        limit: int | None = None,
        before: str | None = None,
        since: datetime | None = None,
    ) -> list[Fill]:
        """Fills of a bot, newest first; `before` = the trade id after which to go on."""
        query = select(fills).where(fills.c.bot_id == bot_id).order_by(desc(fills.c.at), desc(fills.c.id))
        if since is not None:
            query = query.where(fills.c.at >= since)
        if before is not None:
            mark = select(fills.c.at, fills.c.id).where(fills.c.bot_id == bot_id, fills.c.trade_id == before)
            row = (await self._connection.execute(mark)).first()
            if row is None:
                return []
            query = query.where(or_(fills.c.at < row.at, and_(fills.c.at == row.at, fills.c.id < row.id)))
        if limit is not None:
            query = query.limit(limit)
        return [_fill(row) for row in await self._connection.execute(query)]

    async def all(self) -> list[tuple[str, Fill]]:
        """Every fill with its bot's id, in time order: to rebuild the positions at start-up."""
        query = select(fills).order_by(fills.c.at, fills.c.id)
        return [(row.bot_id, _fill(row)) for row in await self._connection.execute(query)]


def _values(bot_id: str, fill: Fill, now: datetime) -> dict[str, Any]:
    return {
        "bot_id": bot_id,
        "connector": fill.connector,
        "account": fill.account,
        "trade_id": fill.trade_id,
        "pair": fill.pair,
        "side": fill.side.value,
        "price": fill.price,
        "amount": fill.amount,
        "fee": fill.fee,
        "fee_token": fill.fee_token,
        "at": fill.at,
        "source": fill.source.value,
        "approximate": fill.approximate,
        "recorded_at": now,
    }


def _fill(row: Row[Any]) -> Fill:
    return Fill(
        trade_id=row.trade_id,
        connector=row.connector,
        account=row.account,
        pair=row.pair,
        side=Side(row.side),
        price=row.price,
        amount=row.amount,
        fee=row.fee,
        fee_token=row.fee_token,
        at=row.at,
        source=FillSource(row.source),
        approximate=row.approximate,
    )
