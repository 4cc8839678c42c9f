"""Health of the bridge, its database and its Hummingbot server."""

from trading_bridge import __version__
from trading_bridge.domain.fleet import Fleet
from trading_bridge.domain.views import ServerView, SystemView
from trading_bridge.domain.watch import SILENT_AFTER
from trading_bridge.services.clock import Clock
from trading_bridge.services.coordinator import Coordinator
from trading_bridge.storage.database import Database


class SystemService:
    """Answers from memory, but for one trivial query to the database."""

    def __init__(self, database: Database, coordinator: Coordinator, clock: Clock) -> None:
        self._database = database
        self._coordinator = coordinator
        self._clock = clock
        self._started_at = clock()

    async def healthy(self) -> bool:
        """Whether the bridge can do its work: its database answers. (A silent Hummingbot API is no fault of ours.)"""
        return await self._database.answers()

    async def view(self) -> SystemView:
        """Everything on the system page."""
        return SystemView(
            version=__version__,
            started_at=self._started_at,
            database=self._database.dialect,
            database_ok=await self._database.answers(),
            servers=(self._server(),),
            now=self._clock(),
        )

    def _server(self) -> ServerView:
        fleet = self._coordinator.fleet
        return ServerView(
            id=fleet.server_id,
            reach=fleet.reach.value,
            since=fleet.since,
            as_of=fleet.as_of,
            latency_ms=self._coordinator.latency_ms,
            docker=fleet.docker if fleet.up else None,  # what nobody can see now is unknown
            mqtt=_mqtt(fleet),
            mqtt_heard=fleet.mqtt_heard,
            version=fleet.version,
            failure_code=fleet.failure_code,
            failure=fleet.failure,
        )


def _mqtt(fleet: Fleet) -> str:
    """By evidence: alive when a bot was heard lately, silent when bots run and none is; unknown when none could be.

    The server's own flag stays true after a disconnect [measured]; only its `false` is worth something.
    """
    if not fleet.up:
        return "unknown"
    if fleet.mqtt_flag is False:
        return "silent"
    if fleet.as_of is not None and fleet.mqtt_heard is not None and fleet.as_of - fleet.mqtt_heard <= SILENT_AFTER:
        return "alive"
    fallen_silent = [name for name in fleet.heard if name in fleet.containers.active]  # one that boots proves nothing
    return "silent" if fallen_silent else "unknown"
