"""Bots as rows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from trading_bridge.domain.bots import Bot, Desired, Status
from trading_bridge.domain.instruments import Pair
from trading_bridge.storage.tables import bots


class BotRepository:
    """Reads and writes bots on the caller's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, bot: Bot) -> None:
        await self._connection.execute(insert(bots).values(**_values(bot)))

    async def get(self, bot_id: str) -> Bot | None:
        row = (await self._connection.execute(select(bots).where(bots.c.id == bot_id))).first()
        return None if row is None else _bot(row)

    async def locked(self, bot_id: str) -> Bot | None:
        """The bot, held against other writers until the transaction ends: whoever reads to write must not overwrite
        another's wish. (SQLite has one writer at a time anyway and knows no row locks.)"""
        query = select(bots).where(bots.c.id == bot_id).with_for_update()
        row = (await self._connection.execute(query)).first()
        return None if row is None else _bot(row)

    async def all(self) -> list[Bot]:
        rows = await self._connection.execute(select(bots).order_by(bots.c.created_at, bots.c.id))
        return [_bot(row) for row in rows]

    async def some(self, ids: Sequence[str]) -> dict[str, Bot]:
        """The bots of these ids, by id."""
        if not ids:
            return {}
        rows = await self._connection.execute(select(bots).where(bots.c.id.in_(ids)))
        return {row.id: _bot(row) for row in rows}

    async def save(self, bot: Bot, now: datetime) -> Bot:
        """Write every changeable column; answers the bot as stored."""
        bot = replace(bot, updated_at=now, revision=bot.revision + 1)
        values = _values(bot)
        for fixed in ("id", "upstream_key", "created_at"):
            values.pop(fixed)
        await self._connection.execute(update(bots).where(bots.c.id == bot.id).values(**values))
        return bot


def _values(bot: Bot) -> dict[str, Any]:
    return {
        "id": bot.id,
        "name": bot.name,
        "upstream_key": bot.upstream_key,
        "server_id": bot.server_id,
        "account": bot.account,
        "connector": bot.connector,
        "pair": str(bot.pair),
        "strategy": bot.strategy,
        "config": dict(bot.config),
        "desired": bot.desired.value,
        "status": bot.status.value,
        "reason_code": bot.reason_code,
        "reason": bot.reason,
        "status_since": bot.status_since,
        "generation": bot.generation,
        "instance_name": bot.instance_name,
        "created_at": bot.created_at,
        "updated_at": bot.updated_at,
        "revision": bot.revision,
    }


def _bot(row: Row[Any]) -> Bot:
    return Bot(
        id=row.id,
        name=row.name,
        upstream_key=row.upstream_key,
        server_id=row.server_id,
        account=row.account,
        connector=row.connector,
        pair=Pair.parse(row.pair),
        strategy=row.strategy,
        config=row.config,
        desired=Desired(row.desired),
        status=Status(row.status),
        reason_code=row.reason_code,
        reason=row.reason,
        status_since=row.status_since,
        generation=row.generation,
        instance_name=row.instance_name,
        created_at=row.created_at,
        updated_at=row.updated_at,
        revision=row.revision,
    )
