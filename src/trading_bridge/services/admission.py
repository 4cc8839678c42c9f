"""May this bot be created? Everything that can be known before a deploy, checked in one order: first what needs no
server, then the server and the exchange. The same checks serve the create request (first failure is raised) and the
form's pre-flight (each is a line)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from trading_bridge.domain.errors import (
    BridgeError,
    InvalidConfig,
    InvalidInput,
    UpstreamNotHummingbot,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUncertain,
    UpstreamUnreachable,
)
from trading_bridge.domain.fleet import Reach
from trading_bridge.domain.instruments import Pair
from trading_bridge.domain.names import check_display_name
from trading_bridge.domain.strategies import Strategy, strategy
from trading_bridge.domain.views import Preflight
from trading_bridge.hummingbot.client import HummingbotReader
from trading_bridge.services.accounts import AccountService
from trading_bridge.services.coordinator import Coordinator
from trading_bridge.services.markets import MarketService


@dataclass(frozen=True, slots=True)
class NewBot:
    """A request for a bot, as typed."""

    name: str
    account: str
    connector: str
    pair: str
    strategy: str
    config: Mapping[str, Any]
    start: bool = True


@dataclass(frozen=True, slots=True)
class Admitted:
    """The same, checked."""

    name: str
    account: str
    connector: str
    pair: Pair
    strategy: Strategy
    values: Mapping[str, Decimal]


CHECKS_WITHIN = 15.0
_NOTHING_CREATED = "Nothing was created. Try again when it is back; GET /status shows its state."


class Admission:
    """Checks requests for bots; changes nothing anywhere."""

    def __init__(
        self,
        accounts: AccountService,
        markets: MarketService,
        coordinator: Coordinator,
        reader: HummingbotReader,
    ) -> None:
        self._accounts = accounts
        self._markets = markets
        self._coordinator = coordinator
        self._reader = reader

    async def check(self, new: NewBot) -> Admitted:
        """Raises the first failure: InvalidInput kinds, or Upstream* while the server can't be asked."""
        admitted = self._read(new)
        self._server()
        try:
            async with asyncio.timeout(CHECKS_WITHIN):
                await self._ask(new, admitted)
        except (UpstreamUncertain, TimeoutError) as error:
            if isinstance(error, UpstreamNotHummingbot):
                raise
            raise UpstreamUnreachable(  # these were only questions: whatever became of them, nothing was done
                "Hummingbot API does not answer in time.", hint=_NOTHING_CREATED
            ) from error
        return admitted

    async def _ask(self, new: NewBot, admitted: Admitted) -> None:
        await self._account_known(new)
        rules = await self._markets.rules(new.connector, admitted.pair)
        mid = await self._markets.mid(new.connector, admitted.pair)
        admitted.strategy.check_market(admitted.values, admitted.pair, rules, mid)
        await self._keys(new)
        await self._config(admitted)

    def _read(self, new: NewBot) -> Admitted:
        name = check_display_name(new.name)
        chosen = strategy(new.strategy)
        values = chosen.read_config(new.config)
        return Admitted(name, new.account, new.connector, Pair.parse(new.pair), chosen, values)

    async def _account_known(self, new: NewBot) -> None:
        await self._accounts.require(new.account)

    async def _keys(self, new: NewBot) -> None:
        await self._accounts.require_keys(new.account, new.connector)

    async def _config(self, admitted: Admitted) -> None:
        """The server's own check, with a throw-away id. Its words go on the field that they are about."""
        kind, name = admitted.strategy.controller
        config = admitted.strategy.build("preflight", admitted.connector, admitted.pair, admitted.values)
        try:
            await self._reader.validate_config(kind, name, config)
        except UpstreamRejected as error:
            if type(error) is not UpstreamRejected:
                raise
            raise InvalidConfig(
                f"The server refuses the settings: {error.message}",
                field=f"config.{error.field}" if error.field else "config",
                hint="Change the value and try again.",
            ) from error

    def _server(self) -> None:
        fleet = self._coordinator.fleet
        if fleet.reach is Reach.DOWN:
            kind = {error.code: error for error in (UpstreamUnauthorized, UpstreamNotHummingbot)}
            raise kind.get(fleet.failure_code or "", UpstreamUnreachable)(
                f"Hummingbot API can't be used now: {fleet.failure or 'it does not answer.'}", hint=_NOTHING_CREATED
            )

    async def lines(self, new: NewBot) -> list[Preflight]:
        """Each check as a line; a check whose ground is missing is left out."""
        return [line async for line in self._lines(new)]

    async def _lines(self, new: NewBot) -> AsyncIterator[Preflight]:
        try:
            admitted = self._read(new)
        except InvalidInput as error:
            yield _failed("Settings", error)
            return
        yield Preflight("Settings", "pass", "All values are in their limits.")
        for name, words, check in (
            ("Server", "Hummingbot API answers.", self._server_line),
            ("Account", f"The server has account {new.account}.", self._account_known),
            ("Keys", f"The account holds keys for {new.connector}.", self._keys),
        ):
            try:
                await check(new)
            except BridgeError as error:
                yield _failed(name, error)
                if name == "Server":
                    return
            else:
                yield Preflight(name, "pass", words)
        async for line in self._market_lines(admitted):
            yield line
        for notice in self._markets.notices(new.connector):
            yield Preflight("Venue", "warn", notice.text)

    async def _server_line(self, new: NewBot) -> None:
        self._server()

    async def _market_lines(self, admitted: Admitted) -> AsyncIterator[Preflight]:
        try:
            rules = await self._markets.rules(admitted.connector, admitted.pair)
        except BridgeError as error:
            yield _failed("Market", error)
            return
        mid = await self._markets.mid(admitted.connector, admitted.pair)
        if mid is None:
            words = "The order book is empty on one side or can't be read: the bot would not quote."
            yield Preflight("Market", "warn", f"{admitted.pair} is listed. {words}")
        else:
            yield Preflight("Market", "pass", f"{admitted.pair} trades at {mid.normalize():f} {admitted.pair.quote}.")
        try:
            admitted.strategy.check_market(admitted.values, admitted.pair, rules, mid)
        except BridgeError as error:
            yield _failed("Order size", error)
        else:
            yield Preflight("Order size", "pass", "Above the exchange's minimum.")
        try:
            await self._config(admitted)
        except BridgeError as error:
            yield _failed("Server check", error)
        else:
            yield Preflight("Server check", "pass", "The server accepts the settings.")
        async for line in self._money_lines(admitted, mid):
            yield line

    async def _money_lines(self, admitted: Admitted, mid: Decimal | None) -> AsyncIterator[Preflight]:
        """Is there enough to place both first orders?"""
        if mid is None:
            return
        balances = await self._accounts.balances(admitted.account, admitted.connector)
        if balances is None:
            yield Preflight("Balance", "warn", "The balances could not be read.")
            return
        need: dict[str, Decimal] = {}
        for quote in admitted.strategy.preview(admitted.values, mid, None):
            token = admitted.pair.quote if quote.side == "buy" else admitted.pair.base
            need[token] = need.get(token, Decimal(0)) + (
                quote.price * quote.amount if quote.side == "buy" else quote.amount
            )
        short = [
            f"{balances.get(token, Decimal(0)).normalize():f} {token}, needs {amount.normalize():.8f}".rstrip(
                "0"
            ).rstrip(".")
            for token, amount in need.items()
            if balances.get(token, Decimal(0)) < amount
        ]
        if short:
            yield Preflight(
                "Balance",
                "warn",
                f"Too little for the first orders: {'; '.join(short)}.",
                hint="Fund it first.",
            )
        else:
            words = ", ".join(f"{balances[token].normalize():f} {token}" for token in need)
            yield Preflight("Balance", "pass", f"Free: {words}.")


def _failed(name: str, error: BridgeError) -> Preflight:
    return Preflight(name, "fail", error.message, error.hint, error.field)
