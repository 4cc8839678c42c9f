"""The exchange's nouns as Gate.io's spot API v4 writes them: strings for numbers, `BASE_QUOTE` for pairs."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zlib import crc32

from trading_bridge.sandbox.dialects.wire import microseconds, milliseconds, plain
from trading_bridge.sandbox.exchange import (
    ApiKey,
    Balance,
    Book,
    Candle,
    DayFigures,
    Market,
    Order,
    PublicTrade,
    Side,
    Trade,
)

_STATUS = {"open": "open", "filled": "closed", "cancelled": "cancelled", "partially_cancelled": "cancelled"}
_FINISH = {"open": "open", "filled": "filled", "cancelled": "cancelled", "partially_cancelled": "cancelled"}
_TIME_IN_FORCE = {"limit": "gtc", "market": "ioc", "limit_maker": "poc"}


def pair_id(pair: str) -> str:
    """SHARP-USDT -> SHARP_USDT."""
    return pair.replace("-", "_")


def user_id(owner: str) -> int:
    """A stable number for an account name."""
    return 10_000_000 + crc32(owner.encode()) % 80_000_000


def market_row(market: Market) -> dict[str, Any]:
    """An entry of /spot/currency_pairs; `fee` is in per cent."""
    return {
        "id": pair_id(market.pair),
        "base": market.base,
        "base_name": market.base,
        "quote": market.quote,
        "quote_name": market.quote,
        "fee": plain(market.taker_fee * 100),
        "maker_fee_rate": plain(market.maker_fee * 100),
        "min_base_amount": plain(market.min_base),
        "min_quote_amount": plain(market.min_quote),
        "max_quote_amount": "5000000",
        "amount_precision": market.amount_decimals,
        "precision": market.price_decimals,
        "trade_status": "tradable",
        "sell_start": 0,
        "buy_start": 0,
        "type": "normal",
    }


def currency_row(currency: str) -> dict[str, Any]:
    """An entry of /spot/currencies: nothing can be moved in or out of a sandbox."""
    return {
        "currency": currency,
        "name": currency,
        "delisted": False,
        "withdraw_disabled": True,
        "withdraw_delayed": False,
        "deposit_disabled": True,
        "trade_disabled": False,
        "fixed_rate": "",
        "chain": currency,
        "chains": [],
    }


def ticker_row(market: Market, book: Book, day: DayFigures) -> dict[str, Any]:
    """An entry of /spot/tickers; an empty side of the book has no price."""
    change = (day.last / day.open - 1) * 100 if day.open else Decimal(0)
    return {
        "currency_pair": pair_id(market.pair),
        "last": plain(day.last),
        "lowest_ask": plain(book.asks[0][0]) if book.asks else "",
        "lowest_size": plain(book.asks[0][1]) if book.asks else "",
        "highest_bid": plain(book.bids[0][0]) if book.bids else "",
        "highest_size": plain(book.bids[0][1]) if book.bids else "",
        "change_percentage": f"{change:.2f}",
        "base_volume": plain(day.base),
        "quote_volume": plain(day.quote),
        "high_24h": plain(day.high),
        "low_24h": plain(day.low),
    }


def book_row(book: Book, at: datetime, *, with_id: bool) -> dict[str, Any]:
    """/spot/order_book."""
    moment = milliseconds(at)
    row: dict[str, Any] = {"id": moment} if with_id else {}
    return row | {
        "current": moment,
        "update": moment,
        "asks": [[plain(price), plain(amount)] for price, amount in book.asks],
        "bids": [[plain(price), plain(amount)] for price, amount in book.bids],
    }


def _trade_times(at: datetime) -> dict[str, str]:
    micros = microseconds(at)
    return {
        "create_time": str(micros // 1_000_000),
        "create_time_ms": f"{micros // 1000}.{micros % 1000:03d}000",
    }


def public_trade_row(market: Market, trade: PublicTrade) -> dict[str, Any]:
    """An entry of /spot/trades; `side` is the taker's."""
    return {
        "id": trade.id,
        **_trade_times(trade.at),
        "currency_pair": pair_id(market.pair),
        "side": trade.side.value.lower(),
        "amount": plain(trade.amount),
        "price": plain(trade.price),
    }


def candle_row(candle: Candle, seconds: int, now: datetime) -> list[str]:
    """Time, quote volume, close, high, low, open, base volume, whether it is over."""
    over = candle.opened_at + timedelta(seconds=seconds) <= now
    numbers = (candle.quote, candle.close, candle.high, candle.low, candle.open, candle.base)
    return [str(int(candle.opened_at.timestamp())), *map(plain, numbers), "true" if over else "false"]


def account_row(currency: str, balance: Balance) -> dict[str, Any]:
    """An entry of /spot/accounts."""
    return {
        "currency": currency,
        "available": plain(balance.available),
        "locked": plain(balance.total - balance.available),
        "update_id": 0,
    }


def order_row(market: Market, order: Order) -> dict[str, Any]:
    """An order. The amount of a market buy is in quote there (what was spent, here)."""
    created, updated = milliseconds(order.created_at), milliseconds(order.updated_at)
    average = plain(order.average_price) if order.average_price is not None else "0"
    buys_at_market = order.type == "market" and order.side is Side.BUY
    return {
        "id": order.id,
        "text": order.client_id or "apiv4",
        "amend_text": "-",
        "create_time": str(created // 1000),
        "update_time": str(updated // 1000),
        "create_time_ms": created,
        "update_time_ms": updated,
        "status": _STATUS[order.status],
        "currency_pair": pair_id(order.pair),
        "type": "market" if order.type == "market" else "limit",
        "account": "spot",
        "side": order.side.value.lower(),
        "amount": plain(order.filled_quote if buys_at_market else order.amount),
        "price": plain(order.price) if order.price is not None else "0",
        "time_in_force": _TIME_IN_FORCE[order.type],
        "iceberg": "0",
        "left": "0" if buys_at_market else plain(order.remaining),
        "filled_amount": plain(order.filled),
        "fill_price": plain(order.filled_quote),
        "filled_total": plain(order.filled_quote),
        "avg_deal_price": average,
        "fee": plain(order.fee),
        "fee_currency": market.quote,
        "point_fee": "0",
        "gt_fee": "0",
        "gt_maker_fee": "0",
        "gt_taker_fee": "0",
        "gt_discount": False,
        "rebated_fee": "0",
        "rebated_fee_currency": market.base,
        "finish_as": _FINISH[order.status],
    }


def trade_row(trade: Trade) -> dict[str, Any]:
    """An entry of /spot/my_trades."""
    return {
        "id": trade.id,
        **_trade_times(trade.at),
        "currency_pair": pair_id(trade.pair),
        "side": trade.side.value.lower(),
        "role": "maker" if trade.maker else "taker",
        "amount": plain(trade.amount),
        "price": plain(trade.price),
        "order_id": trade.order_id,
        "fee": plain(trade.fee),
        "fee_currency": trade.fee_token,
        "point_fee": "0",
        "gt_fee": "0",
        "amend_text": "-",
        "sequence_id": "",
        "text": trade.client_order_id or "apiv4",
    }


def fee_row(market: Market, owner: str) -> dict[str, Any]:
    """/wallet/fee; fractions, not per cent."""
    return {
        "user_id": user_id(owner),
        "taker_fee": plain(market.taker_fee),
        "maker_fee": plain(market.maker_fee),
        "gt_discount": False,
        "gt_taker_fee": "0",
        "gt_maker_fee": "0",
        "loan_fee": "0.18",
        "point_type": "1",
        "currency_pair": pair_id(market.pair),
        "debit_fee": 0,
    }


def detail_row(key: ApiKey) -> dict[str, Any]:
    """/account/detail: `key.mode` is the account type (1 classic), not a permission."""
    return {
        "user_id": user_id(key.owner),
        "ip_whitelist": list(key.allowed_ips),
        "currency_pairs": [],
        "key": {"mode": 1},
        "tier": 0,
        "tier_expire_time": "0001-01-01T00:00:00Z",
        "copy_trading_role": 0,
    }


def key_row(key: ApiKey) -> dict[str, Any]:
    """An entry of /account/main_keys: the one place where Gate tells what a key may do."""
    permissions: list[dict[str, Any]] = [
        {"name": "spot", "read_only": not key.can_trade},
        {"name": "wallet", "read_only": True},
        {"name": "account", "read_only": True},
    ]
    if key.can_withdraw:
        permissions.append({"name": "withdraw", "read_only": False})
    return {
        "state": 1,
        "mode": 1,
        "name": "sandbox",
        "currency_pairs": [],
        "user_id": user_id(key.owner),
        "ip_whitelist": list(key.allowed_ips),
        "perms": permissions,
        "key": key.key,
        "created_at": "0",
        "updated_at": "0",
        "last_access": "0",
    }
