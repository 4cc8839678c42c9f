"""How a bot that is wanted running is doing, judged by evidence (never by upstream's status word)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from trading_bridge.domain.bots import Bot, Status
from trading_bridge.domain.fleet import BotReport, Fleet, refusal

SILENT_AFTER = timedelta(seconds=5)  # the server itself calls a bot active for 30 s after its last message [measured]
ERRORS_WITHIN = timedelta(seconds=60)
FIRST_QUOTE_WITHIN = timedelta(seconds=90)
NO_ORDERS = "no_orders"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A status with its code and its reason in plain words."""

    status: Status
    code: str
    reason: str


def judge(bot: Bot, fleet: Fleet, now: datetime) -> Verdict | None:
    """The verdict on a bot that has proven its start; None when nothing new can be said (server silent)."""
    name = bot.instance_name
    if not fleet.up or fleet.as_of is None or fleet.containers_as_of is None or name is None:
        return None
    # A list from before the start says nothing; one that has shown it gone counts until a newer one shows it back.
    telling = fleet.containers_as_of > bot.status_since or bot.status is Status.LOST
    if telling and name not in fleet.containers.active:
        if name in fleet.containers.exited:
            return Verdict(Status.LOST, "container_exited", "Its container has exited; it was not asked to.")
        return Verdict(Status.LOST, "container_gone", "Its container is gone; it was not asked to stop.")
    report = fleet.bots.get(name)
    heard = fleet.heard.get(name)
    if report is None or heard is None or fleet.as_of - heard > SILENT_AFTER:
        return Verdict(
            Status.DEGRADED,
            "silent",
            "The container runs, but the bot has not been heard for 30 s; it may trade on.",
        )
    controller = report.controllers.get(bot.controller_id or "")
    if controller is None:
        if report.stop_confirmed:
            return Verdict(Status.LOST, "strategy_ended", "The strategy has ended without being asked to.")
        return Verdict(Status.DEGRADED, "not_reporting", "The bot is connected, but its strategy reports nothing.")
    return _trouble(bot, report, fleet, now) or Verdict(Status.RUNNING, "trading", "Its strategy is reporting.")


def _trouble(bot: Bot, report: BotReport, fleet: Fleet, now: datetime) -> Verdict | None:
    recent = [line for line in report.errors if now - line.at <= ERRORS_WITHIN]
    controller = report.controllers.get(bot.controller_id or "")
    closes = controller.close_types if controller else {}
    if recent and closes.get("INSUFFICIENT_BALANCE", 0):
        return Verdict(
            Status.DEGRADED,
            "insufficient_balance",
            "The exchange account has too little money for its orders.",
        )
    if recent and (closes.get("FAILED", 0) or any("order failed" in line.message.lower() for line in recent)):
        return Verdict(
            Status.DEGRADED,
            "orders_refused",
            f"The exchange refuses its orders: {refusal(report.logs) or _first_line(recent[-1].message)}",
        )
    orders = fleet.own_orders(report)
    if len(recent) >= 5:
        return Verdict(Status.DEGRADED, "errors", f"The bot keeps failing: {_first_line(recent[-1].message)}")
    pauses = timedelta(seconds=2 * float(bot.config.get("filled_order_delay", 0)))
    quoted_by = bot.status_since + FIRST_QUOTE_WITHIN + pauses
    due = now > quoted_by or bot.reason_code == NO_ORDERS  # this verdict itself must not buy another grace period
    if not orders and due and not _active_lately(report, now, pauses):
        return Verdict(Status.DEGRADED, NO_ORDERS, "It has no order on the book; is the order book empty on one side?")
    return None


def _active_lately(report: BotReport, now: datetime, pauses: timedelta) -> bool:
    """Orders come and go at every refresh; only a log without any for a while means that it does not quote."""
    return any("order" in line.message and now - line.at <= FIRST_QUOTE_WITHIN + pauses for line in report.logs[-20:])


def _first_line(text: str) -> str:
    return text.splitlines()[0][:160] if text else ""
