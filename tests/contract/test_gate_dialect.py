"""The Gate dialect, judged by an ordinary client: ccxt's `gate` with nothing but its URLs changed."""

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import aiohttp
import ccxt
import ccxt.async_support
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tests.support.asgi_server import served
from tests.support.exchange import PAIR
from trading_bridge.sandbox.dialects import Faults, gate_routes
from trading_bridge.sandbox.exchange import ApiKey, Exchange, Side

D = Decimal
SYMBOL = "SHARP/USDT"
OWNER = "bot"


def wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass
class Venue:
    """A served exchange and ccxt clients for it."""

    exchange: Exchange
    url: str
    clients: list[Any]

    def client(self, key: str = "trader", secret: str = "trader-secret", skew_s: int = 0) -> Any:
        """A ccxt client whose clock is `skew_s` ahead."""
        client = ccxt.async_support.gate(
            {
                "apiKey": key,
                "secret": secret,
                "enableRateLimit": False,
                "options": {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}},
            }
        )
        for access in ("public", "private"):
            for area in client.urls["api"][access]:
                client.urls["api"][access][area] = f"{self.url}/api/v4"
        client.nonce = lambda: client.milliseconds() + skew_s * 1000
        self.clients.append(client)
        return client


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    exchange = Exchange(seed=4, now=wall_clock)
    exchange.open_account(OWNER, {"SHARP": D(200_000), "USDT": D(10_000)})
    for name, can_trade, ips in (("trader", True, ()), ("reader", False, ()), ("remote", True, ("203.0.113.9",))):
        exchange.keys.add(ApiKey(name, f"{name}-secret", "", OWNER, can_trade, False, ips))
    exchange.advance(30)
    app = Starlette(routes=gate_routes(exchange, wall_clock))
    async with served(app) as url:
        venue = Venue(exchange, url, [])
        yield venue
        for client in venue.clients:
            await client.close()


async def test_time_markets_and_currencies(venue: Venue) -> None:
    client = venue.client()
    assert abs(await client.fetch_time() - time.time() * 1000) < 5000
    markets = await client.load_markets()
    assert set(markets) == {"SHARP/USDT", "BTC/USDT", "ETH/USDT", "SOL/USDT"}
    market = markets[SYMBOL]
    assert market["active"] is True
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.000001, 1)
    assert (market["limits"]["amount"]["min"], market["limits"]["cost"]["min"]) == (1, 3)
    assert (market["maker"], market["taker"]) == (0.001, 0.001)
    assert "SHARP" in client.currencies


async def test_ticker_book_trades_and_candles_agree_with_the_engine(venue: Venue) -> None:
    client, exchange = venue.client(), venue.exchange
    ticker = await client.fetch_ticker(SYMBOL)
    book = exchange.book(PAIR)
    assert D(str(ticker["bid"])) == book.bids[0][0]
    assert D(str(ticker["ask"])) == book.asks[0][0]
    assert D(str(ticker["last"])) == exchange.tape(PAIR).last
    assert ticker["baseVolume"] > 0
    assert set(await client.fetch_tickers()) == set(client.markets)

    seen = await client.fetch_order_book(SYMBOL, 5)
    for side, levels in (("bids", book.bids), ("asks", book.asks)):
        assert [(D(str(p)), D(str(a))) for p, a in seen[side]] == levels[:5]

    trades = await client.fetch_trades(SYMBOL, limit=10)
    assert [t["id"] for t in trades] == [t.id for t in exchange.tape(PAIR).trades(10)]
    candles = await client.fetch_ohlcv(SYMBOL, "1m")
    assert D(str(candles[-1][4])) == exchange.tape(PAIR).last


async def test_balance_orders_cancel_and_own_trades(venue: Venue) -> None:
    client, exchange = venue.client(), venue.exchange
    order = await client.create_order(
        SYMBOL, "limit", "buy", 1600, 0.0451, {"clientOrderId": "t-bridge.1", "account": "spot"}
    )
    engine_order = exchange.order(OWNER, order["id"])
    assert engine_order is not None
    assert (engine_order.price, engine_order.amount, engine_order.client_id) == (
        D("0.0451"),
        D(1600),
        "t-bridge.1",
    )
    assert (order["status"], order["clientOrderId"], order["filled"]) == ("open", "t-bridge.1", 0)

    balance = await client.fetch_balance()
    held = exchange.balances(OWNER)["USDT"]
    assert D(str(balance["USDT"]["total"])) == held.total
    assert D(str(balance["USDT"]["free"])) == held.available
    assert D(str(balance["USDT"]["used"])) == D(1600) * D("0.0451") * D("1.001")

    assert [o["id"] for o in await client.fetch_open_orders(SYMBOL)] == [order["id"]]
    assert [o["id"] for o in await client.fetch_open_orders()] == [order["id"]]
    assert (await client.fetch_order(order["id"], SYMBOL))["amount"] == 1600

    cancelled = await client.cancel_order(order["id"], SYMBOL)
    assert cancelled["status"] == "canceled"
    assert engine_order.status == "cancelled"
    assert await client.fetch_open_orders(SYMBOL) == []
    assert [o["id"] for o in await client.fetch_closed_orders(SYMBOL)] == [order["id"]]

    ask = exchange.book(PAIR).asks[0][0]
    taken = await client.create_order(SYMBOL, "limit", "buy", 100, float(ask))
    assert taken["status"] == "closed"
    (trade,) = await client.fetch_my_trades(SYMBOL)
    (engine_trade,) = exchange.trades(OWNER)
    assert (trade["id"], trade["order"], trade["side"]) == (engine_trade.id, taken["id"], "buy")
    assert (D(str(trade["price"])), D(str(trade["amount"]))) == (engine_trade.price, D(100))
    assert (D(str(trade["fee"]["cost"])), trade["fee"]["currency"]) == (engine_trade.fee, "USDT")
    assert trade["takerOrMaker"] == "taker"
    assert abs(trade["timestamp"] - engine_trade.at.timestamp() * 1000) < 1
    assert await client.fetch_my_trades("BTC/USDT") == []
    assert len(await client.fetch_order_trades(taken["id"], SYMBOL)) == 1
    assert (await client.fetch_trading_fee(SYMBOL))["maker"] == 0.001


async def test_market_orders_post_only_ioc_and_fok(venue: Venue) -> None:
    client, exchange = venue.client(), venue.exchange
    bought = await client.create_market_buy_order_with_cost(SYMBOL, 20)
    (trade,) = exchange.trades(OWNER)
    assert D(19) < trade.price * trade.amount <= D(20)
    assert bought["status"] == "closed"
    sold = await client.create_order(SYMBOL, "market", "sell", 100)
    assert (sold["status"], sold["filled"]) == ("closed", 100)

    ask, size = exchange.book(PAIR).asks[0]
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        await client.create_order(SYMBOL, "limit", "buy", 100, float(ask), {"postOnly": True})
    everything = float(size) + 1
    ioc = await client.create_order(SYMBOL, "limit", "buy", everything, float(ask), {"timeInForce": "IOC"})
    assert (ioc["status"], D(str(ioc["filled"]))) == ("canceled", size)
    price, beyond = float(exchange.book(PAIR).asks[0][0]), float(exchange.book(PAIR).asks[0][1]) + 1
    with pytest.raises(ccxt.ExchangeError, match="FOK_NOT_FILL"):
        await client.create_order(SYMBOL, "limit", "buy", beyond, price, {"timeInForce": "FOK"})
    assert exchange.open_orders(OWNER) == []


async def test_cancel_all(venue: Venue) -> None:
    client, exchange = venue.client(), venue.exchange
    for price in (0.041, 0.042):
        await client.create_order(SYMBOL, "limit", "buy", 1000, price)
    await client.create_order("SOL/USDT", "limit", "buy", 1, 100)
    assert len(await client.cancel_all_orders(SYMBOL)) == 2
    assert [order.pair for order in exchange.open_orders(OWNER)] == ["SOL-USDT"]
    await client.cancel_all_orders()
    assert exchange.open_orders(OWNER) == []


async def test_a_wrong_order_gets_gates_label_and_ccxts_exception(venue: Venue) -> None:
    client, exchange = venue.client(), venue.exchange
    await client.load_markets()
    with pytest.raises(ccxt.InsufficientFunds, match="BALANCE_NOT_ENOUGH"):
        await client.create_order(SYMBOL, "limit", "buy", 10_000_000, 0.05)
    with pytest.raises(ccxt.BadRequest, match=r"too small\. The minimum is 3 USDT"):
        await client.create_order(SYMBOL, "limit", "buy", 10, 0.05)
    with pytest.raises(ccxt.InvalidOrder, match="INVALID_PRECISION"):
        await client.private_spot_post_orders(
            {"currency_pair": "SHARP_USDT", "side": "buy", "amount": "100", "price": "0.05000001"}
        )
    with pytest.raises(ccxt.BadSymbol, match="INVALID_CURRENCY_PAIR"):
        await client.public_spot_get_tickers({"currency_pair": "NOPE_USDT"})
    with pytest.raises(ccxt.OrderNotFound):
        await client.cancel_order("123", SYMBOL)
    with pytest.raises(ccxt.ArgumentsRequired):
        await client.private_spot_get_orders_order_id({"order_id": "123"})
    order = await client.create_order(SYMBOL, "limit", "buy", 1000, 0.04)
    await client.cancel_order(order["id"], SYMBOL)
    with pytest.raises(ccxt.InvalidOrder, match="ORDER_CANCELLED"):
        await client.cancel_order(order["id"], SYMBOL)
    exchange.refuse[OWNER] = "risk control"
    with pytest.raises(ccxt.PermissionDenied, match="risk control"):
        await client.create_order(SYMBOL, "limit", "buy", 1000, 0.04)


@pytest.mark.parametrize(
    ("credentials", "error", "label"),
    [
        ({"key": "nobody"}, ccxt.AuthenticationError, "INVALID_KEY"),
        ({"secret": "wrong"}, ccxt.AuthenticationError, "INVALID_SIGNATURE"),
        ({"skew_s": 90}, ccxt.AuthenticationError, "REQUEST_EXPIRED"),
        ({"skew_s": -90}, ccxt.AuthenticationError, "REQUEST_EXPIRED"),
        (
            {"key": "remote", "secret": "remote-secret"},
            ccxt.PermissionDenied,
            "Request IP not in whitelist: 127.0.0.1",
        ),
    ],
)
async def test_a_caller_who_may_not_pass(
    venue: Venue, credentials: dict[str, Any], error: type[Exception], label: str
) -> None:
    client = venue.client(**credentials)
    with pytest.raises(error, match=label) as raised:
        await client.fetch_balance()
    assert type(raised.value) is error
    assert await client.fetch_ticker(SYMBOL)


async def test_a_skew_of_half_a_minute_is_let_in(venue: Venue) -> None:
    assert (await venue.client(skew_s=-30).fetch_balance())["USDT"]["total"] == 10_000


async def test_a_read_only_key_reads_and_does_not_write(venue: Venue) -> None:
    client = venue.client("reader", "reader-secret")
    assert (await client.fetch_balance())["SHARP"]["free"] == 200_000
    standing = venue.exchange.place(OWNER, PAIR, Side.BUY, D(1000), D("0.04"))
    with pytest.raises(ccxt.PermissionDenied, match="READ_ONLY"):
        await client.create_order(SYMBOL, "limit", "buy", 1000, 0.04)
    with pytest.raises(ccxt.PermissionDenied, match="READ_ONLY"):
        await client.cancel_order(standing.id, SYMBOL)
    assert venue.exchange.open_orders(OWNER) == [standing]
    rights = {
        item["key"]: {p["name"]: p["read_only"] for p in item["perms"]}["spot"]
        for item in await client.private_account_get_main_keys()
    }
    assert rights == {"trader": False, "reader": True, "remote": False}


async def test_account_detail_tells_whitelist_and_mode(venue: Venue) -> None:
    venue.exchange.keys.add(ApiKey("local", "local-secret", "", OWNER, True, False, ("127.0.0.1",)))
    detail = await venue.client("local", "local-secret").private_account_get_detail()
    assert detail["ip_whitelist"] == ["127.0.0.1"]
    assert int(detail["key"]["mode"]) == 1


async def test_statuses_bodies_and_signatures_of_the_bare_wire(venue: Venue) -> None:
    async with aiohttp.ClientSession() as session:

        async def ask(
            method: str, target: str, body: bytes = b"", sign: bool = True, **headers: str
        ) -> tuple[int, Any]:
            path, _, query = target.partition("?")
            timestamp = str(int(time.time()))
            digest = hashlib.sha512(body).hexdigest()
            payload = f"{method}\n/api/v4{path}\n{query}\n{digest}\n{timestamp}"
            signature = hmac.new(b"trader-secret", payload.encode(), hashlib.sha512).hexdigest()
            signed = {"KEY": "trader", "Timestamp": timestamp, "SIGN": signature} if sign else {}
            async with session.request(
                method, f"{venue.url}/api/v4{target}", data=body, headers={**signed, **headers}
            ) as answer:
                return answer.status, json.loads(await answer.read(), parse_float=D)

        assert await ask("GET", "/spot/accounts", sign=False) == (
            401,
            {"label": "MISSING_REQUIRED_HEADER", "message": "Missing required header: KEY"},
        )
        assert await ask("GET", "/spot/accounts", KEY="nobody") == (
            401,
            {"label": "INVALID_KEY", "message": "Invalid key provided"},
        )
        assert await ask("GET", "/spot/accounts", SIGN="00") == (
            401,
            {"label": "INVALID_SIGNATURE", "message": "Signature mismatch"},
        )
        assert await ask("GET", "/nothing/here", sign=False) == (
            404,
            {"label": "NOT_FOUND", "message": "Request URL not exists"},
        )
        status, refused = await ask("POST", "/spot/orders", b"[1]")
        assert (status, refused["label"]) == (400, "INVALID_REQUEST_BODY")
        order = b'{"currency_pair":"SHARP_USDT","side":"buy","amount":"1000","price":"0.04"}'
        status, placed = await ask("POST", "/spot/orders", order)
        assert (status, placed["status"], placed["left"], placed["text"]) == (201, "open", "1000", "apiv4")
        # The signature covers body and query: neither may be changed on the way.
        status, refused = await ask("DELETE", f"/spot/orders/{placed['id']}?currency_pair=SHARP_USDT", SIGN="a" * 128)
        assert (status, refused["label"]) == (401, "INVALID_SIGNATURE")
        status, listed = await ask("GET", "/spot/orders?currency_pair=SHARP_USDT&status=open")
        assert (status, [row["id"] for row in listed]) == (200, [placed["id"]])
        status, accounts = await ask("GET", "/spot/accounts?currency=USDT")
        assert (status, accounts[0]["locked"]) == (200, "40.04")


async def test_a_fault_hook_may_answer_instead_and_drop_answers() -> None:
    exchange = Exchange(seed=4, now=wall_clock)
    seen: list[str] = []

    async def faults(request: Request, answer: Any) -> Response:
        seen.append(request.url.path)
        if request.url.path.endswith("/spot/time"):
            return PlainTextResponse("upstream is down", 502)
        await answer()
        return PlainTextResponse("lost on the way", 504)

    hook: Faults = faults
    app = Starlette(routes=gate_routes(exchange, wall_clock, hook))
    async with served(app) as url, aiohttp.ClientSession() as session:
        for path, status in (("/spot/time", 502), ("/spot/tickers", 504)):
            async with session.get(f"{url}/api/v4{path}") as answer:
                assert answer.status == status
    assert seen == ["/api/v4/spot/time", "/api/v4/spot/tickers"]
