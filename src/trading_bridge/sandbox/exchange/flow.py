"""Seeded background flow: makers around a wandering reference price, and takers that sweep the book.

The model works in floats (it decides what others do, it owns no money); what it sends to the exchange are
exact decimals on the market's steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from trading_bridge.sandbox.exchange.market import Market, Side
from trading_bridge.sandbox.exchange.orders import Rejected

if TYPE_CHECKING:
    from trading_bridge.sandbox.exchange.engine import Exchange

MAKER = "~maker"
TAKER = "~taker"

STEP_US = 500_000
"""Length of one step of the flow in simulated microseconds."""

_STEP_S = STEP_US / 1_000_000
_LEVELS = 14
_INNER = 3
_FIRST_OFFSET = 0.0004
_LEVEL_GAP = 0.0006
_DRIFT_TOLERANCE = 0.0003
_VOLATILITY = 0.00018  # relative move of the reference in one second: about 0.14 % in a minute
_REVERSION = 1 / 900  # pull back to the start price per second: the reference stays within about 1 %
_SMALL_TAKERS_PER_S = 0.7
_LARGEST_SWEEP_LEVELS = 400  # notional of a sweep is at most so many maker levels
_SWEEP_LEVELS = 200  # price levels that a taker looks at


@dataclass(slots=True)
class _Slot:
    """A maker's place in the ladder: the order that fills it, and when it is looked at again (flow time).

    The order is kept by its id: the exchange forgets a maker's order as soon as it is no longer open.
    """

    side: Side
    level: int
    offset: float = 0.0
    price: float = 0.0
    order_id: str | None = None
    due_us: int = 0


class _MarketFlow:
    """The flow of one market, with a random source of its own."""

    def __init__(self, exchange: Exchange, market: Market, seed: int) -> None:
        self._exchange = exchange
        self._market = market
        self._random = Random(f"{seed}:{market.pair}")
        self._start = float(market.start_price)
        self._level_quote = 150.0 if self._start < 10 else 2500.0
        self._shift = 0.0
        self._slots = [_Slot(side, level) for level in range(_LEVELS) for side in (Side.BUY, Side.SELL)]
        self._sweep_due = {side: round(self._random.uniform(2, 9) * 1e6) for side in Side}

    @property
    def reference(self) -> float:
        """The price that makers think is right."""
        return self._start * math.exp(self._shift)

    def open(self) -> None:
        """Put the first ladder on the book."""
        for slot in self._slots:
            self._quote(slot, 0)

    def step(self, at_us: int) -> None:
        """Act for one step that ends at flow time `at_us`."""
        random = self._random
        self._shift += -self._shift * _REVERSION * _STEP_S
        self._shift += _VOLATILITY * math.sqrt(_STEP_S) * random.gauss(0, 1)
        self._tidy(at_us)
        if random.random() < _SMALL_TAKERS_PER_S * _STEP_S:
            self._sweep(random.choice((Side.BUY, Side.SELL)), random.uniform(0.0006, 0.0022), 0)
        for side in Side:
            if at_us >= self._sweep_due[side]:
                self._sweep_due[side] = at_us + round(random.uniform(7, 16) * 1e6)
                self._sweep(side, random.uniform(0.0038, 0.006), 0.5)
        # The best levels come back at once, so that a sweep moves the last price but hardly the mid.
        for slot in self._slots[: 2 * _INNER]:
            if slot.order_id is not None and not self._rests(slot.order_id):
                self._quote(slot, at_us)

    def _tidy(self, at_us: int) -> None:
        """Take stale quotes off first, then quote again: a moved ladder must not meet itself."""
        reference, waiting = self.reference, []
        for slot in self._slots:
            if slot.order_id is not None and not self._rests(slot.order_id):
                slot.order_id = None
                slot.due_us = at_us + round(self._random.uniform(0.5, 3) * 1e6)
            if slot.order_id is not None:
                drift = abs(slot.price / (reference * (1 + slot.offset)) - 1)
                if drift > _DRIFT_TOLERANCE or at_us >= slot.due_us:
                    self._exchange.cancel(MAKER, slot.order_id)
                    slot.order_id, slot.due_us = None, at_us
            if slot.order_id is None and at_us >= slot.due_us:
                waiting.append(slot)
        for slot in waiting:
            self._quote(slot, at_us)

    def _rests(self, order_id: str) -> bool:
        return self._exchange.order(MAKER, order_id) is not None

    def _quote(self, slot: _Slot, at_us: int) -> None:
        market, random = self._market, self._random
        distance = _FIRST_OFFSET + _LEVEL_GAP * (slot.level + random.uniform(-0.3, 0.3) * (slot.level > 0))
        slot.offset = -distance if slot.side is Side.BUY else distance
        ticks = self.reference * (1 + slot.offset) / float(market.tick)
        price = (math.floor(ticks) if slot.side is Side.BUY else math.ceil(ticks)) * market.tick
        notional = self._level_quote * random.uniform(0.4, 1.6) * (1 + 0.15 * slot.level)
        amount = self._lots(notional / float(price)) * market.lot
        slot.order_id, slot.price = None, float(price)
        slot.due_us = at_us + round(random.uniform(4, 14) * 1e6)
        try:
            slot.order_id = self._exchange.place(MAKER, market.pair, slot.side, amount, price).id
        except Rejected:
            # Too small for the market's minimum: this place in the ladder stays empty until its next turn.
            return

    def _sweep(self, side: Side, depth: float, whole: float) -> None:
        """Trade with what rests up to `depth` from the reference, then go.

        With probability `whole` all of it; otherwise the sweep ends inside a level of the outer half, so that
        partial fills happen to whoever quotes there.
        """
        market, random = self._market, self._random
        sign = 1 if side is Side.BUY else -1
        price = round(self.reference * (1 + sign * depth) / float(market.tick)) * market.tick
        book = self._exchange.book(market.pair, _SWEEP_LEVELS)
        levels = [level for level in (book.asks if sign > 0 else book.bids) if sign * (price - level[0]) >= 0]
        if not levels:
            return
        amount = float(sum(level[1] for level in levels))
        if random.random() >= whole:
            last = random.randrange(len(levels) // 2, len(levels))
            amount = float(sum(level[1] for level in levels[:last]))
            amount += float(levels[last][1]) * random.uniform(0.1, 0.9)
        cap = _LARGEST_SWEEP_LEVELS * self._level_quote / float(price)
        try:
            order = self._exchange.place(TAKER, market.pair, side, self._lots(min(amount, cap)) * market.lot, price)
        except Rejected:
            return  # next to nothing on that side: not worth a taker's minimum order
        if order.status == "open":
            self._exchange.cancel(TAKER, order.id)

    def _lots(self, amount: float) -> int:
        return int(amount / float(self._market.lot))

    def snapshot(self) -> dict[str, Any]:
        """JSON-able copy; floats survive JSON exactly."""
        version, state, gauss = self._random.getstate()
        return {
            "random": [version, list(state), gauss],
            "shift": self._shift,
            "sweep_due": {side.value: due for side, due in self._sweep_due.items()},
            "slots": [[s.side.value, s.level, s.offset, s.price, s.order_id, s.due_us] for s in self._slots],
        }

    def restore(self, data: dict[str, Any]) -> None:
        """Replace everything by what `snapshot` gave; orders go by their ids."""
        version, state, gauss = data["random"]
        self._random.setstate((version, tuple(state), gauss))
        self._shift = data["shift"]
        self._sweep_due = {Side(side): due for side, due in data["sweep_due"].items()}
        self._slots = [_Slot(Side(side), *rest) for side, *rest in data["slots"]]


class Flow:
    """The flow of all markets, in steps of fixed length: how `advance` is cut into calls changes nothing."""

    def __init__(self, exchange: Exchange, seed: int) -> None:
        self._markets = {m.pair: _MarketFlow(exchange, m, seed) for m in exchange.markets.values()}
        self._elapsed_us = 0
        self._target_us = 0

    def open(self) -> None:
        """Fill the books for the first time."""
        for market in self._markets.values():
            market.open()

    def advance(self, seconds: float) -> None:
        """Run every step that ends within the next `seconds` of flow time; ValueError when negative."""
        if seconds < 0:
            raise ValueError("time only goes forward")
        self._target_us += round(seconds * 1_000_000)
        while self._elapsed_us + STEP_US <= self._target_us:
            self._elapsed_us += STEP_US
            for market in self._markets.values():
                market.step(self._elapsed_us)

    def snapshot(self) -> dict[str, Any]:
        """JSON-able copy."""
        return {
            "elapsed_us": self._elapsed_us,
            "target_us": self._target_us,
            "markets": {pair: market.snapshot() for pair, market in self._markets.items()},
        }

    def restore(self, data: dict[str, Any]) -> None:
        """Replace everything by what `snapshot` gave."""
        self._elapsed_us, self._target_us = data["elapsed_us"], data["target_us"]
        for pair, market in data["markets"].items():
            self._markets[pair].restore(market)
