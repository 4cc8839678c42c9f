"""Rows for tests of the services: bots and fills, each told apart by its number."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.unit.domain.test_planning import bot as plain_bot
from trading_bridge.domain.bots import Bot, Status
from trading_bridge.domain.fills import Fill, FillSource, Side
from trading_bridge.storage.bots import BotRepository
from trading_bridge.storage.database import Database

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def bot(number: int = 1, **changes: Any) -> Bot:
    """Bot `number`, running on SHARP/USDT at gate_io."""
    key = f"sharp-{number:08d}"
    base = plain_bot(
        id=f"bot_{number}",
        upstream_key=key,
        status=Status.RUNNING,
        instance_name=f"hummingbot-{key}-g1-20261121-120000",
        status_since=NOON,
        created_at=NOON,
        updated_at=NOON,
    )
    return replace(base, **changes)


def fill(trade_id: str, side: Side, price: str, amount: str, at: datetime, **changes: Any) -> Fill:
    """A fill on SHARP/USDT with a fee of 0.1 % in quote."""
    base = Fill(
        trade_id=trade_id,
        connector="gate_io",
        account="client_sharp",
        pair="SHARP/USDT",
        side=side,
        price=Decimal(price),
        amount=Decimal(amount),
        fee=Decimal(price) * Decimal(amount) / 1000,
        fee_token="USDT",
        at=at,
        source=FillSource.HISTORY,
    )
    return replace(base, **changes)


async def store(database: Database, *bots: Bot) -> None:
    """Add these bots."""
    async with database.writing() as connection:
        for one in bots:
            await BotRepository(connection).add(one)
