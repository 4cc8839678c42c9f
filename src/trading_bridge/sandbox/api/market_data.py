"""/market-data: last prices and order books."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request

from trading_bridge.sandbox.api.wire import HttpError, model_body, route, world_of
from trading_bridge.sandbox.connectors import CONNECTORS


class _Prices(BaseModel):
    connector_name: str
    trading_pairs: list[str]


class _Book(BaseModel):
    connector_name: str
    trading_pair: str
    depth: int = Field(default=10, ge=1, le=1000)


class _PriceForVolume(BaseModel):
    connector_name: str
    trading_pair: str
    is_buy: bool
    volume: float


def _check(request: Request, connector: str, pairs: list[str]) -> None:
    if connector not in CONNECTORS:
        raise HttpError(500, f"Error fetching data: '{connector}'")
    for pair in pairs:
        if pair not in world_of(request).exchange.markets:
            raise HttpError(500, f"Error fetching data: no market {pair}")


async def _prices(request: Request) -> dict[str, Any]:
    body = await model_body(request, _Prices)
    _check(request, body.connector_name, body.trading_pairs)
    world = world_of(request)
    return {
        "connector": body.connector_name,
        "prices": {pair: float(world.exchange.tape(pair).last) for pair in body.trading_pairs},
        "timestamp": world.clock.timestamp(),
    }


async def _order_book(request: Request) -> dict[str, Any]:
    body = await model_body(request, _Book)
    _check(request, body.connector_name, [body.trading_pair])
    world = world_of(request)
    book = world.exchange.book(body.trading_pair, body.depth)
    return {
        "trading_pair": body.trading_pair,
        "bids": [{"price": float(price), "amount": float(amount)} for price, amount in book.bids],
        "asks": [{"price": float(price), "amount": float(amount)} for price, amount in book.asks],
        "timestamp": world.clock.timestamp(),
    }


async def _price_for_volume(request: Request) -> dict[str, Any]:
    body = await model_body(request, _PriceForVolume)
    _check(request, body.connector_name, [body.trading_pair])
    world = world_of(request)
    book = world.exchange.book(body.trading_pair, 1000)
    wanted, reached, price = Decimal(str(body.volume)), Decimal(0), None
    for price, amount in book.asks if body.is_buy else book.bids:  # noqa: B007  (the last price is the result)
        reached += amount
        if reached >= wanted:
            break
    return {
        "trading_pair": body.trading_pair,
        "is_buy": body.is_buy,
        "query_volume": body.volume,
        "query_price": None,
        "result_price": None if price is None else float(price),
        "result_volume": float(min(reached, wanted)),
        "result_quote_volume": None,
        "average_price": None,
        "timestamp": world.clock.timestamp(),
    }


ROUTES = [
    route("POST", "/market-data/prices", _prices),
    route("POST", "/market-data/order-book", _order_book),
    route("POST", "/market-data/order-book/price-for-volume", _price_for_volume),
]
