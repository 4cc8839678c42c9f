"""The order book of one market: two sides, each sorted by price, then by time of arrival."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal

from trading_bridge.sandbox.exchange.market import Side
from trading_bridge.sandbox.exchange.orders import Book, Order

# (sort key, arrival number, order): the arrival number is unique, so two orders are never compared.
Entry = tuple[Decimal, int, Order]


class OrderBook:
    """Resting limit orders in price-time priority.

    A plain sorted list per side: with a few hundred orders an insert is one bisect and one short memory
    move, faster than trees and trivially right.
    """

    def __init__(self) -> None:
        self._sides: dict[Side, list[Entry]] = {Side.BUY: [], Side.SELL: []}

    @staticmethod
    def _key(order: Order) -> tuple[Decimal, int]:
        price = order.price
        if price is None:
            raise ValueError("a market order never rests on the book")
        # Bids are sorted by the negated price, so that index 0 is the best order on both sides.
        return (-price if order.side is Side.BUY else price), int(order.id)

    def add(self, order: Order) -> None:
        """Rest an order behind all others of the same price."""
        insort(self._sides[order.side], (*self._key(order), order))

    def remove(self, order: Order) -> None:
        """Take an order off; KeyError when it isn't resting."""
        entries = self._sides[order.side]
        index = bisect_left(entries, self._key(order))  # a prefix sorts right before its entry
        if index >= len(entries) or entries[index][2] is not order:
            raise KeyError(order.id)
        del entries[index]

    def best(self, side: Side) -> Order | None:
        """First order in line on that side."""
        entries = self._sides[side]
        return entries[0][2] if entries else None

    def resting(self, side: Side) -> Iterator[Order]:
        """All orders of a side in the order in which they would trade."""
        return (entry[2] for entry in self._sides[side])

    def levels(self, side: Side, depth: int) -> list[tuple[Decimal, Decimal]]:
        """Up to `depth` (price, base amount) levels, best first."""
        found: list[tuple[Decimal, Decimal]] = []
        for order in self.resting(side):
            price = order.price
            assert price is not None  # add() refuses anything else
            if found and found[-1][0] == price:
                found[-1] = (price, found[-1][1] + order.remaining)
            elif len(found) == depth:
                break
            else:
                found.append((price, order.remaining))
        return found

    def aggregated(self, depth: int) -> Book:
        """Both sides by price level."""
        return Book(bids=self.levels(Side.BUY, depth), asks=self.levels(Side.SELL, depth))

    def mid(self) -> Decimal | None:
        """Mean of best bid and best ask; None when a side is empty."""
        bid, ask = self.best(Side.BUY), self.best(Side.SELL)
        if bid is None or ask is None or bid.price is None or ask.price is None:
            return None
        return (bid.price + ask.price) / 2
