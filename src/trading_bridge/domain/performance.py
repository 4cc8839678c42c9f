"""Profit and loss from fills, by average cost. Pure and incremental: fold fills in time order.

    realised   = sum over closing fills of (fill price - average cost) x amount, sign by direction
    unrealised = (mid - average cost) x position
    net        = realised + unrealised - fees
(shared/product.md, KPI table). The position is counted from the bot's first fill: inventory that the account
held before is not part of it, so a bot that sells first has a negative position until it buys back.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from trading_bridge.domain.fills import Fill, Side

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Position:
    """Running totals of a bot on one pair. Amounts in base, the rest in quote."""

    amount: Decimal = ZERO
    average_cost: Decimal | None = None
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    fees_complete: bool = True  # False once a fee was unknown or in a token that we can't price
    volume: Decimal = ZERO
    fills: int = 0
    buys: int = 0
    sells: int = 0
    last_fill_at: datetime | None = None
    approximate: bool = False

    def add(self, fill: Fill) -> "Position":
        """The position after one more fill."""
        signed = fill.amount if fill.side is Side.BUY else -fill.amount
        amount, average, realised = self.amount, self.average_cost, self.realised
        if amount == 0 or (amount > 0) == (signed > 0) or average is None:
            total = abs(amount) + abs(signed)
            average = ((average or ZERO) * abs(amount) + fill.price * abs(signed)) / total
            amount += signed
        else:
            closing = min(abs(amount), abs(signed))
            direction = 1 if amount > 0 else -1
            realised += (fill.price - average) * closing * direction
            amount += signed
            if amount == 0:
                average = None
            elif (amount > 0) == (signed > 0):  # crossed through zero: the rest opens at this price
                average = fill.price
        fee = fill.fee_in_quote()
        last = self.last_fill_at
        return replace(
            self,
            amount=amount,
            average_cost=average,
            realised=realised,
            fees=self.fees + (fee or ZERO),
            fees_complete=self.fees_complete and fee is not None,
            volume=self.volume + fill.quote_amount,
            fills=self.fills + 1,
            buys=self.buys + (fill.side is Side.BUY),
            sells=self.sells + (fill.side is Side.SELL),
            last_fill_at=fill.at if last is None else max(last, fill.at),
            approximate=self.approximate or fill.approximate,
        )

    def unrealised(self, mid: Decimal | None) -> Decimal | None:
        """At the mid price; None when it is unknown, a known zero without a position."""
        if self.amount == 0 or self.average_cost is None:
            return ZERO
        if mid is None:
            return None
        return (mid - self.average_cost) * self.amount

    def net(self, mid: Decimal | None) -> Decimal | None:
        """Realised + unrealised - fees; None while the mid is unknown."""
        unrealised = self.unrealised(mid)
        return None if unrealised is None else self.realised + unrealised - self.fees


def fold(fills: Iterable[Fill]) -> Position:
    """Totals of all fills, put in time order first (ties by trade id, so that the result is unique)."""
    position = Position()
    for fill in sorted(fills, key=lambda f: (f.at, f.trade_id)):
        position = position.add(fill)
    return position
