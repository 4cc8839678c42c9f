"""BitMart spot REST on the sandbox's exchange: what the exchange spoke until it ended trading on 2026-08-26.

Sources: BitMart's public API description, what ccxt's `bitmart` (up to 4.5.70) reads, and observed.md
section 1: KEYED routes look at `X-BM-KEY` alone, so a wrong secret or memo shows only on SIGNED ones.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trading_bridge.sandbox.dialects import bitmart_wire as wire
from trading_bridge.sandbox.dialects.bitmart_door import (
    BitmartDoor,
    BitmartError,
    Level,
    envelope,
    translated,
)
from trading_bridge.sandbox.dialects.bitmart_orders import BitmartOrders
from trading_bridge.sandbox.dialects.wire import Call, Faults, bounded, milliseconds, parse_body, plain
from trading_bridge.sandbox.exchange import Exchange, Market, Rejected

Handler = Callable[[Call], Any]


def bitmart_routes(exchange: Exchange, now: Callable[[], datetime], faults: Faults | None = None) -> list[BaseRoute]:
    """Routes under `/system`, `/spot` and `/account`. `now` is the clock for callers' timestamps (UTC)."""
    market_data = _MarketData(exchange, now)
    wallets = _Wallets(exchange)
    orders = BitmartOrders(exchange)
    table: list[tuple[str, str, Level, Handler]] = [
        ("GET", "/system/time", "NONE", market_data.time),
        ("GET", "/system/service", "NONE", market_data.service),
        ("GET", "/spot/v1/currencies", "NONE", market_data.currencies),
        ("GET", "/account/v1/currencies", "NONE", market_data.account_currencies),
        ("GET", "/spot/v1/symbols", "NONE", market_data.symbols),
        ("GET", "/spot/v1/symbols/details", "NONE", market_data.details),
        ("GET", "/spot/quotation/v3/ticker", "NONE", market_data.ticker),
        ("GET", "/spot/quotation/v3/tickers", "NONE", market_data.tickers),
        ("GET", "/spot/quotation/v3/books", "NONE", market_data.books),
        ("GET", "/spot/quotation/v3/trades", "NONE", market_data.trades),
        ("GET", "/contract/public/details", "NONE", market_data.contracts),
        ("GET", "/spot/v1/wallet", "KEYED", wallets.spot),
        ("GET", "/account/v1/wallet", "KEYED", wallets.account),
        ("GET", "/spot/v1/trade_fee", "KEYED", wallets.fee),
        ("POST", "/spot/v2/submit_order", "TRADE", orders.submit),
        ("POST", "/spot/v3/cancel_order", "TRADE", orders.cancel),
        ("POST", "/spot/v4/cancel_all", "TRADE", orders.cancel_all),
        ("POST", "/spot/v4/query/order", "SIGNED", orders.one),
        ("POST", "/spot/v4/query/client-order", "SIGNED", orders.one_of_client),
        ("POST", "/spot/v4/query/open-orders", "SIGNED", orders.open),
        ("POST", "/spot/v4/query/history-orders", "SIGNED", orders.history),
        ("POST", "/spot/v4/query/trades", "SIGNED", orders.trades),
        ("POST", "/spot/v4/query/order-trades", "SIGNED", orders.order_trades),
    ]
    desk = _Desk(BitmartDoor(exchange.keys, now), faults)
    routes: list[BaseRoute] = [
        Route(path, desk.endpoint(level, handler), methods=[method]) for method, path, level, handler in table
    ]
    return routes


class _Desk:
    """Takes a request to its handler and the answer back, in BitMart's envelope."""

    def __init__(self, door: BitmartDoor, faults: Faults | None) -> None:
        self._door = door
        self._faults = faults

    def endpoint(self, level: Level, handler: Handler) -> Callable[[Request], Any]:
        """A Starlette endpoint."""

        async def endpoint(request: Request) -> Response:
            async def answer() -> Response:
                return self._answer(request, await request.body(), level, handler)

            return await (self._faults(request, answer) if self._faults else answer())

        return endpoint

    def _answer(self, request: Request, raw: bytes, level: Level, handler: Handler) -> Response:
        try:
            key = self._door.admit(request, raw, level)
            try:
                body = parse_body(raw) if request.method == "POST" else {}
            except ValueError:
                raise BitmartError(503, 30018, "Request Body requires JSON format") from None
            return envelope(handler(Call(query=request.query_params, body=body, key=key)))
        except BitmartError as error:
            return error.response()
        except Rejected as rejected:
            return translated(rejected).response()


class _MarketData:
    """What anybody may ask."""

    def __init__(self, exchange: Exchange, now: Callable[[], datetime]) -> None:
        self._exchange = exchange
        self._now = now

    def time(self, _call: Call) -> Any:
        return {"server_time": milliseconds(self._now())}

    def service(self, _call: Call) -> Any:
        return {"service": [{"title": "Spot API", "service_type": "spot", "status": 2, "start_time": 0, "end_time": 0}]}

    def currencies(self, _call: Call) -> Any:
        return {"currencies": [wire.currency_row(token) for token in self._tokens()]}

    def account_currencies(self, _call: Call) -> Any:
        return {"currencies": [wire.account_currency_row(token) for token in self._tokens()]}

    def symbols(self, _call: Call) -> Any:
        return {"symbols": [wire.symbol(pair) for pair in self._exchange.markets]}

    def details(self, _call: Call) -> Any:
        markets = self._exchange.markets.values()
        return {"symbols": [wire.symbol_row(market, number) for number, market in enumerate(markets, 1)]}

    def contracts(self, _call: Call) -> Any:
        return {"symbols": []}  # ccxt asks for these too when it loads markets; there are none here

    def ticker(self, call: Call) -> Any:
        return self._ticker(self._market(call))

    def tickers(self, _call: Call) -> Any:
        return [list(self._ticker(market).values()) for market in self._exchange.markets.values()]

    def books(self, call: Call) -> Any:
        market = self._market(call)
        depth = bounded(call.query.get("limit"), 35, 50)
        if depth is None:
            raise BitmartError(400, 50015, "Minimum limit is 1")
        return wire.book_row(market, self._exchange.book(market.pair, depth), self._now())

    def trades(self, call: Call) -> Any:
        market = self._market(call)
        limit = bounded(call.query.get("limit"), 50, 50)
        if limit is None:
            raise BitmartError(400, 50015, "Minimum limit is 1")
        newest_first = reversed(self._exchange.tape(market.pair).trades(limit))
        return [wire.public_trade_row(market, trade) for trade in newest_first]

    def _ticker(self, market: Market) -> dict[str, str]:
        now = self._now()
        day = self._exchange.tape(market.pair).day(now)
        return wire.ticker_row(market, self._exchange.book(market.pair, 1), day, now)

    def _market(self, call: Call) -> Market:
        return _find_market(self._exchange, call)

    def _tokens(self) -> list[str]:
        markets = self._exchange.markets.values()
        return sorted({token for market in markets for token in (market.base, market.quote)})


class _Wallets:
    """The caller's money. KEYED: nobody looks at the signature (measured: observed.md section 1)."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def spot(self, call: Call) -> Any:
        return {"wallet": self._rows(call, "id")}

    def account(self, call: Call) -> Any:
        return {"wallet": self._rows(call, "currency")}

    def fee(self, call: Call) -> Any:
        market = _find_market(self._exchange, call)
        return {
            "symbol": wire.symbol(market.pair),
            "taker_fee_rate": plain(market.taker_fee),
            "maker_fee_rate": plain(market.maker_fee),
            "buy_taker_fee_rate": plain(market.taker_fee),
            "sell_taker_fee_rate": plain(market.taker_fee),
            "buy_maker_fee_rate": plain(market.maker_fee),
            "sell_maker_fee_rate": plain(market.maker_fee),
        }

    def _rows(self, call: Call, name: str) -> list[dict[str, Any]]:
        wanted = call.query.get("currency")
        balances = self._exchange.balances(call.owner)
        return [
            wire.wallet_row(token, balance, name=name)
            for token, balance in balances.items()
            if not wanted or token == wanted
        ]


def _find_market(exchange: Exchange, call: Call) -> Market:
    name = call.query.get("symbol", "")
    if not name:
        raise BitmartError(200, 70001, "request param can not be null")
    market = exchange.markets.get(name.replace("_", "-"))
    if market is None or "_" not in name:
        raise BitmartError(200, 70002, "symbol is invalid")
    return market
