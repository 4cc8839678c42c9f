"""What one poll of a Hummingbot server told: bots, containers, logs. Evidence, not truth.

Upstream's own `status` word is computed from message ages and lies in known ways (hummingbot-api.md, "Status is
computed, not known"); it is kept for display to engineers only and no rule of ours reads it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

STOPPED_MARK = "Hummingbot stopped."
_CREATED = re.compile(r"^Created (?:LIMIT|LIMIT_MAKER|MARKET) (BUY|SELL) order (\S+) for (\S+) (\S+) at (\S+?)\.?$")
_REFUSED = re.compile(r"has failed\. Order Update: .*'error_message': (?:'([^']*)'|\"([^\"]*)\")", re.DOTALL)
_FILLED = re.compile(r"^The (?:BUY|SELL) order (\S+) amounting to (\S+)/(\S+) \S+ has been filled")
_GONE = re.compile(r"^(?:Successfully canceled order (\S+?)\.|(?:BUY|SELL) order (\S+) completely filled\.)$")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One log entry of a bot; a traceback is inside `message`."""

    at: datetime
    level: str
    logger: str
    message: str


@dataclass(frozen=True, slots=True)
class ControllerReport:
    """A controller's own performance report, amounts in quote. P&L of pmm_v1 is before fees [measured]."""

    realised: Decimal
    unrealised: Decimal
    volume: Decimal
    fees: Decimal | None
    close_types: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BotReport:
    """One entry of /bot-orchestration/status. `controllers[id]` is None for the emptied report of a stopped bot."""

    instance: str
    upstream_status: str
    source: str | None
    recently_active: bool
    controllers: Mapping[str, ControllerReport | None]
    errors: tuple[LogLine, ...]
    logs: tuple[LogLine, ...]

    @property
    def stop_confirmed(self) -> bool:
        """The strategy has ended: it said so, or it emptied its report as its last message [measured]."""
        if any(line.message.startswith(STOPPED_MARK) for line in self.logs[-10:]):
            return True
        return bool(self.controllers) and all(report is None for report in self.controllers.values())


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """An order of the bot that its log shows as open. `amount` = what is left of it."""

    order_id: str
    side: str  # "buy" | "sell"
    price: Decimal
    amount: Decimal
    at: datetime


def open_orders_from_logs(
    lines: tuple[LogLine, ...], before: tuple[OwnOrder, ...] | None = None
) -> tuple[OwnOrder, ...] | None:
    """Own open orders as the log tells them; None when it tells nothing.

    Hummingbot API gives no access to bots' orders (measured: /trading/orders/* never contain them), but every creation,
    fill, cancellation and completion is logged by its order tracker. `before` = what the log told earlier: it keeps the
    last 100 lines only, and an order may rest longer than that. Replaying lines that were seen before changes nothing.
    """
    orders = {order.order_id: order for order in before or ()}
    seen = before is not None
    for line in lines:
        if created := _CREATED.match(line.message):
            seen = True
            price, amount = _decimal(created[5]), _decimal(created[3])
            if price is not None and amount is not None:
                orders[created[2]] = OwnOrder(created[2], created[1].lower(), price, amount, line.at)
        elif (filled := _FILLED.match(line.message)) and filled[1] in orders:
            done, whole = _decimal(filled[2]), _decimal(filled[3])
            if done is not None and whole is not None:
                orders[filled[1]] = replace(orders[filled[1]], amount=whole - done)
        elif gone := _GONE.match(line.message):
            seen = True
            orders.pop(gone[1] or gone[2], None)
        elif line.message.startswith(STOPPED_MARK):
            seen = True
            orders.clear()
    return tuple(orders.values()) if seen else None


def refusal(lines: tuple[LogLine, ...]) -> str | None:
    """The exchange's own words on the newest refused order; None when the log has none.

    The order tracker logs `Order X has failed. Order Update: ...` with an `error_message` in it.
    """
    for line in reversed(lines):
        found = _REFUSED.search(line.message)
        if found:
            return (found[1] or found[2])[:200]
    return None


def _decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except ArithmeticError:
        return None
    return value if value.is_finite() else None


@dataclass(frozen=True, slots=True)
class Containers:
    """Names of the containers that run, and of those that have exited."""

    active: frozenset[str]
    exited: frozenset[str]


class Reach(StrEnum):
    """Whether a Hummingbot server answers."""

    UNKNOWN = "unknown"  # not asked yet
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Fleet:
    """The last good answers of one server, and since when it is up or down. Never blanked by an outage."""

    server_id: str
    reach: Reach = Reach.UNKNOWN
    since: datetime | None = None
    failure_code: str | None = None
    failure: str | None = None
    as_of: datetime | None = None  # time of the newest good status answer
    containers_as_of: datetime | None = None
    bots: Mapping[str, BotReport] = field(default_factory=dict)
    containers: Containers = field(default_factory=lambda: Containers(frozenset(), frozenset()))
    heard: Mapping[str, datetime] = field(default_factory=dict)  # instance -> when its report last changed
    orders: Mapping[str, tuple[OwnOrder, ...] | None] = field(default_factory=dict)  # instance -> own open orders
    docker: bool | None = None
    mqtt_heard: datetime | None = None  # newest sign of life of any bot: the API's own flag lies [measured]
    mqtt_flag: bool | None = None
    version: str | None = None

    def own_orders(self, report: BotReport) -> tuple[OwnOrder, ...] | None:
        """Own open orders of a bot, as all of its log that was ever seen tells them; None = not known."""
        return self.orders.get(report.instance, open_orders_from_logs(report.logs))

    @property
    def up(self) -> bool:
        return self.reach is Reach.UP
