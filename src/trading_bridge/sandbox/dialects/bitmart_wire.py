"""The exchange in the words of BitMart's spot API: v1 symbols and wallets, v3 quotation, v4 queries."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from trading_bridge.sandbox.dialects.wire import fixed, milliseconds, plain
from trading_bridge.sandbox.exchange import Balance, Book, DayFigures, Market, Order, PublicTrade, Trade

_STATE = {"filled": "filled", "cancelled": "canceled", "partially_cancelled": "partially_canceled"}


def symbol(pair: str) -> str:
    """SHARP-USDT -> SHARP_USDT."""
    return pair.replace("-", "_")


def symbol_row(market: Market, number: int) -> dict[str, Any]:
    """An entry of /spot/v1/symbols/details. `quote_increment` is, name or not, the step of the amount."""
    return {
        "symbol": symbol(market.pair),
        "symbol_id": number,
        "base_currency": market.base,
        "quote_currency": market.quote,
        "quote_increment": plain(market.lot),
        "base_min_size": fixed(market.min_base, 30),
        "base_max_size": fixed(Decimal(10**12), 30),
        "price_min_precision": max(0, market.price_decimals - 2),
        "price_max_precision": market.price_decimals,
        "expiration": "NA",
        "min_buy_amount": fixed(market.min_quote, 30),
        "min_sell_amount": fixed(market.min_quote, 30),
        "trade_status": "trading",
    }


def currency_row(currency: str) -> dict[str, Any]:
    """An entry of /spot/v1/currencies: nothing can be moved in or out of a sandbox."""
    return {"id": currency, "name": currency, "withdraw_enabled": False, "deposit_enabled": False}


def account_currency_row(currency: str) -> dict[str, Any]:
    """An entry of /account/v1/currencies."""
    return {
        "currency": currency,
        "name": currency,
        "contract_address": None,
        "network": currency,
        "withdraw_enabled": False,
        "deposit_enabled": False,
        "withdraw_minsize": None,
        "withdraw_minfee": None,
        "withdraw_fee": None,
    }


def ticker_row(market: Market, book: Book, day: DayFigures, at: datetime) -> dict[str, str]:
    """/spot/quotation/v3/ticker; an empty side of the book has no price."""
    places, lots = market.price_decimals, market.amount_decimals
    change = day.last / day.open - 1 if day.open else Decimal(0)
    return {
        "symbol": symbol(market.pair),
        "last": fixed(day.last, places),
        "v_24h": fixed(day.base, lots),
        "qv_24h": fixed(day.quote, 2),
        "open_24h": fixed(day.open, places),
        "high_24h": fixed(day.high, places),
        "low_24h": fixed(day.low, places),
        "fluctuation": f"{change:.5f}",
        "bid_px": fixed(book.bids[0][0], places) if book.bids else "",
        "bid_sz": fixed(book.bids[0][1], lots) if book.bids else "",
        "ask_px": fixed(book.asks[0][0], places) if book.asks else "",
        "ask_sz": fixed(book.asks[0][1], lots) if book.asks else "",
        "ts": str(milliseconds(at)),
    }


def book_row(market: Market, book: Book, at: datetime) -> dict[str, Any]:
    """/spot/quotation/v3/books."""
    places, lots = market.price_decimals, market.amount_decimals
    return {
        "ts": str(milliseconds(at)),
        "symbol": symbol(market.pair),
        "asks": [[fixed(price, places), fixed(amount, lots)] for price, amount in book.asks],
        "bids": [[fixed(price, places), fixed(amount, lots)] for price, amount in book.bids],
    }


def public_trade_row(market: Market, trade: PublicTrade) -> list[str]:
    """An entry of /spot/quotation/v3/trades: symbol, time, price, size, the taker's side."""
    return [
        symbol(market.pair),
        str(milliseconds(trade.at)),
        fixed(trade.price, market.price_decimals),
        fixed(trade.amount, market.amount_decimals),
        trade.side.value.lower(),
    ]


def wallet_row(currency: str, balance: Balance, *, name: str) -> dict[str, Any]:
    """An entry of a wallet; `name` is the field that holds the currency: `id` (spot) or `currency`."""
    return {
        name: currency,
        "name": currency,
        "available": fixed(balance.available, 8),
        "frozen": fixed(balance.total - balance.available, 8),
        "total": fixed(balance.total, 8),
    }


def order_row(market: Market, order: Order) -> dict[str, Any]:
    """An order of the v4 queries."""
    places, lots = market.price_decimals, market.amount_decimals
    price = order.price if order.price is not None else Decimal(0)
    average = order.average_price if order.average_price is not None else Decimal(0)
    state = _STATE.get(order.status) or ("partially_filled" if order.filled else "new")
    return {
        "orderId": order.id,
        "clientOrderId": order.client_id or order.id,
        "symbol": symbol(order.pair),
        "side": order.side.value.lower(),
        "orderMode": "spot",
        "type": order.type,
        "state": state,
        "price": fixed(price, places),
        "priceAvg": fixed(average, places),
        "size": fixed(order.amount, lots),
        "filledSize": fixed(order.filled, lots),
        "notional": fixed(order.amount * price if order.price is not None else order.filled_quote, 8),
        "filledNotional": fixed(order.filled_quote, 8),
        "createTime": milliseconds(order.created_at),
        "updateTime": milliseconds(order.updated_at),
    }


def trade_row(market: Market, trade: Trade, order: Order | None) -> dict[str, Any]:
    """A trade of the v4 queries; `order` is its order, when the exchange still knows it."""
    return {
        "tradeId": trade.id,
        "orderId": trade.order_id,
        "clientOrderId": trade.client_order_id or trade.order_id,
        "symbol": symbol(trade.pair),
        "side": trade.side.value.lower(),
        "orderMode": "spot",
        "type": order.type if order is not None else "limit",
        "price": fixed(trade.price, market.price_decimals),
        "size": fixed(trade.amount, market.amount_decimals),
        "notional": fixed(trade.price * trade.amount, 8),
        "fee": fixed(trade.fee, 8),
        "feeCoinName": trade.fee_token,
        "tradeRole": "maker" if trade.maker else "taker",
        "createTime": milliseconds(trade.at),
        "updateTime": milliseconds(trade.at),
    }
