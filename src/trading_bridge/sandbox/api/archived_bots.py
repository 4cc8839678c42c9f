"""/archived-bots: the databases of archived bots; amounts there are cut to six decimals (hummingbot-api.md)."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request

from trading_bridge.sandbox.api.wire import HttpError, query, route, world_of
from trading_bridge.sandbox.instances import Fill, Instance

_STEP = Decimal("0.000001")


class _Page(BaseModel):
    limit: int = 100
    offset: int = 0


def database_path(name: str) -> str:
    """Where the real server keeps an archived bot's database."""
    return f"bots/archived/{name}/data/{name}.sqlite"


def _instance(request: Request) -> Instance:
    path = request.path_params["db_path"]
    for name, instance in world_of(request).archived.items():
        if path == database_path(name):
            return instance
    raise HttpError(404, f"Database file '{path}' not found")


def _cut(number: str | Decimal) -> Decimal:
    return Decimal(number).quantize(_STEP, ROUND_DOWN)


def _fee_in_quote(fill: Fill) -> Decimal:
    fee = Decimal(fill.fee)
    return _cut(fee if fill.fee_token == fill.pair.split("-")[1] else fee * Decimal(fill.price))


def _trade_rows(instance: Instance) -> list[dict[str, Any]]:
    rows, fees = [], Decimal(0)
    for index, fill in enumerate(instance.fills):
        base, quote = fill.pair.split("-")
        fee = _fee_in_quote(fill)
        fees += fee
        rows.append(
            {
                "config_file_path": instance.script_config,
                "strategy": "v2_with_controllers",
                "connector_name": fill.connector,
                "trading_pair": fill.pair,
                "base_asset": base,
                "quote_asset": quote,
                "timestamp": fill.at_ms,
                "order_id": fill.order_id,
                "trade_type": fill.side,
                "order_type": "LIMIT",
                "price": float(_cut(fill.price)),
                "amount": float(_cut(fill.amount)),
                "leverage": 1,
                # The first row's difference does not exist, and reads 0 (measured).
                "trade_fee": float(fee) if index else 0.0,
                "trade_fee_in_quote": float(fee),
                "exchange_trade_id": fill.trade_id,
                "position": "NIL",
                "cum_fees_in_quote": float(fees),
            }
        )
    return rows


async def _list(request: Request) -> list[str]:
    return [database_path(name) for name in world_of(request).archived]


async def _summary(request: Request) -> dict[str, Any]:
    instance = _instance(request)
    return {
        "db_path": request.path_params["db_path"],
        "total_orders": instance.orders_created,
        "total_trades": len(instance.fills),
        "total_executors": sum(sum(ledger.endings.values()) for ledger in instance.ledgers.values()),
        "total_positions": sum(ledger.position is not None for ledger in instance.ledgers.values()),
        "total_controllers": len(instance.controllers),
        "trading_pairs": sorted({fill.pair for fill in instance.fills}),
        "exchanges": sorted({fill.connector for fill in instance.fills}),
    }


async def _status(request: Request) -> dict[str, Any]:
    instance, path = _instance(request), request.path_params["db_path"]
    tables = ("trade_fill", "orders", "order_status", "executors", "controllers", "positions")
    status = {
        "db_name": f"{instance.name}.sqlite",
        "db_path": path,
        **dict.fromkeys(tables, "Correct"),
        "general_status": True,
    }
    return {"db_path": path, "status": status, "healthy": True}


async def _trades(request: Request) -> dict[str, Any]:
    rows, page = _trade_rows(_instance(request)), query(request, _Page)
    return {
        "db_path": request.path_params["db_path"],
        "trades": rows[page.offset : page.offset + page.limit],
        "pagination": {
            "total": len(rows),
            "limit": page.limit,
            "offset": page.offset,
            "has_more": page.offset + page.limit < len(rows),
        },
    }


async def _delete(request: Request) -> dict[str, Any]:
    world, instance = world_of(request), _instance(request)
    world.forget_archived(instance.name)
    return {
        "message": f"Archived bot '{instance.name}' deleted successfully",
        "bot_name": instance.name,
        "bot_runs_deleted": world.orchestrator.runs.remove_bot(instance.name),
    }


ROUTES = [
    route("GET", "/archived-bots/", _list),
    route("GET", "/archived-bots/{db_path:path}/status", _status),
    route("GET", "/archived-bots/{db_path:path}/summary", _summary),
    route("GET", "/archived-bots/{db_path:path}/trades", _trades),
    route("DELETE", "/archived-bots/{db_path:path}", _delete),
]
