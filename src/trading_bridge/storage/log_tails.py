"""The last log lines of an instance, kept when it ends: the server forgets them."""

from datetime import UTC, datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from trading_bridge.domain.fleet import LogLine
from trading_bridge.domain.views import LogTail
from trading_bridge.storage.tables import log_tails


class LogTailRepository:
    """Keeps one tail per bot on the caller's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def keep(self, bot_id: str, instance_name: str, lines: tuple[LogLine, ...], as_of: datetime) -> None:
        """Replace the bot's tail."""
        await self._connection.execute(delete(log_tails).where(log_tails.c.bot_id == bot_id))
        rows = [[line.at.timestamp(), line.level, line.logger, line.message] for line in lines]
        await self._connection.execute(
            insert(log_tails).values(bot_id=bot_id, instance_name=instance_name, lines=rows, as_of=as_of)
        )

    async def of(self, bot_id: str) -> LogTail | None:
        row = (await self._connection.execute(select(log_tails).where(log_tails.c.bot_id == bot_id))).first()
        if row is None:
            return None
        lines = tuple(
            LogLine(datetime.fromtimestamp(at, UTC), level, logger, message) for at, level, logger, message in row.lines
        )
        return LogTail(lines, row.as_of, live=False)
