"""A firm's set-up for tests: a real Runtime in the test's own loop, a real sandbox in a thread, one fast calendar.

async with firm(tmp_path) as house: ... house.create(), house.status(id, Status.RUNNING), house.containers()
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.support.bridge_server import bridge_settings
from tests.support.fast_time import SandboxCalendar
from tests.support.sandbox_server import SandboxClient, sandbox_thread
from tests.support.waiting import eventually
from trading_bridge.domain.bots import Status
from trading_bridge.domain.fills import Fill
from trading_bridge.domain.views import BotView
from trading_bridge.hummingbot.transport import Params, Response, Transport
from trading_bridge.runtime import Runtime, upstream_transport
from trading_bridge.services.bots import Actor, BotService, NewBot
from trading_bridge.settings import Settings

ANA = Actor("ana@firm.test", "request-1")
SPEED = 40.0
PATIENCE = 60.0  # machine seconds, for a busy machine; about 40 simulated minutes


def new_bot(name: str = "Sharp Spread", **changes: Any) -> NewBot:
    """A request that trades within a simulated minute."""
    config: dict[str, Any] = {
        "bid_spread": Decimal("0.001"),
        "ask_spread": Decimal("0.001"),
        "order_amount": Decimal(1600),
        "order_refresh_time": 10,
        "filled_order_delay": 1,
    }
    given: dict[str, Any] = {
        "name": name,
        "account": "client_sharp",
        "connector": "gate_io",
        "pair": "SHARP/USDT",
        "strategy": "spread",
        "config": config,
    }
    return NewBot(**{**given, **changes})


class Impatient:
    """A transport whose deadlines on some paths are shorter than the real ones: nobody waits 180 s in a test."""

    def __init__(self, inner: Transport, deadlines: Mapping[str, float]) -> None:
        """`deadlines`: ending of a path -> seconds."""
        self._inner = inner
        self._deadlines = deadlines

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: bytes | None = None,
        timeout: float,  # noqa: ASYNC109 - as the protocol has it
    ) -> Response:
        """As the real one, within the shorter deadline."""
        within = min([timeout, *(seconds for end, seconds in self._deadlines.items() if path.endswith(end))])
        return await self._inner.send(method, path, params=params, body=body, timeout=within)

    async def close(self) -> None:
        await self._inner.close()


@dataclass
class Firm:
    """What a test holds in its hands."""

    settings: Settings
    sandbox: SandboxClient
    clock: SandboxCalendar
    runtime: Runtime

    @property
    def bots(self) -> BotService:
        return self.runtime.bots

    async def create(self, name: str = "Sharp Spread", **changes: Any) -> str:
        """Create a bot; its id."""
        return (await self.bots.create(new_bot(name, **changes), ANA)).bot.id

    async def status(self, bot_id: str, *wanted: Status, code: str | None = None, seconds: float = PATIENCE) -> BotView:
        """The bot once it has one of these statuses (and this reason code)."""

        async def look() -> BotView | None:
            view = await self.bots.get(bot_id)
            return view if view.bot.status in wanted and code in (None, view.bot.reason_code) else None

        try:
            return await eventually(look, seconds)
        except AssertionError:
            bot = (await self.bots.get(bot_id)).bot
            told = "\n".join(f"{event.at:%H:%M:%S} {event.message}" for event in await self.bots.timeline(bot_id))
            raise AssertionError(f"{bot.status} ({bot.reason_code}): {bot.reason}, not {wanted}\n{told}") from None

    async def running(self, name: str = "Sharp Spread", **changes: Any) -> BotView:
        """A new bot, running."""
        return await self.status(await self.create(name, **changes), Status.RUNNING)

    async def filled(self, bot_id: str, at_least: int = 1) -> list[Fill]:
        """The bot's fills, once there are so many."""

        async def look() -> list[Fill] | None:
            fills = list(await self.bots.fills(bot_id, limit=100_000))
            return fills if len(fills) >= at_least else None

        return await eventually(look, PATIENCE)

    async def containers(self) -> dict[str, str]:
        """Name -> "active" or "exited", as the server lists them now."""
        found: dict[str, str] = {}
        for state in ("exited", "active"):
            rows = await asyncio.to_thread(self.sandbox.get, f"/docker/{state}-containers")
            found |= {row["name"]: state for row in rows}
        return found

    async def gone(self) -> None:
        """Until no container is left on the server."""

        async def look() -> bool:
            return not await self.containers()

        await eventually(look, PATIENCE)

    def orders(self, account: str = "gate_io:main") -> list[dict[str, Any]]:
        """Own open orders, as the exchange has them."""
        found: list[dict[str, Any]] = self.sandbox.get(f"/sandbox/exchange/accounts/{account}/orders")
        return found

    def trades(self, account: str = "gate_io:main") -> dict[str, dict[str, Any]]:
        """Own trades by id, as the exchange has them."""
        rows = self.sandbox.get(f"/sandbox/exchange/accounts/{account}/trades")
        return {row["id"]: row for row in rows}


@asynccontextmanager
async def bridge(
    settings: Settings, sandbox: SandboxClient, clock: SandboxCalendar, deadlines: Mapping[str, float] | None = None
) -> AsyncIterator[Firm]:
    """The bridge alone, on a sandbox that runs."""
    transport = Impatient(upstream_transport(settings), deadlines or {})
    async with Runtime.opened(settings, clock=clock, transport=transport) as runtime:
        house = Firm(settings, sandbox, clock, runtime)
        await eventually(lambda: runtime.coordinator.fleet.up)
        yield house


@asynccontextmanager
async def firm(
    home: Path,
    *,
    database_url: str | None = None,
    deadlines: Mapping[str, float] | None = None,
    speed: float = SPEED,
    **changed: Any,
) -> AsyncIterator[Firm]:
    """Sandbox and bridge; `changed` are settings of the bridge."""
    clock = SandboxCalendar()
    async with AsyncExitStack() as stack:
        sandbox = stack.enter_context(sandbox_thread(speed=speed, wall=clock))
        assert sandbox.world is not None
        clock.follow(sandbox.world)
        settings = bridge_settings(home, sandbox.url, database_url=database_url, **changed)
        yield await stack.enter_async_context(bridge(settings, sandbox, clock, deadlines))
