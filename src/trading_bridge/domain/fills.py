"""Fills: the executions of a bot's orders, as the exchange numbered them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Side(StrEnum):
    """Side of an order or a fill, seen from the bot."""

    BUY = "buy"
    SELL = "sell"


class FillSource(StrEnum):
    """Where a fill was read."""

    HISTORY = "history"  # the running bot's own history: prices and amounts to six decimals, fees exact
    ARCHIVE = "archive"  # the archived database: six decimals only, so approximate


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution. `price` in quote per base, `amount` in base, `fee` in `fee_token`.

    (connector, account, trade_id) identifies it: the same fill read twice is one fill.
    """

    trade_id: str
    connector: str
    account: str
    pair: str
    side: Side
    price: Decimal
    amount: Decimal
    fee: Decimal | None
    fee_token: str | None
    at: datetime
    source: FillSource
    approximate: bool = False

    @property
    def quote_amount(self) -> Decimal:
        return self.price * self.amount

    def fee_in_quote(self) -> Decimal | None:
        """Fee in the pair's quote token: as it is, or base converted at the fill's own price.

        None when the fee is unknown or was paid in a third token, whose price we don't know here.
        """
        base, _, quote = self.pair.partition("/")
        if self.fee is None:
            return None
        if self.fee == 0 or self.fee_token == quote:
            return self.fee
        if self.fee_token == base:
            return self.fee * self.price
        return None
