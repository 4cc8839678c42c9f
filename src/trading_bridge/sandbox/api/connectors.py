"""/connectors: names, credential fields, trading rules, order types."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from starlette.requests import Request

from trading_bridge.sandbox.api.wire import HttpError, InternalError, route, world_of
from trading_bridge.sandbox.connectors import CONNECTORS
from trading_bridge.sandbox.exchange import Market

# What a connector says about limits that its exchange does not name.
_LARGEST, _SMALLEST = Decimal("1e56"), Decimal("1e-56")


async def _list(_request: Request) -> list[str]:
    return list(CONNECTORS)


async def _config_map(request: Request) -> dict[str, Any]:
    spec = CONNECTORS.get(request.path_params["connector_name"])
    if spec is None:
        raise InternalError
    return {field: {"type": "SecretStr", "required": True} for field in spec.fields}


async def _trading_rules(request: Request) -> dict[str, Any]:
    name = request.path_params["connector_name"]
    if name not in CONNECTORS:
        text = f"Connector '{name}' not found or error: No connector available for {name}"
        raise HttpError(404, text)
    markets = world_of(request).exchange.markets
    wanted = request.query_params.getlist("trading_pairs") or list(markets)
    return {
        pair: _rules(markets[pair]) if pair in markets else {"error": f"Trading pair {pair} not found"}
        for pair in wanted
    }


def _rules(market: Market) -> dict[str, Any]:
    return {
        "min_order_size": float(market.min_base),
        "max_order_size": float(_LARGEST),
        "min_price_increment": float(market.tick),
        "min_base_amount_increment": float(market.lot),
        "min_quote_amount_increment": float(_SMALLEST),
        "min_notional_size": float(market.min_quote),
        "min_order_value": 0.0,
        "max_price_significant_digits": float(_LARGEST),
        "supports_limit_orders": True,
        "supports_market_orders": True,
        "buy_order_collateral_token": market.quote,
        "sell_order_collateral_token": market.base,
    }


async def _order_types(request: Request) -> dict[str, Any]:
    name = request.path_params["connector_name"]
    spec = CONNECTORS.get(name)
    if spec is None:
        raise HttpError(404, f"Connector '{name}' not found: '{name}'")
    return {"connector": name, "supported_order_types": list(spec.order_types)}


ROUTES = [
    route("GET", "/connectors/", _list),
    route("GET", "/connectors/{connector_name}/config-map", _config_map),
    route("GET", "/connectors/{connector_name}/trading-rules", _trading_rules),
    route("GET", "/connectors/{connector_name}/order-types", _order_types),
]
