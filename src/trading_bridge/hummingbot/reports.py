"""/bot-orchestration/status -> BotReport. The hot path: up to 100 + 100 log lines per bot at every poll."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from trading_bridge.domain.errors import UpstreamNotHummingbot
from trading_bridge.domain.fleet import BotReport, ControllerReport, LogLine
from trading_bridge.hummingbot.wire import finite, instant, read, read_or_null

_EPOCH = datetime.fromtimestamp(0, UTC)


class StatusList(msgspec.Struct):
    """GET /bot-orchestration/status"""

    data: dict[str, msgspec.Raw]


class StatusOne(msgspec.Struct):
    """GET /bot-orchestration/{bot}/status"""

    data: msgspec.Raw


class Bot(msgspec.Struct):
    """One bot. `performance` by config id; each part is decoded on its own, so that one odd part spoils no
    other.
    """

    status: str = ""
    source: str | None = None
    recently_active: bool | None = None
    performance: msgspec.Raw = msgspec.Raw()
    error_logs: msgspec.Raw = msgspec.Raw()
    general_logs: msgspec.Raw = msgspec.Raw()


class Controller(msgspec.Struct):
    performance: msgspec.Raw = msgspec.Raw()


class Position(msgspec.Struct):
    cum_fees_quote: Decimal | None = None


class Performance(msgspec.Struct):
    """A controller's report; all amounts in quote, `_pct` fields are not read."""

    realized_pnl_quote: Decimal | None = None
    unrealized_pnl_quote: Decimal | None = None
    volume_traded: Decimal | None = None
    positions_summary: list[Position] | None = None
    close_type_counts: dict[str, int] | None = None


class Entry(msgspec.Struct):
    """A log entry. `timestamp`: seconds, in some entries milliseconds (measured: observed.md section 3)."""

    msg: str = ""
    level_name: str = ""
    logger_name: str = ""
    timestamp: float | str | None = None


@dataclass(slots=True)
class _Logs:
    """The newest log blocks of one bot, raw and decoded."""

    raw_errors: bytes = b""
    raw_general: bytes = b""
    errors: tuple[LogLine, ...] = ()
    general: tuple[LogLine, ...] = ()


class ReportDecoder:
    """Decodes status answers; a log block that did not change is not decoded again."""

    def __init__(self) -> None:
        self._logs: dict[str, _Logs] = {}

    def many(self, body: bytes) -> dict[str, BotReport]:
        """All bots of a status answer, by instance name. Raises UpstreamNotHummingbot."""
        bots = read(body, StatusList).data
        self._logs = {name: logs for name, logs in self._logs.items() if name in bots}
        return {name: self._report(name, bytes(raw)) for name, raw in bots.items()}

    def one(self, instance: str, body: bytes) -> BotReport | None:
        """The bot of a single status answer; None for `"status": "not_found"`, which comes with 200
        (measured).
        """
        report = self._report(instance, bytes(read(body, StatusOne).data))
        return None if report.upstream_status == "not_found" else report

    def _report(self, instance: str, raw: bytes) -> BotReport:
        bot = read(raw, Bot)
        logs = self._logs.setdefault(instance, _Logs())
        errors, general = bytes(bot.error_logs), bytes(bot.general_logs)
        if errors != logs.raw_errors:
            logs.raw_errors, logs.errors = errors, _lines(errors)
        if general != logs.raw_general:
            logs.raw_general, logs.general = general, _lines(general)
        return BotReport(
            instance=instance,
            upstream_status=bot.status,
            source=bot.source,
            recently_active=bool(bot.recently_active),
            controllers=_controllers(bytes(bot.performance)),
            errors=logs.errors,
            logs=logs.general,
        )


def _controllers(raw: bytes) -> dict[str, ControllerReport | None]:
    """By config id: the report, or None when it was emptied (`{}`), the mark of a stopped controller
    (measured).

    A report that can't be read, or lacks P&L or volume, is left out: nothing is known, which is not
    "emptied".
    """
    found: dict[str, ControllerReport | None] = {}
    for config_id, part in _parts(raw).items():
        try:
            performance = bytes(read(part, Controller).performance)
            if performance[:1] == b"{" and not performance.strip(b"{} \t\r\n"):
                found[config_id] = None
            elif performance and (report := _controller(read_or_null(performance, Performance))):
                found[config_id] = report
        except UpstreamNotHummingbot:
            continue
    return found


def _parts(raw: bytes) -> dict[str, bytes]:
    try:
        parts = read(raw, dict[str, msgspec.Raw]) if raw else {}
    except UpstreamNotHummingbot:
        return {}
    return {config_id: bytes(part) for config_id, part in parts.items()}


def _controller(performance: Performance | None) -> ControllerReport | None:
    if performance is None:
        return None
    realised = finite(performance.realized_pnl_quote)
    unrealised = finite(performance.unrealized_pnl_quote)
    volume = finite(performance.volume_traded)
    if realised is None or unrealised is None or volume is None:
        return None
    counts = performance.close_type_counts or {}
    return ControllerReport(
        realised=realised,
        unrealised=unrealised,
        volume=volume,
        fees=_fees(performance.positions_summary, volume),
        close_types={name.removeprefix("CloseType."): count for name, count in counts.items()},
    )


def _fees(positions: list[Position] | None, volume: Decimal) -> Decimal | None:
    """Fees of the positions held. None when the report doesn't tell; 0 is known only while nothing was
    traded.
    """
    if not positions:
        return Decimal(0) if volume == 0 else None
    fees = [finite(position.cum_fees_quote) for position in positions]
    return sum((fee for fee in fees if fee is not None), Decimal(0)) if None not in fees else None


def _lines(raw: bytes) -> tuple[LogLine, ...]:
    """An entry without a time gets that of its neighbour: the order of a block is the order of events."""
    entries = _entries(raw)
    stamps = [instant(entry.timestamp) for entry in entries]
    at = next((stamp for stamp in stamps if stamp is not None), _EPOCH)
    lines = []
    for entry, stamp in zip(entries, stamps, strict=True):
        at = stamp or at
        lines.append(LogLine(at, entry.level_name, entry.logger_name, entry.msg))
    return tuple(lines)


def _entries(raw: bytes) -> list[Entry]:
    if not raw:
        return []
    try:
        return read_or_null(raw, list[Entry]) or []
    except UpstreamNotHummingbot:
        return list(_readable(raw))


def _readable(raw: bytes) -> Iterable[Entry]:
    """Entry by entry, leaving out those that are none."""
    try:
        parts = read(raw, list[msgspec.Raw])
    except UpstreamNotHummingbot:
        return
    for part in parts:
        try:
            yield read(bytes(part), Entry)
        except UpstreamNotHummingbot:
            continue
