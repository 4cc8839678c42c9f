"""A bot's whole life on a real sandbox, on both databases: the exchange's own trade list is the judge."""

from decimal import Decimal
from pathlib import Path

from tests.support.firm import ANA, PATIENCE, firm
from tests.support.waiting import eventually
from trading_bridge.domain.bots import Status
from trading_bridge.domain.fills import FillSource


async def test_create_stop_start_again_and_archive(tmp_path: Path, database_url: str) -> None:
    async with firm(tmp_path, database_url=database_url) as house:
        bot = (await house.running()).bot
        first_instance = bot.instance_name
        await house.filled(bot.id)

        await house.bots.stop(bot.id, ANA)
        await house.status(bot.id, Status.STOPPED)
        assert house.orders() == []
        await house.gone()

        await house.bots.start(bot.id, ANA)
        again = (await house.status(bot.id, Status.RUNNING)).bot
        assert again.generation == 2
        assert again.instance_name != first_instance
        assert list(await house.containers()) == [again.instance_name]
        traded = len(house.trades())
        await eventually(lambda: len(house.trades()) > traded, PATIENCE)

        await house.bots.archive(bot.id, ANA)
        last = await house.status(bot.id, Status.ARCHIVED)
        assert house.orders() == []
        assert await house.containers() == {}

        ours = {fill.trade_id: fill for fill in await house.bots.fills(bot.id, limit=100_000)}
        theirs = house.trades()
        assert set(ours) == set(theirs)
        for trade_id, fill in ours.items():
            trade = theirs[trade_id]
            assert fill.side.value == trade["side"].lower()
            assert fill.price == Decimal(trade["price"])
            assert fill.amount == Decimal(trade["amount"])
            if fill.source is FillSource.HISTORY:
                assert (fill.fee, fill.fee_token) == (Decimal(trade["fee"]), trade["fee_token"])
        assert last.figures.position.fills == len(theirs)
