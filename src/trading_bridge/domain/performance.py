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
from decimal import Context, Decimal, localcontext

from trading_bridge.domain.fills import Fill, Side

ZERO = Decimal(0)
_EXACT = Context(prec=60)  # products and sums of what exchanges send stay whole
_FINEST = Decimal("1e-18")


@dataclass(frozen=True, slots=True)
class Position:
    """Running totals of a bot on one pair. Amounts in base, the rest in quote."""

    amount: Decimal = ZERO
    basis: Decimal = ZERO  # what the amount held has cost; of a negative amount: minus what it brought in
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
        with localcontext(_EXACT):
            return self._add(fill)

    def _add(self, fill: Fill) -> "Position":
        signed = fill.amount if fill.side is Side.BUY else -fill.amount
        amount, basis, realised = self.amount, self.basis, self.realised
        if amount == 0 or (amount > 0) == (signed > 0):
            basis += fill.price * signed
        else:
            closing = min(abs(amount), abs(signed))
            direction = 1 if amount > 0 else -1
            # rounded where it can't be exact, but what leaves the basis is what enters realised: nothing gets lost
            closed = basis if closing == abs(amount) else (basis * closing / abs(amount)).quantize(_FINEST)
            realised += fill.price * closing * direction - closed
            basis += fill.price * (abs(signed) - closing) * -direction - closed
        amount += signed
        fee = fill.fee_in_quote()
        last = self.last_fill_at
        return replace(
            self,
            amount=amount,
            basis=basis,
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

    @property
    def average_cost(self) -> Decimal | None:
        """Quote per base of what is held; None without a position."""
        return None if self.amount == 0 else (self.basis / self.amount).quantize(_FINEST).normalize()

    def unrealised(self, mid: Decimal | None) -> Decimal | None:
        """At the mid price; None when it is unknown, a known zero without a position."""
        if self.amount == 0:
            return ZERO
        return None if mid is None else mid * self.amount - self.basis

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
