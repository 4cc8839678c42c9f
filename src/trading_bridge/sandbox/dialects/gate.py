"""Gate.io spot REST API v4 on the sandbox's exchange, signatures verified.

Sources: Gate's public API v4 description, what ccxt's `gate` reads, and observed.md section 6b.
Unlike the real one, fees of a buy too are charged in the quote token (the exchange's rule for everybody).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from trading_bridge.sandbox.dialects import gate_wire as wire
from trading_bridge.sandbox.dialects.gate_door import (
    GateDoor,
    GateError,
    find_market,
    invalid,
    missing,
    required_market,
    translated,
)
from trading_bridge.sandbox.dialects.gate_orders import GateOrders
from trading_bridge.sandbox.dialects.wire import (
    Access,
    Call,
    Faults,
    bounded,
    milliseconds,
    moment_of,
    parse_body,
    to_decimal,
)
from trading_bridge.sandbox.exchange import Exchange, Rejected

Handler = Callable[[Call], Any]

_CANDLE_SECONDS = {
    "1m": 60,
    "5m": 300,
    "15m": 900,
    "30m": 1800,
    "1h": 3600,
    "4h": 14_400,
    "8h": 28_800,
    "1d": 86_400,
}


def gate_routes(exchange: Exchange, now: Callable[[], datetime], faults: Faults | None = None) -> list[BaseRoute]:
    """Routes under `/api/v4`. `now` is the clock that callers' timestamps are held against (UTC)."""
    market_data = _MarketData(exchange, now)
    account = _Account(exchange, now)
    orders = GateOrders(exchange)
    table: list[tuple[str, str, Access, Handler]] = [
        ("GET", "/spot/time", "public", market_data.time),
        ("GET", "/spot/currencies", "public", market_data.currencies),
        ("GET", "/spot/currencies/{currency}", "public", market_data.currency),
        ("GET", "/spot/currency_pairs", "public", market_data.pairs),
        ("GET", "/spot/currency_pairs/{pair}", "public", market_data.pair),
        ("GET", "/margin/currency_pairs", "public", market_data.margin_pairs),
        ("GET", "/spot/tickers", "public", market_data.tickers),
        ("GET", "/spot/order_book", "public", market_data.order_book),
        ("GET", "/spot/trades", "public", market_data.trades),
        ("GET", "/spot/candlesticks", "public", market_data.candlesticks),
        ("GET", "/spot/accounts", "read", account.balances),
        ("GET", "/spot/my_trades", "read", account.trades),
        ("GET", "/account/detail", "read", account.detail),
        ("GET", "/account/main_keys", "read", account.keys),
        ("GET", "/wallet/fee", "read", account.fee),
        ("GET", "/spot/fee", "read", account.fee),
        ("GET", "/spot/open_orders", "read", orders.open),
        ("GET", "/spot/orders", "read", orders.listed),
        ("POST", "/spot/orders", "trade", orders.create),
        ("DELETE", "/spot/orders", "trade", orders.cancel_all),
        ("GET", "/spot/orders/{order_id}", "read", orders.one),
        ("DELETE", "/spot/orders/{order_id}", "trade", orders.cancel),
    ]
    desk = _Desk(GateDoor(exchange.keys, now), faults)
    routes: list[BaseRoute] = [
        Route(f"/api/v4{path}", desk.endpoint(access, handler), methods=[method])
        for method, path, access, handler in table
    ]
    every = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    routes.append(Route("/api/v4/{rest:path}", desk.endpoint("public", _not_found), methods=every))
    return routes


def _not_found(_call: Call) -> Any:
    raise GateError(404, "NOT_FOUND", "Request URL not exists")


class _Desk:
    """Takes a request to its handler and the answer back, in Gate's form."""

    def __init__(self, door: GateDoor, faults: Faults | None) -> None:
        self._door = door
        self._faults = faults

    def endpoint(self, access: Access, handler: Handler) -> Callable[[Request], Any]:
        """A Starlette endpoint."""

        async def endpoint(request: Request) -> Response:
            async def answer() -> Response:
                return self._answer(request, await request.body(), access, handler)

            return await (self._faults(request, answer) if self._faults else answer())

        return endpoint

    def _answer(self, request: Request, raw: bytes, access: Access, handler: Handler) -> Response:
        try:
            key = None if access == "public" else self._door.admit(request, raw, access)
            try:
                body = parse_body(raw)
            except ValueError:
                raise GateError(400, "INVALID_REQUEST_BODY", "Invalid request body") from None
            call = Call(query=request.query_params, path=request.path_params, body=body, key=key)
            return JSONResponse(handler(call), 201 if request.method == "POST" else 200)
        except GateError as error:
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

    def currencies(self, _call: Call) -> Any:
        return [wire.currency_row(currency) for currency in self._tokens()]

    def currency(self, call: Call) -> Any:
        if call.path["currency"] not in self._tokens():
            raise GateError(400, "INVALID_CURRENCY", f"Invalid currency {call.path['currency']}")
        return wire.currency_row(call.path["currency"])

    def pairs(self, _call: Call) -> Any:
        return [wire.market_row(market) for market in self._exchange.markets.values()]

    def pair(self, call: Call) -> Any:
        return wire.market_row(find_market(self._exchange, call.path["pair"]))

    def margin_pairs(self, _call: Call) -> Any:
        return []  # ccxt asks for these too when it loads the spot markets; nothing here trades on margin

    def tickers(self, call: Call) -> Any:
        name = call.query.get("currency_pair")
        markets = [find_market(self._exchange, name)] if name else list(self._exchange.markets.values())
        return [
            wire.ticker_row(m, self._exchange.book(m.pair, 1), self._exchange.tape(m.pair).day(self._now()))
            for m in markets
        ]

    def order_book(self, call: Call) -> Any:
        market = required_market(self._exchange, call)
        depth = bounded(call.query.get("limit"), 10, 1000)
        if depth is None:
            raise invalid("invalid argument: limit")
        with_id = call.query.get("with_id", "").lower() == "true"
        return wire.book_row(self._exchange.book(market.pair, depth), self._now(), with_id=with_id)

    def trades(self, call: Call) -> Any:
        market = required_market(self._exchange, call)
        limit = bounded(call.query.get("limit"), 100, 1000)
        if limit is None:
            raise invalid("invalid argument: limit")
        newest_first = reversed(self._exchange.tape(market.pair).trades(limit))
        return [wire.public_trade_row(market, trade) for trade in newest_first]

    def candlesticks(self, call: Call) -> Any:
        market = required_market(self._exchange, call)
        seconds = _CANDLE_SECONDS.get(call.query.get("interval") or "30m")
        limit = bounded(call.query.get("limit"), 100, 1000)
        if seconds is None or limit is None:
            raise invalid("invalid argument: interval" if seconds is None else "invalid argument: limit")
        start, end = (moment_of(to_decimal(call.query.get(name))) for name in ("from", "to"))
        candles = [
            candle
            for candle in self._exchange.tape(market.pair).candles(seconds)
            if (start is None or candle.opened_at >= start) and (end is None or candle.opened_at <= end)
        ]
        return [wire.candle_row(candle, seconds, self._now()) for candle in candles[-limit:]]

    def _tokens(self) -> list[str]:
        markets = self._exchange.markets.values()
        return sorted({token for market in markets for token in (market.base, market.quote)})


class _Account:
    """The caller's money, trades and key."""

    def __init__(self, exchange: Exchange, now: Callable[[], datetime]) -> None:
        self._exchange = exchange
        self._now = now

    def balances(self, call: Call) -> Any:
        wanted = call.query.get("currency")
        return [
            wire.account_row(currency, balance)
            for currency, balance in self._exchange.balances(call.owner).items()
            if not wanted or currency == wanted
        ]

    def trades(self, call: Call) -> Any:
        pair = call.query.get("currency_pair")
        market = find_market(self._exchange, pair) if pair else None
        order_id = call.query.get("order_id")
        if order_id and market is None:
            raise missing("currency_pair")
        limit, page = bounded(call.query.get("limit"), 100, 1000), bounded(call.query.get("page"), 1, 10**6)
        if limit is None or page is None:
            raise invalid("invalid argument: limit" if limit is None else "invalid argument: page")
        start, end = (moment_of(to_decimal(call.query.get(name))) for name in ("from", "to"))
        trades = self._exchange.trades(call.owner, market.pair if market else None, start)
        found = [
            trade
            for trade in reversed(trades)
            if (not order_id or trade.order_id == order_id) and (end is None or trade.at <= end)
        ]
        return [wire.trade_row(trade) for trade in found[(page - 1) * limit : page * limit]]

    def detail(self, call: Call) -> Any:
        return wire.detail_row(call.key) if call.key else None

    def keys(self, call: Call) -> Any:
        return [wire.key_row(key) for key in self._exchange.keys if key.owner == call.owner]

    def fee(self, call: Call) -> Any:
        pair = call.query.get("currency_pair")
        market = find_market(self._exchange, pair) if pair else next(iter(self._exchange.markets.values()))
        return wire.fee_row(market, call.owner)
