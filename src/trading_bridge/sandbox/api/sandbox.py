"""/sandbox: what only a sandbox has: fault knobs, and the exchange's truth for judges in tests."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from trading_bridge.sandbox.api.wire import HttpError, model_body, route, world_of
from trading_bridge.sandbox.exchange import Order, Rejected, Trade
from trading_bridge.sandbox.faults import FaultRule, Faults, FaultSettings


def _faults(request: Request) -> Faults:
    faults: Faults = request.app.state.faults
    return faults


async def _get_faults(request: Request) -> dict[str, Any]:
    return _faults(request).current()


async def _put_faults(request: Request) -> dict[str, Any]:
    settings = await model_body(request, FaultSettings)
    unknown = [pair for pair in settings.books if pair not in world_of(request).exchange.markets]
    if unknown:
        raise HttpError(400, f"no market {unknown[0]}")
    _faults(request).apply(settings)
    return _faults(request).current()


async def _add_rule(request: Request) -> dict[str, Any]:
    rule = await model_body(request, FaultRule)
    rules = [FaultRule(**row) for row in _faults(request).current()["rules"]]
    _faults(request).apply(FaultSettings(rules=[*rules, rule]))
    return _faults(request).current()


async def _delete_faults(request: Request) -> dict[str, Any]:
    _faults(request).clear()
    return _faults(request).current()


async def _crash(request: Request) -> dict[str, Any]:
    name = request.path_params["name"]
    if not world_of(request).crash(name):
        raise HttpError(404, f"no running container {name}")
    return {"crashed": name}


async def _log(request: Request) -> dict[str, Any]:
    world, name = world_of(request), request.path_params["name"]
    instance = world.instances.get(name) or world.archived.get(name)
    if instance is None:
        raise HttpError(404, f"no instance {name}")
    container = world.docker.find(name)
    exit_code = None if container is None else container.exit_code
    return {"name": name, "exit_code": exit_code, "lines": list(instance.log_file)}


async def _accounts(request: Request) -> list[str]:
    return sorted({key.owner for key in world_of(request).exchange.keys})


async def _orders(request: Request) -> list[dict[str, Any]]:
    world = world_of(request)
    orders = world.exchange.open_orders(request.path_params["owner"], request.query_params.get("pair"))
    return [_order_row(order) for order in orders]


async def _trades(request: Request) -> list[dict[str, Any]]:
    world = world_of(request)
    trades = world.exchange.trades(request.path_params["owner"], request.query_params.get("pair"))
    return [_trade_row(trade) for trade in trades]


async def _balances(request: Request) -> dict[str, dict[str, str]]:
    try:
        found = world_of(request).exchange.balances(request.path_params["owner"])
    except Rejected as error:
        raise HttpError(404, error.message) from error
    return {token: {"total": str(b.total), "available": str(b.available)} for token, b in found.items()}


async def _clock(request: Request) -> dict[str, Any]:
    world = world_of(request)
    clock = world.clock
    return {
        "now": clock.now().isoformat(),
        "elapsed": clock.elapsed,
        "speed": clock.speed,
        "frozen": world.frozen,
    }


def _order_row(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "client_id": order.client_id,
        "pair": order.pair,
        "side": order.side.value,
        "type": order.type,
        "price": None if order.price is None else str(order.price),
        "amount": str(order.amount),
        "filled": str(order.filled),
        "created_at": order.created_at.isoformat(),
    }


def _trade_row(trade: Trade) -> dict[str, Any]:
    return {
        "id": trade.id,
        "order_id": trade.order_id,
        "client_order_id": trade.client_order_id,
        "pair": trade.pair,
        "side": trade.side.value,
        "price": str(trade.price),
        "amount": str(trade.amount),
        "fee": str(trade.fee),
        "fee_token": trade.fee_token,
        "maker": trade.maker,
        "at": trade.at.isoformat(),
    }


ROUTES = [
    route("GET", "/sandbox/clock", _clock),
    route("GET", "/sandbox/faults", _get_faults),
    route("PUT", "/sandbox/faults", _put_faults),
    route("DELETE", "/sandbox/faults", _delete_faults),
    route("POST", "/sandbox/faults/rules", _add_rule, status=201),
    route("POST", "/sandbox/containers/{name}/crash", _crash),
    route("GET", "/sandbox/containers/{name}/log", _log),
    route("GET", "/sandbox/exchange/accounts", _accounts),
    route("GET", "/sandbox/exchange/accounts/{owner}/orders", _orders),
    route("GET", "/sandbox/exchange/accounts/{owner}/trades", _trades),
    route("GET", "/sandbox/exchange/accounts/{owner}/balances", _balances),
]
