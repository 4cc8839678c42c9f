"""Money on the exchange: totals and locks per owner and token, exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from trading_bridge.sandbox.exchange.orders import Balance, Rejected

ZERO = Decimal(0)


@dataclass(slots=True)
class Holding:
    """One owner's amount of one token; `locked` backs open orders and is never above `total`."""

    total: Decimal = ZERO
    locked: Decimal = ZERO

    @property
    def available(self) -> Decimal:
        """What a new order may use."""
        return self.total - self.locked


class Accounts:
    """Balances of all owners. Moving money never creates or destroys any."""

    def __init__(self) -> None:
        self._holdings: dict[str, dict[str, Holding]] = {}

    def __contains__(self, owner: object) -> bool:
        return owner in self._holdings

    def open(self, owner: str, balances: Mapping[str, Decimal]) -> None:
        """Create an account with its first money; ValueError when it exists or an amount is negative."""
        if owner in self._holdings:
            raise ValueError(f"account {owner!r} exists already")
        if any(not amount.is_finite() or amount < 0 for amount in balances.values()):
            raise ValueError("an account can't be opened with a negative balance")
        self._holdings[owner] = {token: Holding(amount) for token, amount in balances.items()}

    def holding(self, owner: str, token: str) -> Holding:
        """The live holding, created at zero when new; Rejected(ACCOUNT_NOT_FOUND) for an unknown owner."""
        tokens = self._tokens(owner)
        holding = tokens.get(token)
        if holding is None:
            holding = tokens[token] = Holding()
        return holding

    def balances(self, owner: str) -> dict[str, Balance]:
        """Balances by token, in the order in which the tokens first came in."""
        return {token: Balance(h.total, h.total - h.locked) for token, h in self._tokens(owner).items()}

    def _tokens(self, owner: str) -> dict[str, Holding]:
        try:
            return self._holdings[owner]
        except KeyError:
            raise Rejected("ACCOUNT_NOT_FOUND", f"no account {owner!r}") from None

    def snapshot(self) -> dict[str, dict[str, list[str]]]:
        """JSON-able copy: owner -> token -> [total, locked]."""
        return {
            owner: {token: [str(h.total), str(h.locked)] for token, h in tokens.items()}
            for owner, tokens in self._holdings.items()
        }

    def restore(self, data: Mapping[str, Mapping[str, list[str]]]) -> None:
        """Replace everything by what `snapshot` gave."""
        self._holdings = {
            owner: {token: Holding(*map(Decimal, pair)) for token, pair in tokens.items()}
            for owner, tokens in data.items()
        }
