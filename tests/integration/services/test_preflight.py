"""The checks before a start, as lines: none raises, each says where and what to do."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.firm import ANA, PATIENCE, Firm, firm, new_bot
from tests.support.waiting import eventually
from trading_bridge.domain.errors import (
    CredentialsIncomplete,
    CredentialsRefused,
    NotFound,
    PairNotListed,
    UnknownConnector,
)
from trading_bridge.domain.fleet import Reach
from trading_bridge.domain.instruments import Pair

CONFIG: dict[str, Any] = dict(new_bot().config)


async def lines(house: Firm, **changes: Any) -> dict[str, tuple[str, str | None]]:
    """Name -> (state, field) of each line."""
    return {line.name: (line.state, line.field) for line in await house.bots.preflight(new_bot(**changes))}


async def test_all_is_well(tmp_path: Path) -> None:
    async with firm(tmp_path) as house:
        found = await lines(house)

        assert list(found) == [
            "Settings",
            "Server",
            "Account",
            "Keys",
            "Market",
            "Order size",
            "Server check",
            "Balance",
        ]
        assert {state for state, _ in found.values()} == {"pass"}
        with_notice = await house.bots.preflight(new_bot(connector="bitmart"))
        assert with_notice[-1].state == "warn"
        assert "BitMart" in with_notice[-1].message


@pytest.mark.parametrize(
    ("changes", "name", "field"),
    [
        ({"name": " "}, "Settings", "name"),
        ({"config": {**CONFIG, "bid_spread": Decimal("0.3")}}, "Settings", "config.bid_spread"),
        ({"strategy": "none"}, "Settings", "strategy"),
        ({"account": "nobody"}, "Account", "account"),
        ({"connector": "kucoin"}, "Keys", "account"),
        ({"connector": "nowhere"}, "Market", "connector"),
        ({"pair": "NO/SUCH"}, "Market", "pair"),
        ({"config": {**CONFIG, "order_amount": Decimal(1)}}, "Order size", "config.order_amount"),
    ],
)
async def test_what_is_wrong_is_a_line_with_its_field(
    tmp_path: Path, changes: dict[str, Any], name: str, field: str
) -> None:
    async with firm(tmp_path) as house:
        assert (await lines(house, **changes))[name] == ("fail", field)


async def test_what_may_keep_it_from_quoting_is_a_warning(tmp_path: Path) -> None:
    async with firm(tmp_path) as house:
        rich = await house.bots.preflight(new_bot(config={**CONFIG, "order_amount": Decimal(10**9)}))
        balance = next(line for line in rich if line.name == "Balance")
        assert (balance.state, balance.hint) == ("warn", "Fund it first.")
        assert "SHARP, needs 1000000000" in balance.message

        house.sandbox.faults(rules=[{"path": "/portfolio/state", "action": "status"}])
        assert (await lines(house))["Balance"][0] == "warn"

        house.sandbox.faults(books={"SHARP-USDT": "no_asks"})
        seen = house.runtime.markets

        async def one_sided() -> bool:
            return await seen.mid("gate_io", Pair("SHARP", "USDT")) is None

        await eventually(one_sided, PATIENCE)
        assert (await lines(house))["Market"][0] == "warn"


async def test_a_server_that_is_down_or_refuses(tmp_path: Path) -> None:
    async with firm(tmp_path) as house:
        house.sandbox.faults(rules=[{"path": "*/config/validate", "action": "status", "status": 400, "body": "no"}])
        assert (await lines(house))["Server check"][0] == "fail"

        house.sandbox.faults(rules=[{"path": "*", "action": "status", "status": 401}])
        await eventually(lambda: house.runtime.coordinator.fleet.reach is Reach.DOWN, PATIENCE)
        assert await lines(house) == {"Settings": ("pass", None), "Server": ("fail", None)}


async def test_markets_are_asked_once_for_all_who_look(tmp_path: Path) -> None:
    async with firm(tmp_path) as house:
        markets, pair = house.runtime.markets, Pair("SHARP", "USDT")

        assert (await markets.connectors())[0] == "gate_io"
        assert pair in await markets.pairs("gate_io")
        with pytest.raises(PairNotListed):
            await markets.rules("gate_io", Pair("NO", "SUCH"))
        with pytest.raises(UnknownConnector):
            await markets.pairs("nowhere")
        book, at = await markets.book("gate_io", pair, depth=1)
        assert (len(book.bids), len(book.asks)) == (1, 1)
        assert at <= house.clock()
        house.sandbox.faults(rules=[{"path": "/market-data/*", "action": "status"}])

        async def unknown() -> bool:
            return await markets.mid("gate_io", pair) is None

        await eventually(unknown, PATIENCE)
        assert markets.last_book("gate_io", pair) is not None  # the last one stays, with its time


async def test_keys_are_whole_or_refused(tmp_path: Path) -> None:
    async with firm(tmp_path) as house:
        accounts, right = house.runtime.accounts, {"gate_io_api_key": "k", "gate_io_secret_key": "s"}
        for fields, field in (
            ({}, "gate_io_api_key"),
            ({**right, "gate_io_secret_key": " "}, "gate_io_secret_key"),
            ({**right, "memo": "m"}, "memo"),
        ):
            with pytest.raises(CredentialsIncomplete) as incomplete:
                await accounts.put_credentials("client_sharp", "gate_io", fields, ANA)
            assert incomplete.value.field == field
        with pytest.raises(CredentialsRefused) as refused:
            await accounts.put_credentials("client_sharp", "gate_io", right, ANA)
        assert "INVALID_KEY" in refused.value.message
        with pytest.raises(UnknownConnector):
            await accounts.credential_fields("nowhere")
        for act in (accounts.get("nobody"), accounts.put_credentials("nobody", "gate_io", right, ANA)):
            with pytest.raises(NotFound):
                await act
        assert (await accounts.get("client_sharp")).connectors == ("bitmart", "gate_io")
