"""Everything that is asked of Hummingbot API. Nothing here changes anything there.

All methods raise UpstreamUnreachable, UpstreamUnauthorized, UpstreamUncertain or UpstreamNotHummingbot as the
table in `outcome` says, and UpstreamRejected where the server refuses the question; what else they raise is
in their docstring.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from trading_bridge.domain.accounts import CredentialField
from trading_bridge.domain.errors import UpstreamNotHummingbot, UpstreamRejected, UpstreamUncertain
from trading_bridge.domain.fills import Fill
from trading_bridge.domain.fleet import BotReport, Containers
from trading_bridge.domain.instruments import OrderBook, Pair, TradingRules
from trading_bridge.hummingbot import deadlines, trades, wire
from trading_bridge.hummingbot.calls import attempt, call, segment
from trading_bridge.hummingbot.outcome import (
    Answer,
    Outcome,
    classify,
    detail_of,
    field_of,
    pydantic_errors,
    settle,
)
from trading_bridge.hummingbot.reports import ReportDecoder
from trading_bridge.hummingbot.sanitising import safe_text
from trading_bridge.hummingbot.transport import Params, Response, Transport

T = TypeVar("T")
_PAGE = 500  # rows of an archived database per request
_CONTAINERS = "Docker did not answer Hummingbot API."


class HummingbotReader:
    """Reads one Hummingbot server. Keeps nothing but the newest log blocks, to decode them once."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._reports = ReportDecoder()

    async def server_version(self) -> str | None:
        """GET / -> version ("1.0.1"; not bumped reliably), None when it names none. Needs no login upstream.

        Raises UpstreamNotHummingbot when the name is not that of Hummingbot API.
        """
        root = await self._get("/", wire.Root)
        if "hummingbot" not in root.name.lower() or "api" not in root.name.lower():
            raise UpstreamNotHummingbot(
                "Another service answers at this address, not Hummingbot API.", hint="Check the address."
            )
        return root.version

    # ── accounts and connectors ─────────────────────────────────────────────────────────────────

    async def accounts(self) -> list[str]:
        """GET /accounts/ -> profile names (with the slash: without it 404 [measured])."""
        return await self._get("/accounts/", list[str])

    async def credentials(self, account: str) -> list[str] | None:
        """GET /accounts/{account}/credentials -> connectors that have keys; None = no such profile (404)."""
        return await self._find(f"/accounts/{segment(account, 'account')}/credentials", list[str])

    async def connectors(self) -> list[str]:
        """GET /connectors/ -> all connector names."""
        return await self._get("/connectors/", list[str])

    async def credential_fields(self, connector: str) -> list[CredentialField] | None:
        """GET /connectors/{connector}/config-map -> fields in the server's order; None for an unknown
        connector.

        The route answers 500 to a connector that it doesn't know [source], so a failure is checked against
        the list.
        """
        path = f"/connectors/{segment(connector, 'connector')}/config-map"
        result = await attempt(self._transport, "GET", path, within=deadlines.READ)
        if isinstance(result, Response) and result.status in (404, 500) and not await self._has(connector):
            return None
        fields = _found(settle("GET", result), dict[str, wire.KeyField])
        return [CredentialField(name, field.type == "SecretStr", field.required) for name, field in fields.items()]

    async def trading_rules(self, connector: str, pairs: Sequence[Pair] = ()) -> dict[str, TradingRules] | None:
        """GET /connectors/{connector}/trading-rules -> rules by wire pair ("SHARP-USDT"); all pairs when none
        is named.

        Pairs that the exchange doesn't list are absent; None for an unknown connector. The server says 404
        both to an unknown connector and when it can't ask the exchange [source]: the latter raises
        UpstreamRejected.
        """
        answer = await call(
            self._transport,
            "GET",
            f"/connectors/{segment(connector, 'connector')}/trading-rules",
            params={"trading_pairs": [pair.wire for pair in pairs]},
            within=deadlines.READ,
        )
        if answer.missing:
            if not await self._has(connector):
                return None
            raise UpstreamRejected(f"The server could not get the exchange's rules. {answer.reason}")
        rules = wire.read(answer.body, dict[str, wire.Rules])
        return {pair: wire.trading_rules(rule) for pair, rule in rules.items() if rule.error is None}

    async def validate_config(self, controller_type: str, controller_name: str, config: Mapping[str, Any]) -> None:
        """POST /controllers/{type}/{name}/config/validate: 200, or 400 with a pydantic text.

        Raises UpstreamRejected with `field` = the config's field and a readable message; `field` is
        "controller_name" when the server has no such controller (404), and None for a rule over several
        fields.
        """
        path = (
            f"/controllers/{segment(controller_type, 'controller_type')}"
            f"/{segment(controller_name, 'controller_name')}/config/validate"
        )
        result = await attempt(self._transport, "POST", path, body=dict(config), within=deadlines.READ)
        if isinstance(result, Response) and classify(result) is Outcome.REJECTED:
            problems = pydantic_errors(detail_of(result.body))
            if problems:
                text = "; ".join(f"{field}: {message}" if field else message for field, message in problems)
                raise UpstreamRejected(safe_text(text), field=field_of(result.body))
        if settle("GET", result).missing:
            raise UpstreamRejected("The server has no controller of that name.", field="controller_name")

    # ── bots ────────────────────────────────────────────────────────────────────────────────────

    async def bots(self) -> dict[str, BotReport]:
        """GET /bot-orchestration/status -> every bot that the server has discovered, by instance name."""
        answer = await call(self._transport, "GET", "/bot-orchestration/status", within=deadlines.POLL)
        return self._reports.many(_body(answer))

    async def bot(self, instance: str) -> BotReport | None:
        """GET /bot-orchestration/{bot}/status; None for an unknown bot: 200 "not_found" [measured]."""
        path = f"/bot-orchestration/{segment(instance, 'instance')}/status"
        answer = await call(self._transport, "GET", path, within=deadlines.POLL)
        return None if answer.missing else self._reports.one(instance, answer.body)

    async def history(
        self, instance: str, *, connector: str, pair: Pair, account: str, rules: TradingRules | None = None
    ) -> list[Fill] | None:
        """GET /bot-orchestration/{bot}/history?days=0 -> all fills since the bot's process started; None = no
        answer.

        None for an unknown bot, a silent one (MQTT down) and one that answers with an error: fills are then
        unknown, not none. After stop-bot the bot tells nothing any more: read before [measured]. `verbose`
        and `precision` only shape a text report that this route never returns [source: remote_iface/mqtt.py],
        so they are not sent. Only one history call may be in flight per server. `rules` mark fills that the
        bot could not store exactly.

        Raises UpstreamUncertain when the answer is another bot's.
        """
        history = await self._find(
            f"/bot-orchestration/{segment(instance, 'instance')}/history",
            trades.History,
            params={"days": "0", "timeout": f"{deadlines.HISTORY_UPSTREAM:g}"},
            within=deadlines.HISTORY,
        )
        reply = history.response.data.data if history and history.response.success and history.response.data else None
        if reply is None or reply.status not in (200, None):
            return None
        return trades.history_fills(reply.trades or [], trades.Market(connector, pair, account, rules))

    async def archived_databases(self) -> list[str]:
        """GET /archived-bots/ -> paths like bots/archived/NAME/data/NAME.sqlite."""
        return await self._get("/archived-bots/", list[str])

    async def archived_fills(self, db_path: str, *, connector: str, pair: Pair, account: str) -> list[Fill]:
        """GET /archived-bots/{db}/trades, page by page -> the market's fills, all approximate (six decimals).

        Raises UpstreamRejected(field="db_path") when the server has no such database.
        """
        path = "/archived-bots/" + "%2F".join(segment(part, "db_path") for part in db_path.split("/")) + "/trades"
        rows: list[trades.ArchivedTrade] = []
        while True:
            page = await self._find(path, trades.ArchivedPage, params={"limit": str(_PAGE), "offset": str(len(rows))})
            if page is None:
                raise UpstreamRejected("The server has no archived database of that name.", field="db_path")
            rows += page.trades
            if not page.trades or page.pagination is None or not page.pagination.has_more:
                return trades.archived_fills(rows, trades.Market(connector, pair, account))

    # ── the machine ─────────────────────────────────────────────────────────────────────────────

    async def containers(self) -> Containers:
        """GET /docker/active-containers and /docker/exited-containers -> names.

        Active is asked first: a container that ends in between is then in both, and counts as exited. The other way
        round it would be in neither, which reads as gone.
        A Docker error comes as 200 with its text [source]: raises UpstreamUncertain.
        """
        active = await self._containers("/docker/active-containers")
        exited = await self._containers("/docker/exited-containers")
        return Containers(active=active - exited, exited=exited)

    async def docker_running(self) -> bool:
        """GET /docker/running -> bool. With Docker away since the start the route fails with 500 [measured]:
        False.
        """
        result = await attempt(self._transport, "GET", "/docker/running", within=deadlines.POLL)
        if isinstance(result, Response) and result.status == 500 and classify(result) is Outcome.UNCERTAIN:
            return False
        return wire.read(_body(settle("GET", result)), bool)

    async def images(self, name: str) -> list[str]:
        """GET /docker/available-images/?image_name= -> tags that contain `name` (without a name: 500
        [measured]).
        """
        return await self._get("/docker/available-images/", list[str], params={"image_name": name})

    async def mqtt_flag(self) -> bool | None:
        """GET /bot-orchestration/mqtt -> `mqtt_connected`. It stays true after a disconnect [measured]: a
        hint only.
        """
        mqtt = await self._get("/bot-orchestration/mqtt", wire.Mqtt)
        return mqtt.data.mqtt_connected if mqtt.data else None

    # ── the market ──────────────────────────────────────────────────────────────────────────────

    async def prices(self, connector: str, pairs: Sequence[Pair]) -> dict[Pair, Decimal]:
        """POST /market-data/prices -> last traded prices in quote; pairs without one are absent.

        An unknown connector or pair makes the route fail with 500 [source]: UpstreamUncertain.
        """
        body = {"connector_name": connector, "trading_pairs": [pair.wire for pair in pairs]}
        told = (await self._ask("/market-data/prices", body, wire.Prices)).prices
        prices = {pair: wire.finite(told.get(pair.wire)) for pair in pairs}
        return {pair: price for pair, price in prices.items() if price is not None and price > 0}

    async def order_book(self, connector: str, pair: Pair, depth: int) -> OrderBook:
        """POST /market-data/order-book -> at most `depth` (1 to 1000) levels a side, best first."""
        body = {"connector_name": connector, "trading_pair": pair.wire, "depth": max(1, min(depth, 1000))}
        return wire.order_book(await self._ask("/market-data/order-book", body, wire.Book))

    async def balances(
        self, account: str, connector: str, *, refresh: bool = False
    ) -> dict[str, tuple[Decimal, Decimal]] | None:
        """POST /portfolio/state -> {token: (units, available units)}; None when the server has no such state.

        State is up to 5 minutes old unless `refresh`. The account is always named: without one, the route's
        connector filter cuts down the server's own cache [source: routers/portfolio.py].
        """
        body = {
            "account_names": [account],
            "connector_names": [connector],
            "refresh": refresh,
            "skip_gateway": True,
        }
        state = await self._ask("/portfolio/state", body, dict[str, dict[str, list[wire.TokenBalance]]])
        tokens = state.get(account, {}).get(connector)
        return None if tokens is None else wire.balances(tokens)

    # ── how ─────────────────────────────────────────────────────────────────────────────────────

    async def _get(
        self, path: str, shape: type[T], *, params: Params | None = None, within: float = deadlines.POLL
    ) -> T:
        return _found(await call(self._transport, "GET", path, params=params, within=within), shape)

    async def _find(
        self, path: str, shape: type[T], *, params: Params | None = None, within: float = deadlines.READ
    ) -> T | None:
        answer = await call(self._transport, "GET", path, params=params, within=within)
        return None if answer.missing else wire.read(answer.body, shape)

    async def _ask(self, path: str, body: Mapping[str, Any], shape: type[T]) -> T:
        """A POST that only asks: worded and judged like a GET."""
        result = await attempt(self._transport, "POST", path, body=body, within=deadlines.READ)
        return _found(settle("GET", result), shape)

    async def _has(self, connector: str) -> bool:
        return connector in await self.connectors()

    async def _containers(self, path: str) -> frozenset[str]:
        body = _body(await call(self._transport, "GET", path, within=deadlines.POLL))
        if body.lstrip()[:1] == b'"':
            raise UpstreamUncertain(_CONTAINERS)
        return frozenset(container.name for container in wire.read(body, list[wire.Container]))


def _body(answer: Answer) -> bytes:
    if answer.missing:
        raise UpstreamRejected(answer.reason)
    return answer.body


def _found(answer: Answer, shape: type[T]) -> T:
    return wire.read(_body(answer), shape)
