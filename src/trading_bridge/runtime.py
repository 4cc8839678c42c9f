"""The one composition root: opens everything in order, closes it in reverse."""

import asyncio
import tomllib
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from trading_bridge.domain.venues import VenueNotice
from trading_bridge.hummingbot.client import HummingbotReader
from trading_bridge.hummingbot.transport import HttpTransport, Transport
from trading_bridge.hummingbot.writes import HummingbotWriter
from trading_bridge.logs import logger, register_secret
from trading_bridge.services.accounts import AccountService
from trading_bridge.services.admission import Admission
from trading_bridge.services.board import Board
from trading_bridge.services.bots import BotService
from trading_bridge.services.broadcaster import Broadcaster
from trading_bridge.services.clock import Clock, utc_now
from trading_bridge.services.coordinator import Coordinator
from trading_bridge.services.creation import Creation
from trading_bridge.services.ending import Ending
from trading_bridge.services.history import HistoryReader
from trading_bridge.services.lane import Lane
from trading_bridge.services.ledger import Ledger
from trading_bridge.services.markets import MarketService
from trading_bridge.services.reconciler import Reconciler
from trading_bridge.services.recorder import Recorder
from trading_bridge.services.sign_in import AdminLogin, SignInService
from trading_bridge.services.starting import Starting
from trading_bridge.services.strips import Strips
from trading_bridge.services.system import SystemService
from trading_bridge.services.watcher import Watcher
from trading_bridge.settings import Settings
from trading_bridge.storage.database import Database
from trading_bridge.storage.schema import migrate

log = logger(__name__)

SERVER = "default"
SAMPLE_SECONDS = 5.0


def venue_notices() -> tuple[VenueNotice, ...]:
    """The dated notices that come with the package."""
    text = files("trading_bridge.data").joinpath("venue_notices.toml").read_text(encoding="utf-8")
    return tuple(VenueNotice(**entry) for entry in tomllib.loads(text)["notice"])


def upstream_transport(settings: Settings) -> Transport:
    """The way to the Hummingbot API that the settings name."""
    key = settings.hummingbot_api_key
    return HttpTransport(
        settings.hummingbot_api_url,
        username=settings.hummingbot_api_username,
        password=settings.hummingbot_api_password.get_secret_value(),
        api_key=key.get_secret_value() if key is not None else None,
    )


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything that pages and REST use. `admin` says how to get in, whole at the first start only."""

    settings: Settings
    database: Database
    bots: BotService
    accounts: AccountService
    markets: MarketService
    system: SystemService
    sign_in: SignInService
    broadcaster: Broadcaster
    coordinator: Coordinator
    admin: AdminLogin

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, settings: Settings, *, clock: Clock = utc_now, transport: Transport | None = None
    ) -> AsyncIterator["Runtime"]:
        """Migrate the database, load the books, settle what a crash left, start the loops.

        Another clock or another way to the Hummingbot API may be given; the transport is closed at the end.
        """
        async with AsyncExitStack() as stack:
            register_secret(*settings.secret_values())
            settings.open_home()
            database = Database(settings.database_address)
            stack.push_async_callback(database.close)
            await migrate(database)
            transport = transport or upstream_transport(settings)
            stack.push_async_callback(transport.close)
            runtime, reconciler, loops = await _assemble(settings, database, transport, clock)
            await reconciler.recover()
            stack.push_async_callback(_ended, [asyncio.create_task(loop, name=name) for name, loop in loops.items()])
            stack.callback(runtime.broadcaster.close)
            yield runtime


async def _assemble(
    settings: Settings, database: Database, transport: Transport, clock: Clock
) -> tuple[Runtime, Reconciler, dict[str, Coroutine[Any, Any, None]]]:
    lane, broadcaster = Lane(), Broadcaster()
    reader, writer = HummingbotReader(transport), HummingbotWriter(transport)
    ledger, strips = Ledger(database, clock), Strips(database, clock)
    markets = MarketService(reader, venue_notices(), clock)
    board = Board(database, ledger, markets, strips, broadcaster, clock, SERVER)
    coordinator = Coordinator(SERVER, reader, lane, clock, settings.poll_seconds)
    accounts = AccountService(database, reader, writer, lane, broadcaster, clock, SERVER)
    history = HistoryReader(reader, ledger, board, markets, clock)
    watcher = Watcher(database, board, clock)
    reconciler = Reconciler(
        database,
        coordinator,
        board,
        Starting(reader, writer, lane, settings.hummingbot_image),
        Ending(reader, writer, lane, history, ledger, database),
        clock,
    )
    recorder = Recorder(board, markets, strips, clock, SAMPLE_SECONDS)
    creation = Creation(database, Admission(accounts, markets, coordinator, reader), clock, SERVER)
    sign_in = SignInService(database, settings, clock)
    for listener in (board.on_poll, watcher.on_poll, history.on_poll, accounts.on_poll, reconciler.on_poll):
        coordinator.listen(listener)
    for part in (ledger, strips, board, watcher):
        await part.load()
    runtime = Runtime(
        settings=settings,
        database=database,
        bots=BotService(database, board, ledger, creation, reconciler, clock),
        accounts=accounts,
        markets=markets,
        system=SystemService(database, coordinator, clock),
        sign_in=sign_in,
        broadcaster=broadcaster,
        coordinator=coordinator,
        admin=await sign_in.ensure_admin(),
    )
    loops = {
        "coordinator": coordinator.run(),
        "reconciler": reconciler.run(),
        "history": history.run(),
        "recorder": recorder.run(),
    }
    return runtime, reconciler, loops


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task, result in zip(tasks, await asyncio.gather(*tasks, return_exceptions=True), strict=True):
        if isinstance(result, Exception):
            log.error("loop_broke", loop=task.get_name(), error=type(result).__name__)
