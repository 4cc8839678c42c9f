"""Fills as two routes tell them: the running bot's history, and the database that an archived bot left.

Both come out of the bot's own SQLite file, whose price and amount columns are integers of 10^-6 (Hummingbot's
source, model/trade_fill.py: SqliteDecimal(6), cut off, not rounded). So the history is exact only on markets
whose tick and lot are no finer than that; its fees are exact always, being kept as JSON.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext

import msgspec

from trading_bridge.domain.errors import UpstreamUncertain
from trading_bridge.domain.fills import Fill, FillSource, Side
from trading_bridge.domain.instruments import Pair, TradingRules
from trading_bridge.hummingbot.wire import finite, instant

_log = logging.getLogger(__name__)
_STORED_STEP = Decimal("0.000001")
_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL, "TradeType.BUY": Side.BUY, "TradeType.SELL": Side.SELL}


@dataclass(frozen=True, slots=True)
class Market:
    """Whose fills are meant. `rules` (when known) tell whether the bot's database could hold them exactly."""

    connector: str
    pair: Pair
    account: str
    rules: TradingRules | None = None

    @property
    def finer_than_stored(self) -> bool:
        steps = (self.rules.min_price_increment, self.rules.min_base_amount_increment) if self.rules else ()
        return any(step is not None and step < _STORED_STEP for step in steps)


class FlatFee(msgspec.Struct):
    token: str
    amount: Decimal


class TradeFee(msgspec.Struct):
    """`percent` is a fraction (0.001 = 0.1 %); `percent_token`: charged in that token only."""

    fee_type: str | None = None
    percent: Decimal | None = None
    percent_token: str | None = None
    flat_fees: list[FlatFee] | None = None


class RawJson(msgspec.Struct):
    trade_fee: TradeFee | None = None


class Trade(msgspec.Struct):
    """An element of `trades` in a history. Numbers are text like "1600."; the time is in milliseconds
    (measured).
    """

    market: str = ""
    symbol: str = ""
    trade_id: str | int | None = None
    price: Decimal | None = None
    quantity: Decimal | None = None
    trade_timestamp: float | None = None
    trade_type: str = ""
    raw_json: RawJson | None = None


class HistoryReply(msgspec.Struct):
    """What the bot answered over MQTT; `status` is its own, 200 = good."""

    status: int | None = None
    msg: str | None = None
    trades: list[Trade] | None = None


class HistoryEnvelope(msgspec.Struct):
    data: HistoryReply | None = None


class HistoryResponse(msgspec.Struct):
    success: bool | None = None
    message: str | None = None
    data: HistoryEnvelope | None = None


class History(msgspec.Struct):
    """GET /bot-orchestration/{bot}/history"""

    response: HistoryResponse


class ArchivedTrade(msgspec.Struct):
    """An element of `trades` in /archived-bots/{db}/trades. `trade_fee` there is a difference of sums: not
    read.
    """

    connector_name: str = ""
    trading_pair: str = ""
    exchange_trade_id: str | int | None = None
    trade_type: str = ""
    price: Decimal | None = None
    amount: Decimal | None = None
    timestamp: float | None = None
    trade_fee_in_quote: Decimal | None = None


class Pagination(msgspec.Struct):
    total: int | None = None
    has_more: bool | None = None


class ArchivedPage(msgspec.Struct):
    """GET /archived-bots/{db}/trades"""

    trades: list[ArchivedTrade]
    pagination: Pagination | None = None


def history_fills(trades: Iterable[Trade], market: Market) -> list[Fill]:
    """Fills of one bot. Raises UpstreamUncertain when a trade is of another market: two history calls in one
    millisecond share a reply topic, so an answer can be another bot's (measured: hummingbot-api.md)."""
    fills: list[Fill] = []
    for trade in trades:
        if trade.market != market.connector or trade.symbol != market.pair.wire:
            raise UpstreamUncertain("The answer belongs to another bot; it was thrown away.")
        price, amount = finite(trade.price), finite(trade.quantity)
        fee, token = _fee(trade, price, amount, market.pair)
        _append(
            fills,
            market,
            (trade.trade_id, trade.trade_type, price, amount, trade.trade_timestamp),
            fee,
            token,
            FillSource.HISTORY,
        )
    return fills


def archived_fills(trades: Iterable[ArchivedTrade], market: Market) -> list[Fill]:
    """The market's fills in an archived database; rows of other markets are left out.

    A fee of 0 is taken as unknown: the route turns a missing fee into 0 (hummingbot-api's source:
    `fillna(0)`).
    """
    fills: list[Fill] = []
    for trade in trades:
        if trade.connector_name == market.connector and trade.trading_pair == market.pair.wire:
            fee = finite(trade.trade_fee_in_quote) or None
            _append(
                fills,
                market,
                (
                    trade.exchange_trade_id,
                    trade.trade_type,
                    finite(trade.price),
                    finite(trade.amount),
                    trade.timestamp,
                ),
                fee,
                market.pair.quote if fee is not None else None,
                FillSource.ARCHIVE,
            )
    return fills


def _append(
    fills: list[Fill],
    market: Market,
    row: tuple[str | int | None, str, Decimal | None, Decimal | None, float | None],
    fee: Decimal | None,
    fee_token: str | None,
    source: FillSource,
) -> None:
    trade_id, trade_type, price, amount, stamp = row
    side, at = _SIDES.get(trade_type), instant(stamp)
    if trade_id in (None, "") or side is None or price is None or amount is None or at is None:
        _log.warning("a fill without id, side, price, amount or time was left out")
        return
    cut_off = price <= 0 or amount <= 0 or market.finer_than_stored
    fills.append(
        Fill(
            trade_id=str(trade_id),
            connector=market.connector,
            account=market.account,
            pair=str(market.pair),
            side=side,
            price=price,
            amount=amount,
            fee=fee,
            fee_token=fee_token,
            at=at,
            source=source,
            approximate=source is FillSource.ARCHIVE or cut_off,
        )
    )


def _fee(trade: Trade, price: Decimal | None, amount: Decimal | None, pair: Pair) -> tuple[Decimal | None, str | None]:
    """Total fee and its token; (None, None) when unknown.

    Flat fees as they are, plus the percentage: a share of the base amount when a buy's fee is deducted from
    what it returns, otherwise of the quote value (also for a third `percent_token`, whose rate nobody tells).
    Base and quote mixed are summed in quote at the fill's own price.
    """
    terms = trade.raw_json.trade_fee if trade.raw_json else None
    if terms is None or price is None or amount is None:
        return None, None
    parts: dict[str, Decimal] = {}
    for flat in terms.flat_fees or []:
        if not flat.amount.is_finite():
            return None, None
        parts[flat.token] = parts.get(flat.token, Decimal(0)) + flat.amount
    if percent := finite(terms.percent):
        deducted = terms.fee_type == "DeductedFromReturns" and trade.trade_type == "BUY"
        in_base = terms.percent_token == pair.base or (terms.percent_token is None and deducted)
        token = pair.base if in_base else pair.quote
        with localcontext(prec=60):
            share = percent * amount if in_base else percent * amount * price
        parts[token] = parts.get(token, Decimal(0)) + share
    charged = {token: part for token, part in parts.items() if part != 0}
    return _one_token(charged, parts, price, terms, pair)


def _one_token(
    charged: dict[str, Decimal], parts: dict[str, Decimal], price: Decimal, terms: TradeFee, pair: Pair
) -> tuple[Decimal | None, str | None]:
    if not charged:
        return Decimal(0), next(iter(parts), terms.percent_token or pair.quote)
    if len(charged) == 1:
        token, fee = next(iter(charged.items()))
        return fee, token
    if set(charged) <= {pair.base, pair.quote}:
        with localcontext(prec=60):
            return charged[pair.quote] + charged[pair.base] * price, pair.quote
    return None, None
