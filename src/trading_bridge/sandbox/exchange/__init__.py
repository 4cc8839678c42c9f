"""A simulated spot exchange: in memory, exact, seeded. `Exchange` is the way in."""

from trading_bridge.sandbox.exchange.engine import Exchange
from trading_bridge.sandbox.exchange.keys import ApiKey, KeyRing
from trading_bridge.sandbox.exchange.market import DEFAULT_MARKETS, Market, Side
from trading_bridge.sandbox.exchange.matching import HOUSE
from trading_bridge.sandbox.exchange.orders import (
    Balance,
    Book,
    Order,
    OrderStatus,
    OrderType,
    Rejected,
    Trade,
)
from trading_bridge.sandbox.exchange.tape import Candle, DayFigures, PublicTrade, Tape

__all__ = [
    "DEFAULT_MARKETS",
    "HOUSE",
    "ApiKey",
    "Balance",
    "Book",
    "Candle",
    "DayFigures",
    "Exchange",
    "KeyRing",
    "Market",
    "Order",
    "OrderStatus",
    "OrderType",
    "PublicTrade",
    "Rejected",
    "Side",
    "Tape",
    "Trade",
]
