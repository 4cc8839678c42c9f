"""From what services tell to what REST says: exact decimals as strings, times as they are, unknown as null."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from trading_bridge.domain.accounts import Account
from trading_bridge.domain.fills import Fill
from trading_bridge.domain.operations import TimelineEvent
from trading_bridge.domain.venues import VenueNotice
from trading_bridge.domain.views import BotView, Figures, LogTail, Sample, ServerView, SystemView
from trading_bridge.web.exact_json import as_number

_REACHABLE = {"up": True, "down": False}


def exact(value: Decimal | None) -> str | None:
    """`Decimal("1E-7")` -> "0.0000001": every digit, no exponent."""
    return None if value is None else f"{value:f}"


def config(values: Any) -> dict[str, Any]:
    """Parameters kept as text, as the JSON numbers that were sent."""
    return {key: as_number(value) if isinstance(value, str) else value for key, value in values.items()}


def bot(view: BotView) -> dict[str, Any]:
    """BotAnswer."""
    found = view.bot
    return {
        "id": found.id,
        "name": found.name,
        "account": found.account,
        "connector": found.connector,
        "pair": str(found.pair),
        "strategy": found.strategy,
        "config": config(found.config),
        "desired": found.desired.value,
        "status": found.status.value,
        "status_reason": found.reason,
        "status_code": found.reason_code,
        "status_since": found.status_since,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "notices": [notice(item) for item in view.notices],
        "as_of": view.as_of,
        "stale": view.stale,
        "figures": figures(view.figures),
    }


def notice(found: VenueNotice) -> dict[str, Any]:
    """NoticeAnswer."""
    return {
        "connector": found.connector,
        "severity": found.severity,
        "title": found.title,
        "text": found.text,
        "announced": found.announced.isoformat(),
        "effective": found.effective.isoformat(),
        "source": found.source,
    }


def figures(found: Figures) -> dict[str, Any]:
    """FiguresAnswer."""
    position = found.position
    return {
        "mid": exact(found.mid),
        "mid_at": found.mid_at,
        "own_bid": exact(found.own_bid),
        "own_ask": exact(found.own_ask),
        "position": exact(position.amount),
        "realised": exact(position.realised),
        "unrealised": exact(found.unrealised),
        "fees": exact(position.fees),
        "net": exact(found.net),
        "pnl_today": exact(found.pnl_today),
        "volume": exact(position.volume),
        "volume_24h": exact(found.volume_24h),
        "fills": position.fills,
        "last_fill_at": position.last_fill_at,
    }


def performance(view: BotView) -> dict[str, Any]:
    """PerformanceAnswer."""
    position, reported = view.figures.position, view.figures.reported
    return {
        "bot_id": view.bot.id,
        "base_token": view.bot.pair.base,
        "quote_token": view.bot.pair.quote,
        **figures(view.figures),
        "average_cost": exact(position.average_cost),
        "buys": position.buys,
        "sells": position.sells,
        "fees_complete": position.fees_complete,
        "approximate": position.approximate,
        "reported": None
        if reported is None
        else {
            "realised": exact(reported.realised),
            "unrealised": exact(reported.unrealised),
            "volume": exact(reported.volume),
            "fees": exact(reported.fees),
        },
        "as_of": view.as_of,
        "stale": view.stale,
    }


def fills(found: Sequence[Fill], limit: int) -> dict[str, Any]:
    """FillListAnswer; `found` has one fill more than the page when there is a next page."""
    page = found[:limit]
    return {
        "fills": [
            {
                "trade_id": fill.trade_id,
                "side": fill.side.value,
                "price": exact(fill.price),
                "amount": exact(fill.amount),
                "quote_amount": exact(fill.quote_amount),
                "fee": exact(fill.fee),
                "fee_token": fill.fee_token,
                "at": fill.at,
                "source": fill.source.value,
                "approximate": fill.approximate,
            }
            for fill in page
        ],
        "next": page[-1].trade_id if len(found) > limit else None,
    }


def logs(tail: LogTail) -> dict[str, Any]:
    """LogAnswer."""
    lines = [
        {"at": line.at, "level": line.level, "logger": line.logger, "message": line.message} for line in tail.lines
    ]
    return {"lines": lines, "as_of": tail.as_of, "live": tail.live}


def timeline(events: Sequence[TimelineEvent]) -> dict[str, Any]:
    """TimelineAnswer."""
    return {
        "events": [
            {
                "id": event.id,
                "at": event.at,
                "kind": event.kind,
                "step": event.step,
                "state": event.state.value,
                "message": event.message,
                "actor": event.actor,
                "operation_id": event.operation_id,
            }
            for event in events
        ]
    }


def samples(found: Sequence[Sample]) -> dict[str, Any]:
    """SampleListAnswer."""
    return {
        "samples": [
            {
                "at": sample.at,
                "mid": exact(sample.mid),
                "own_bid": exact(sample.own_bid),
                "own_ask": exact(sample.own_ask),
                "net": exact(sample.net),
            }
            for sample in found
        ]
    }


def account(found: Account) -> dict[str, Any]:
    """AccountAnswer."""
    return {
        "name": found.name,
        "connectors": list(found.connectors),
        "present": found.present,
        "seen_at": found.seen_at,
        "created_at": found.created_at,
    }


def system(view: SystemView) -> dict[str, Any]:
    """StatusAnswer."""
    return {
        "version": view.version,
        "started_at": view.started_at,
        "now": view.now,
        "database": {"kind": view.database, "ok": view.database_ok},
        "servers": [_server(server) for server in view.servers],
    }


def _server(found: ServerView) -> dict[str, Any]:
    return {
        "id": found.id,
        "reachable": _REACHABLE.get(found.reach),
        "since": found.since,
        "as_of": found.as_of,
        "latency_ms": None if found.latency_ms is None else round(found.latency_ms, 1),
        "mqtt": found.mqtt,
        "mqtt_heard_at": found.mqtt_heard,
        "docker": found.docker,
        "version": found.version,
        "failure": found.failure,
        "failure_code": found.failure_code,
    }
