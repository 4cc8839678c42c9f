"""A bot: what an operator asked for, and where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from trading_bridge.domain.errors import IllegalTransition
from trading_bridge.domain.instruments import Pair


class Desired(StrEnum):
    """What the operator wants of the bot."""

    RUNNING = "running"
    STOPPED = "stopped"
    ARCHIVED = "archived"


class Status(StrEnum):
    """Where the bot stands. Each carries a reason in plain words (`Bot.reason`)."""

    DRAFT = "draft"  # never started
    DEPLOYING = "deploying"  # asked to start; proof is being gathered
    RUNNING = "running"  # its controller has reported a performance since this start
    DEGRADED = "degraded"  # alive, but something keeps it from quoting well
    STOPPING = "stopping"  # asked to stop; not yet confirmed
    STOPPED = "stopped"  # the strategy is confirmed to have ended
    ARCHIVING = "archiving"
    ARCHIVED = "archived"
    FAILED = "failed"  # a start was refused or never proved itself
    LOST = "lost"  # wanted running, but its container or its reports are gone
    UNCERTAIN = "uncertain"  # an upstream call may or may not have worked and looking has not told yet


LIVE = frozenset({Status.RUNNING, Status.DEGRADED})
IN_MOTION = frozenset({Status.DEPLOYING, Status.STOPPING, Status.ARCHIVING, Status.UNCERTAIN})

_MAY_START = frozenset({Status.DRAFT, Status.STOPPED, Status.FAILED, Status.LOST})
_MAY_STOP = frozenset({Status.DEPLOYING, Status.RUNNING, Status.DEGRADED, Status.FAILED, Status.LOST, Status.UNCERTAIN})


@dataclass(frozen=True, slots=True)
class Bot:
    """One bot of one account. `config` is the strategy's own parameters, decimals as strings."""

    id: str
    name: str
    upstream_key: str
    server_id: str
    account: str
    connector: str
    pair: Pair
    strategy: str
    config: Mapping[str, Any]
    desired: Desired
    status: Status
    reason_code: str
    reason: str
    status_since: datetime
    generation: int  # number of the newest deploy attempt; 0 = never deployed
    instance_name: str | None  # container, MQTT id and instance directory upstream
    created_at: datetime
    updated_at: datetime
    revision: int = 0  # grows with every stored change: of two copies the higher one is newer

    @property
    def controller_id(self) -> str | None:
        """Key of this bot's performance upstream: the config's `id`, one per attempt (the fence)."""
        return config_name(self.upstream_key, self.generation) if self.generation else None


def config_name(upstream_key: str, generation: int) -> str:
    """Name and id of the controller config of one attempt: `<key>-g<N>`."""
    return f"{upstream_key}-g{generation}"


def check_may_start(bot: Bot) -> None:
    """Raises IllegalTransition unless a start makes sense now."""
    if bot.status is Status.STOPPING:
        raise IllegalTransition(f"“{bot.name}” is still stopping.", hint="Start it once its status says stopped.")
    if bot.status not in _MAY_START:
        raise IllegalTransition(
            f"“{bot.name}” is {bot.status}; it can't be started from there.",
            hint="A bot can be started from draft, stopped, failed or lost.",
        )


def check_may_stop(bot: Bot) -> None:
    """Raises IllegalTransition unless there may be something to stop."""
    if bot.status not in _MAY_STOP:
        raise IllegalTransition(
            f"“{bot.name}” is {bot.status}; there is nothing to stop.",
            hint="Only a bot that is starting, trading or in trouble can be stopped.",
        )


def check_may_archive(bot: Bot) -> None:
    """Raises IllegalTransition when the bot is archived, or on its way there."""
    if bot.status in (Status.ARCHIVED, Status.ARCHIVING):
        raise IllegalTransition(f"“{bot.name}” is {bot.status} already.")
