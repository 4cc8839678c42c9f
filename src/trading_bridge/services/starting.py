"""The calls of a deploy, step by step. Each answers the operation's next state; unclear outcomes are raised."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from trading_bridge.domain.bots import Bot, config_name
from trading_bridge.domain.errors import BridgeError, UpstreamRejected
from trading_bridge.domain.names import instance_pattern, instance_stem
from trading_bridge.domain.operations import Operation, Phase, Step
from trading_bridge.domain.strategies import strategy
from trading_bridge.hummingbot.client import HummingbotReader
from trading_bridge.hummingbot.writes import HummingbotWriter
from trading_bridge.services.lane import Lane, Urgency

LOOK_FOR = timedelta(seconds=30)  # Docker may finish a create after its answer was lost
MOST_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Progress:
    """The operation after a call or a decision, the bot after it, and a note for the timeline."""

    operation: Operation
    bot: Bot
    note: str = ""
    skipped: bool = False  # passed on evidence: the note is the whole sentence


class Starting:
    """Talks to the server for deploys. Holds no state."""

    def __init__(self, reader: HummingbotReader, writer: HummingbotWriter, lane: Lane, image: str | None) -> None:
        self._reader = reader
        self._writer = writer
        self._lane = lane
        self._image = image

    async def profile_missing(self, bot: Bot) -> bool:
        """Whether the account's credentials profile has to be created. Raises UpstreamError."""
        return bot.account not in await self._reader.accounts()

    async def create_profile(self, bot: Bot, op: Operation, now: datetime) -> Progress:
        """Create the credentials profile: the real server answers a deploy without it with a 500 [measured]."""
        async with self._lane.turn(Urgency.START):
            await self._writer.add_account(bot.account)
        return Progress(op.advanced(now), bot, "it was missing and has been created")

    async def credentials(self, bot: Bot, op: Operation, now: datetime) -> Progress:
        """Without keys the server says success and the container dies 8-20 s later [measured]: look first."""
        found = await self._reader.credentials(bot.account)
        if found is None or bot.connector not in found:
            message = (
                f"Account {bot.account} holds no keys for {bot.connector} on the server. Add them, then start again."
            )
            return Progress(op.failed(now, "credentials_missing", message), bot)
        return Progress(op.advanced(now), bot)

    async def validate(self, bot: Bot, op: Operation, now: datetime) -> Progress:
        """The server's own check is the only one that knows its version's fields."""
        controller_type, controller_name = strategy(bot.strategy).controller
        try:
            await self._reader.validate_config(controller_type, controller_name, controller_config(bot, op.generation))
        except UpstreamRejected as error:
            if type(error) is not UpstreamRejected:
                raise
            return Progress(op.failed(now, "config_refused", f"The server refuses the settings: {error.message}"), bot)
        return Progress(op.advanced(now), bot)

    async def upload(self, bot: Bot, op: Operation, now: datetime) -> Progress:
        """One file per attempt: the fence. Writing it again before the deploy was sent changes nothing."""
        async with self._lane.turn(Urgency.START):
            name = config_name(bot.upstream_key, op.generation)
            await self._writer.upload_config(name, controller_config(bot, op.generation))
        return Progress(op.advanced(now), bot)

    async def deploy(self, bot: Bot, op: Operation, now: datetime) -> Progress:
        """Sent once per attempt. Raises UpstreamUncertain when nobody knows whether it happened."""
        async with self._lane.turn(Urgency.START):
            instance = await self._writer.deploy(
                instance_stem(bot.upstream_key, op.generation),
                bot.account,
                config_name(bot.upstream_key, op.generation),
                self._image,
            )
        if not instance_pattern(bot.upstream_key, op.generation).match(instance):
            raise BridgeError(f"The server named the instance {instance[:80]!r}, which is not ours.")
        return Progress(replace(op, instance_name=instance).advanced(now), replace(bot, instance_name=instance))

    async def fence(self, bot: Bot, op: Operation, now: datetime) -> Progress:
        """Settle a lost answer by making a second start impossible, then looking.

        Without its config file an attempt that has not happened yet can never trade; one that has happened left a
        container whose name we recognise (hummingbot-api.md, "A deploy that can't happen twice").
        """
        async with self._lane.turn(Urgency.START):
            await self._writer.delete_config(config_name(bot.upstream_key, op.generation))
            containers = await self._reader.containers()
        pattern = instance_pattern(bot.upstream_key, op.generation)
        found = sorted(name for name in containers.active | containers.exited if pattern.match(name))
        if found:
            instance = next((name for name in reversed(found) if name in containers.active), found[-1])
            note = "the answer was lost; found it by its name and took it over"
            return Progress(
                replace(op, instance_name=instance).advanced(now), replace(bot, instance_name=instance), note
            )
        if now - op.step_since < LOOK_FOR:
            waiting = op.delayed(now, "deploy_uncertain", "Not found yet; looking again.", Phase.UNCERTAIN)
            return Progress(waiting, bot)
        if op.attempt >= MOST_ATTEMPTS:
            message = "Three attempts got no clear answer and left no container. Check the server, then start again."
            return Progress(op.failed(now, "deploy_unanswered", message), bot)
        following = replace(op, generation=op.generation + 1, attempt=op.attempt + 1).back_to(Step.UPLOADED, now)
        note = "that attempt did not happen and can't any more; trying once more under a new name"
        return Progress(
            replace(following, error_code="deploy_retried", error=note),
            replace(bot, generation=following.generation),
            note,
        )


def controller_config(bot: Bot, generation: int) -> dict[str, object]:
    """The controller config of one attempt."""
    values: Mapping[str, Decimal] = strategy(bot.strategy).read_config(bot.config)
    return strategy(bot.strategy).build(config_name(bot.upstream_key, generation), bot.connector, bot.pair, values)
