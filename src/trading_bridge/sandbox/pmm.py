"""How controller pmm_v1 trades: plain limit orders around the mid, re-quoted, inventory kept.

Behaviour: hummingbot-api.md ("Strategies"), observed.md section 6b, and the controller's own source (read for
facts: order of refresh, delay after a fill, skew, price band, retries).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from trading_bridge.sandbox.controllers import PMMV1Config
from trading_bridge.sandbox.exchange import Side
from trading_bridge.sandbox.positions import Ledger
from trading_bridge.sandbox.venue import TRACKER, Log, OrderRefused, TrackedOrder, Venue

EXECUTOR: Final = "hummingbot.strategy_v2.executors.order_executor.order_executor"
STRATEGY: Final = "hummingbot.strategy.strategy_v2_base"
MAX_RETRIES: Final = 10
CLOSE_DELAY: Final = 5.0
"""Seconds between cancelling an executor's order and the executor's end."""
ZERO: Final = Decimal(0)


@dataclass
class Executor:
    """One level's order and its retries; times in simulated seconds."""

    level: str
    side: Side
    price: Decimal
    amount: Decimal
    created: float
    order: TrackedOrder | None = None
    # Fills of earlier orders of this executor (it replaces an order that somebody else cancelled).
    earlier: list[TrackedOrder] | None = None
    retries: int = 0
    closing: float | None = None

    def orders(self) -> list[TrackedOrder]:
        """All orders of it that may have filled."""
        return [*(self.earlier or []), *([self.order] if self.order else [])]

    @property
    def filled(self) -> Decimal:
        """Base filled so far."""
        return sum((o.filled for o in self.orders()), ZERO)

    @property
    def quote(self) -> Decimal:
        """Quote filled so far."""
        return sum((o.quote for o in self.orders()), ZERO)


class PmmV1:
    """One running controller. `tick` once a second."""

    def __init__(self, config: PMMV1Config, venue: Venue, ledger: Ledger, log: Log) -> None:
        self.config = config
        self.venue = venue
        self.ledger = ledger
        self.executors: list[Executor] = []
        self.killed = False
        self._log = log
        self._blocked: dict[str, float] = {}

    def tick(self, now: float) -> None:
        """One second of work: follow orders, then create and refresh."""
        self.venue.reconcile()
        self._check_kill_switch(now)
        for executor in list(self.executors):
            self._follow(executor, now)
        if self.killed:
            return
        stale = self._stale(now)
        self._create(now)
        for executor in stale:
            self._stop(executor, now)

    def report(self) -> dict[str, Any]:
        """The performance report of this moment."""
        return self.ledger.report(self.venue.mid(), sum((e.quote for e in self.executors), ZERO))

    def shut_down(self) -> None:
        """Cancel everything and end every executor; inventory is kept."""
        for executor in list(self.executors):
            if executor.order is not None:
                self.venue.cancel(executor.order)
            self._end(executor, "POSITION_HOLD" if executor.filled else "EARLY_STOP")

    def _check_kill_switch(self, now: float) -> None:
        if self.config.manual_kill_switch and not self.killed:
            self._log("INFO", STRATEGY, f"Manual cash out for controller {self.config.id}.")
            self.killed = True
            for executor in self.executors:
                self._stop(executor, now)
        elif self.killed and not self.config.manual_kill_switch:
            self._log("INFO", STRATEGY, f"Restarting controller {self.config.id}.")
            self.killed = False

    def _follow(self, executor: Executor, now: float) -> None:
        order = executor.order
        if order is not None and order.state == "filled":
            self._end(executor, "POSITION_HOLD")
            self._blocked[executor.level] = now + self.config.filled_order_delay
        elif executor.closing is not None:
            if now >= executor.closing:
                self._end(executor, "POSITION_HOLD" if executor.filled else "EARLY_STOP")
        elif executor.retries > MAX_RETRIES:
            self._end(executor, "FAILED")
        elif order is None or order.state == "cancelled":
            if order is not None:
                executor.earlier = [*(executor.earlier or []), order]
            self._place(executor)

    def _place(self, executor: Executor) -> None:
        executor.order = None
        remaining = executor.amount - executor.filled
        if remaining <= 0:
            self._end(executor, "POSITION_HOLD")
            return
        try:
            executor.order = self.venue.place(executor.side, remaining, executor.price)
        except OrderRefused as refusal:
            if refusal.insufficient:
                self._log("ERROR", EXECUTOR, "Not enough budget to open position.")
                self._end(executor, "INSUFFICIENT_BALANCE")
                return
            self._log(
                "INFO",
                TRACKER,
                f"Order {refusal.client_id} has failed. Order Update: "
                f"OrderUpdate(trading_pair='{self.config.trading_pair}', "
                f"new_state=<OrderState.FAILED: 6>, client_order_id='{refusal.client_id}', "
                f"misc_updates={{'error_message': {str(refusal)!r}, 'error_type': 'OSError'}})",
            )
            self._log(
                "ERROR",
                EXECUTOR,
                f"Order failed {refusal.client_id}. Retrying {executor.retries}/{MAX_RETRIES}",
            )
            executor.retries += 1

    def _end(self, executor: Executor, ending: str) -> None:
        self.executors.remove(executor)
        self.ledger.end(ending)
        if executor.filled:
            position = self.ledger.hold(self.config.connector_name, self.config.trading_pair)
            for order in executor.orders():
                position.add(order.side, order.filled, order.quote, order.fee)

    def _stop(self, executor: Executor, now: float) -> None:
        if executor.closing is None:
            executor.closing = now + CLOSE_DELAY
            if executor.order is not None:
                self.venue.cancel(executor.order)

    def _stale(self, now: float) -> list[Executor]:
        due = [
            e
            for e in self.executors
            if e.closing is None and not e.filled and now - e.created > self.config.order_refresh_time
        ]
        tolerance = self.config.order_refresh_tolerance_pct
        if tolerance < 0 or not due:
            return due
        mid = self.venue.mid()
        within = mid is not None and all(
            self._within(
                [e.price for e in due if e.side is side],
                [self._target(mid, side, spread) for spread in self._spreads(side)],
                tolerance,
            )
            for side in Side
        )
        return [] if within else due

    @staticmethod
    def _within(current: list[Decimal], proposed: list[Decimal], tolerance: Decimal) -> bool:
        if len(current) != len(proposed):
            return False
        pairs = zip(sorted(current), sorted(proposed), strict=True)
        return all(abs(new - old) / old <= tolerance for old, new in pairs)

    def _spreads(self, side: Side) -> list[Decimal]:
        return self.config.spreads(buy=side is Side.BUY)

    @staticmethod
    def _target(mid: Decimal, side: Side, spread: Decimal) -> Decimal:
        return mid * (1 - spread if side is Side.BUY else 1 + spread)

    def _create(self, now: float) -> None:
        mid = self.venue.mid()
        if mid is None:
            return
        market = self.venue.market
        buy_skew, sell_skew = self._skew(mid)
        busy = {executor.level for executor in self.executors}
        for side, skew in ((Side.BUY, buy_skew), (Side.SELL, sell_skew)):
            if self._outside_band(mid, side):
                continue
            for index, spread in enumerate(self._spreads(side)):
                level = f"{side.lower()}_{index}"
                if level in busy or now < self._blocked.get(level, 0.0):
                    continue
                amount = self.config.order_amount * skew // market.lot * market.lot
                if not amount or amount < market.min_base:
                    continue
                price = self._target(mid, side, spread) // market.tick * market.tick
                executor = Executor(level, side, price, amount, now)
                self.executors.append(executor)
                self._place(executor)

    def _outside_band(self, mid: Decimal, side: Side) -> bool:
        ceiling, floor = self.config.price_ceiling, self.config.price_floor
        if side is Side.BUY:
            return ceiling > 0 and mid >= ceiling
        return floor > 0 and mid <= floor

    def _skew(self, mid: Decimal) -> tuple[Decimal, Decimal]:
        """Multipliers of the buy and the sell amount, 0 to 2 each, summing to 2."""
        config = self.config
        one = Decimal(1)
        levels = len(config.buy_spreads) + len(config.sell_spreads)
        width = config.order_amount * levels * config.inventory_range_multiplier
        if not config.inventory_skew_enabled or width <= 0:
            return one, one
        base, quote = self.venue.balances()
        total = base * mid + quote
        if total <= 0:
            return one, one
        reach = min(width * mid, total / 2)
        target = total * config.target_base_pct
        distance = base * mid - target
        low = max(target - reach, ZERO)
        if distance < 0:
            share = min(-distance / (target - low), one) if target > low else one
            buy = one + share
        else:
            buy = one - min(distance / reach, one)
        return buy, 2 - buy

    def snapshot(self) -> dict[str, Any]:
        """JSON-able copy of what a pause must not lose."""
        return {
            "killed": self.killed,
            "blocked": dict(self._blocked),
            "orders": [order.snapshot() for order in self.venue.orders.values()],
            "executors": [
                {
                    "level": e.level,
                    "side": e.side.value,
                    "price": str(e.price),
                    "amount": str(e.amount),
                    "created": e.created,
                    "order": e.order.snapshot() if e.order else None,
                    "earlier": [o.snapshot() for o in e.earlier or []],
                    "retries": e.retries,
                    "closing": e.closing,
                }
                for e in self.executors
            ],
        }

    def restore(self, data: dict[str, Any]) -> None:
        """Become what `snapshot` saw."""
        self.killed = data["killed"]
        self._blocked = dict(data["blocked"])
        self.venue.orders = {o["client_id"]: TrackedOrder.restored(o) for o in data["orders"]}
        self.executors = []
        for row in data["executors"]:
            order = None
            if row["order"] is not None:
                # The same object as the venue follows, so that its fills are seen here.
                order = self.venue.orders.get(row["order"]["client_id"]) or TrackedOrder.restored(row["order"])
            self.executors.append(
                Executor(
                    row["level"],
                    Side(row["side"]),
                    Decimal(row["price"]),
                    Decimal(row["amount"]),
                    row["created"],
                    order,
                    [TrackedOrder.restored(o) for o in row["earlier"]],
                    row["retries"],
                    row["closing"],
                )
            )
