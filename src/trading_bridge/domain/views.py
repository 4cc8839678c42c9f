"""What pages and REST show of a bot: its record joined with the newest evidence, each figure with its age."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading_bridge.domain.bots import Bot, Status
from trading_bridge.domain.fleet import ControllerReport, LogLine, OwnOrder
from trading_bridge.domain.performance import Position
from trading_bridge.domain.venues import VenueNotice


class Shown(StrEnum):
    """The word on pages (shared/ui.md): a status is one of six shapes, words and colours."""

    TRADING = "trading"
    STARTING = "starting"
    STOPPING = "stopping"
    ATTENTION = "attention"
    FAILED = "failed"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


_SHOWN = {
    Status.RUNNING: Shown.TRADING,
    Status.DEPLOYING: Shown.STARTING,
    Status.STOPPING: Shown.STOPPING,
    Status.ARCHIVING: Shown.STOPPING,
    Status.DEGRADED: Shown.ATTENTION,
    Status.FAILED: Shown.FAILED,
    Status.LOST: Shown.FAILED,
    Status.STOPPED: Shown.STOPPED,
    Status.DRAFT: Shown.STOPPED,
    Status.ARCHIVED: Shown.STOPPED,
    Status.UNCERTAIN: Shown.UNKNOWN,
}
_AT_REST = frozenset({Status.STOPPED, Status.DRAFT, Status.ARCHIVED, Status.FAILED})


def shown(status: Status, *, server_up: bool) -> Shown:
    """The page's word: anything that depends on a silent server is Unknown; what is at rest stays what it was."""
    if not server_up and status not in _AT_REST:
        return Shown.UNKNOWN
    return _SHOWN[status]


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers of one bot. None = unknown. Prices in quote per base, P&L, fees and volume in quote."""

    position: Position  # from our own fills: realised, fees, volume, amount held since the first fill
    mid: Decimal | None  # mid price of the market
    mid_at: datetime | None
    unrealised: Decimal | None
    net: Decimal | None  # realised + unrealised - fees
    own_bid: Decimal | None  # best own quotes, as the bot's log tells them
    own_ask: Decimal | None
    own_orders: tuple[OwnOrder, ...] | None
    reported: ControllerReport | None  # Hummingbot's own figures (P&L before fees)
    volume_24h: Decimal
    pnl_today: Decimal | None  # change of net since 00:00 UTC; None while a mid is missing
    best_bid: Decimal | None = None  # best prices of the whole book, ours among them; as old as `mid_at`
    best_ask: Decimal | None = None


@dataclass(frozen=True, slots=True)
class BotView:
    """One bot as shown. `as_of` = newest evidence about it; `stale` = older than 30 s although it should be live."""

    bot: Bot
    shown: Shown
    figures: Figures
    notices: tuple[VenueNotice, ...]
    as_of: datetime | None
    stale: bool
    strip: tuple[str, ...]  # last 60 min in 12 cells of 5 min, oldest first: "quoting", "idle", "unknown"


@dataclass(frozen=True, slots=True)
class LogTail:
    """Newest log lines of a bot, newest last. `live` = read from the server now; else saved at its stop."""

    lines: tuple[LogLine, ...]
    as_of: datetime | None
    live: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """One point of a bot's chart, taken about every 5 s while it lives."""

    at: datetime
    mid: Decimal | None
    own_bid: Decimal | None
    own_ask: Decimal | None
    net: Decimal | None


@dataclass(frozen=True, slots=True)
class ServerView:
    """Health of one Hummingbot server. `mqtt` is judged by the age of the bots' messages, not by its own flag."""

    id: str
    reach: str  # "up" | "down" | "unknown"
    since: datetime | None
    as_of: datetime | None
    latency_ms: float | None
    docker: bool | None
    mqtt: str  # "alive" | "silent" | "unknown"
    mqtt_heard: datetime | None
    version: str | None
    failure_code: str | None
    failure: str | None


@dataclass(frozen=True, slots=True)
class SystemView:
    """Health of the whole: ours, the database, each Hummingbot server."""

    version: str
    started_at: datetime
    database: str  # "sqlite" | "postgresql"
    database_ok: bool
    servers: tuple[ServerView, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class Preflight:
    """One line of the check before a start: state is "pass", "warn" or "fail"."""

    name: str
    state: str
    message: str
    hint: str | None = None
    field: str | None = None
