"""How a bot comes to be: checked first, then recorded once, however often the request is repeated."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from trading_bridge.domain.bots import Bot, Desired, Status
from trading_bridge.domain.errors import IdempotencyConflict
from trading_bridge.domain.names import upstream_key
from trading_bridge.domain.operations import Kind
from trading_bridge.domain.views import Preflight
from trading_bridge.services.admission import Admission, Admitted, NewBot
from trading_bridge.services.clock import Clock
from trading_bridge.services.identity import new_id
from trading_bridge.services.journal import Journal, begin
from trading_bridge.storage.bots import BotRepository
from trading_bridge.storage.database import Database
from trading_bridge.storage.idempotency import IdempotencyRepository, KeyTakenError


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, for the timeline and the idempotency keys."""

    name: str
    request_id: str


class Creation:
    """Creates bots; the caller tells the board and wakes the reconciler."""

    def __init__(self, database: Database, admission: Admission, clock: Clock, server_id: str) -> None:
        self._database = database
        self._admission = admission
        self._clock = clock
        self._server_id = server_id

    async def preflight(self, new: NewBot) -> list[Preflight]:
        """The checks of `create` as lines, none of them raised."""
        return await self._admission.lines(new)

    async def create(self, new: NewBot, actor: Actor, idempotency_key: str | None) -> Bot:
        """Check everything, then record the bot (and its start). Raises InvalidInput kinds, Upstream*, Idempotency."""
        digest = _digest(new)
        if idempotency_key is not None:
            known = await self._known(idempotency_key, actor, digest)
            if known is not None:
                return known
        admitted = await self._admission.check(new)
        bot = self._new_bot(admitted)
        try:
            bot = await self._store(bot, new.start, actor, idempotency_key, digest)
        except KeyTakenError:  # the same key came twice at the same moment: the other one was first
            known = await self._known(idempotency_key or "", actor, digest)
            if known is None:
                raise
            return known
        return bot

    async def _store(self, bot: Bot, start: bool, actor: Actor, key: str | None, digest: str) -> Bot:
        now = self._clock()
        async with self._database.writing() as connection:
            await BotRepository(connection).add(bot)
            if key is not None:
                await IdempotencyRepository(connection).add(key, actor.name, digest, bot.id, now)
            if start:
                bot = replace(bot, desired=Desired.RUNNING, generation=1)
                operation = begin(bot, Kind.DEPLOY, actor.name, actor.request_id, now)
                bot = await Journal(connection, now).opened(bot, operation, f"{actor.name} created and started it")
        return bot

    async def _known(self, key: str, actor: Actor, digest: str) -> Bot | None:
        async with self._database.reading() as connection:
            found = await IdempotencyRepository(connection).find(key, actor.name)
            bot = await BotRepository(connection).get(found[1]) if found else None
        if found is None or bot is None:
            return None
        if found[0] != digest:
            raise IdempotencyConflict(
                "This Idempotency-Key was used for another request.",
                field="Idempotency-Key",
                hint="Use a fresh key for a new bot, or repeat the first request unchanged.",
            )
        return bot

    def _new_bot(self, admitted: Admitted) -> Bot:
        now, bot_id = self._clock(), new_id("bot")
        return Bot(
            id=bot_id,
            name=admitted.name,
            upstream_key=upstream_key(admitted.name, bot_id),
            server_id=self._server_id,
            account=admitted.account,
            connector=admitted.connector,
            pair=admitted.pair,
            strategy=admitted.strategy.name,
            config={key: format(value, "f") for key, value in admitted.values.items()},
            desired=Desired.STOPPED,
            status=Status.DRAFT,
            reason_code="draft",
            reason="Never started.",
            status_since=now,
            generation=0,
            instance_name=None,
            created_at=now,
            updated_at=now,
        )


def _digest(new: NewBot) -> str:
    """Fingerprint of a create request, numbers by value (0.30 and 0.3 are the same request)."""

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [plain(item) for item in value]
        if hasattr(value, "normalize") and value.is_finite():
            return format(value.normalize(), "f")
        return value if value is None or isinstance(value, bool | str) else str(value)

    body = {name: plain(getattr(new, name)) for name in ("name", "account", "connector", "pair", "strategy", "config")}
    body["start"] = new.start
    return hashlib.sha256(msgspec.json.encode(body, order="deterministic")).hexdigest()
