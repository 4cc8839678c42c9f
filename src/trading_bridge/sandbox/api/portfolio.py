"""/portfolio: balances per account and connector, remembered for five minutes as the real server does."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from starlette.requests import Request

from trading_bridge.sandbox.api.wire import model_body, route, world_of
from trading_bridge.sandbox.connectors import CONNECTORS
from trading_bridge.sandbox.world import World

REFRESH_INTERVAL = 300.0
REFRESH_SECONDS = 0.5

State = dict[str, dict[str, list[dict[str, Any]]]]


class _Filter(BaseModel):
    account_names: list[str] | None = None
    connector_names: list[str] | None = None
    skip_gateway: bool = False
    refresh: bool = False


class Portfolio:
    """The last balances seen: account -> connector -> tokens."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._state: State = {}
        self._next = 0.0

    def state(self) -> State:
        """The remembered balances, at most five simulated minutes old."""
        if self._world.clock.elapsed >= self._next:
            self.refresh()
        return self._state

    def refresh(self) -> None:
        """Ask the exchange now."""
        self._next = self._world.clock.elapsed + REFRESH_INTERVAL
        vault = self._world.vault
        for account in vault.accounts():
            for connector, fields in vault.credentials(account).items():
                spec = CONNECTORS[connector]
                key = self._world.exchange.keys.find(fields[spec.key_field])
                if key is not None and vault.refusal(spec, fields) is None:
                    self._state.setdefault(account, {})[connector] = self._tokens(key.owner)

    def forget(self, account: str, connector: str | None = None) -> None:
        """Drop what is known of an account or of one of its connectors."""
        if connector is None:
            self._state.pop(account, None)
        else:
            self._state.get(account, {}).pop(connector, None)

    def _tokens(self, owner: str) -> list[dict[str, Any]]:
        rows = []
        for token, balance in self._world.exchange.balances(owner).items():
            if balance.total <= 0:
                continue
            price = 1.0
            if token != "USDT":  # noqa: S105  (a token of the money kind)
                pair = f"{token}-USDT"
                known = pair in self._world.exchange.markets
                price = float(self._world.exchange.tape(pair).last) if known else 0.0
            units = float(balance.total)
            rows.append(
                {
                    "token": token,
                    "units": units,
                    "price": price,
                    "value": price * units,
                    "available_units": float(balance.available),
                }
            )
        return rows


async def _state(request: Request) -> State:
    wanted = await model_body(request, _Filter)
    portfolio: Portfolio = request.app.state.portfolio
    if wanted.refresh:
        await world_of(request).clock.sleep(REFRESH_SECONDS)
        portfolio.refresh()
    return {
        account: {
            connector: tokens
            for connector, tokens in connectors.items()
            if not wanted.connector_names or connector in wanted.connector_names
        }
        for account, connectors in portfolio.state().items()
        if not wanted.account_names or account in wanted.account_names
    }


ROUTES = [route("POST", "/portfolio/state", _state)]
