"""A simulated Hummingbot process: it boots, trades its controllers, reports, and stops.

Time line at speed 1 and all wordings: measured (observed.md sections 3 and 4).
"""

from __future__ import annotations

from functools import partial
from random import Random
from typing import Any, Final

from trading_bridge.sandbox.boot import BootFailure, Plan, plan_of
from trading_bridge.sandbox.clock import SimulatedClock
from trading_bridge.sandbox.controllers import PMMV1Config
from trading_bridge.sandbox.exchange import Exchange, Trade
from trading_bridge.sandbox.instances import Fill, Instance
from trading_bridge.sandbox.mqtt import Mqtt
from trading_bridge.sandbox.pmm import STRATEGY, PmmV1
from trading_bridge.sandbox.vault import Vault
from trading_bridge.sandbox.venue import Venue

APPLICATION: Final = "hummingbot.client.hummingbot_application"
CONFIG_INTERVAL: Final = 10.0
RETRY_INTERVAL: Final = 5.0
_LEVELS: Final = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}


class Bot:
    """One process inside a container; it dies with it. Times in simulated seconds.

    `phase`: boot, run (with or without controllers), stopping, stopped, dying (the process will exit 1).
    """

    def __init__(
        self,
        instance: Instance,
        exchange: Exchange,
        vault: Vault,
        mqtt: Mqtt,
        clock: SimulatedClock,
        random: Random,
        busy: int = 0,
    ) -> None:
        """`busy`: bots that boot at the same time; each makes the others slower."""
        self.instance = instance
        self.phase = "boot"
        self.conf_lost = False
        self.controllers: list[PmmV1] = []
        self.started = clock.elapsed
        self.started_ms = round(clock.timestamp() * 1000)
        self.connect_at = self.started + 5.0 + random.uniform(0, 1.5) + 2.0 * busy
        self.exit_at: float | None = None
        self._exchange, self._vault, self._mqtt, self._clock = exchange, vault, mqtt, clock
        self._stop_after = random.uniform(3, 12)
        self._empty_report_after = random.uniform(10, 15)
        self._exit_after = random.uniform(8, 20)
        self._plan: Plan | None = None
        self._stop_at: float | None = None
        self._next_tick = 0.0
        self._next_config = 0.0
        self._next_complaint = 0.0

    @property
    def name(self) -> str:
        """Container name, MQTT id and instance name in one."""
        return self.instance.name

    @property
    def connected(self) -> bool:
        """Whether it is on MQTT."""
        return self.phase in {"run", "stopping", "stopped"}

    def step(self, now: float) -> bool:
        """Let the process act up to `now`; False when it has ended with exit code 1."""
        if self.phase == "boot" and now >= self.connect_at:
            self._boot(now)
        if self.phase == "dying":
            return self.exit_at is None or now < self.exit_at
        if not self.connected or now < self._next_tick:
            return True
        self._next_tick = now + 1.0
        self._mqtt.heartbeat(self.name, now)
        if self._stop_at is not None:
            self._wind_down(now, self._stop_at)
        elif self.phase == "run":
            self._run(now)
        return True

    def filled(self, trade: Trade) -> None:
        """One of this bot's orders traded."""
        for controller in self.controllers:
            controller.venue.filled(trade)

    def owns(self, trade: Trade) -> bool:
        """Whether the trade is of an order that this process follows."""
        return any(trade.client_order_id in c.venue.orders for c in self.controllers)

    def stop(self, now: float) -> None:
        """The MQTT command stop: acted on within the next seconds; a stopped bot does nothing more."""
        if self.connected and self._stop_at is None:
            self._stop_at = now
            self._log("INFO", APPLICATION, "stop command initiated.")

    def history(self, days: float) -> list[dict[str, Any]]:
        """Fills since the process began (days 0) or of so many days; nothing once it is stopped (measured)."""
        if self.phase == "stopped":
            return []
        since = self.started_ms
        if days > 0:
            since = round((self._clock.timestamp() - days * 86400) * 1000)
        return [fill.history_row() for fill in self.instance.fills if fill.at_ms >= since]

    def _run(self, now: float) -> None:
        assert self._plan is not None
        if now >= self._next_complaint and self._plan.complaints:
            self._next_complaint = now + RETRY_INTERVAL
            for logger, message in self._plan.complaints:
                self._log("ERROR", logger, message)
        if now >= self._next_config:
            self._next_config = now + CONFIG_INTERVAL
            self._reload()
        for controller in self.controllers:
            controller.tick(now)
        if self.controllers:
            self._mqtt.report(
                self.name,
                {c.config.id: {"performance": c.report(), "custom_info": {}} for c in self.controllers},
            )

    def _wind_down(self, now: float, began: float) -> None:
        if self.phase == "run" and now >= began + 1:
            self.phase = "stopping"
            for controller in self.controllers:
                controller.shut_down()
        if self.phase == "stopping" and now >= began + self._stop_after:
            self.phase = "stopped"
            self._log("INFO", APPLICATION, "Hummingbot stopped.")
        # The last message of a stopped strategy: an empty report, which the API takes for a sign of running.
        if self.phase == "stopped" and self.controllers and now >= began + self._empty_report_after:
            self._mqtt.report(self.name, {c.config.id: {} for c in self.controllers})
            self.controllers = []

    def _boot(self, now: float) -> None:
        try:
            if self.conf_lost:
                raise BootFailure("FileNotFoundError: conf/.password_verification")
            plan = plan_of(self.instance, self._exchange, self._vault)
        except BootFailure as failure:
            self.phase = "dying"
            self.exit_at = max(now, self.started + self._exit_after)
            self._log("ERROR", "root", str(failure))
            return
        self._begin(plan)
        for level, logger, message in plan.greetings:
            self._log(level, logger, message)
        # Orders come a second after the connection, as measured.
        self._next_tick = now + 1.0
        self._next_config = now + CONFIG_INTERVAL
        self._mqtt.heartbeat(self.name, now)

    def _begin(self, plan: Plan) -> None:
        self.phase = "run"
        self._plan = plan
        for config in plan.configs:
            venue = Venue(
                self._exchange,
                self._vault,
                config.connector_name,
                config.trading_pair,
                self.instance.credentials[config.connector_name],
                self.name,
                self._log,
                partial(self._record, config.connector_name),
            )
            self.controllers.append(PmmV1(config, venue, self.instance.ledger(config.id), self._log))

    def _record(self, connector: str, trade: Trade) -> None:
        self.instance.changed = True
        self.instance.fills.append(Fill.of(trade, connector))

    def _reload(self) -> None:
        by_id = {content.get("id"): content for content in self.instance.controllers.values()}
        for controller in self.controllers:
            content = by_id.get(controller.config.id)
            if content is None:
                continue
            try:
                fresh = PMMV1Config(**content)
            except ValueError as error:
                self._log("ERROR", STRATEGY, f"Error loading controller config: {error}")
                continue
            controller.config = controller.config.updated(fresh)

    def _log(self, level: str, logger: str, message: str) -> None:
        if message.startswith("Created "):
            self.instance.orders_created += 1
        moment = self._clock.now()
        self.instance.changed = True
        self._mqtt.changed_logs.add(self.name)
        self.instance.log_file.append(f"{moment:%Y-%m-%d %H:%M:%S,%f} - {logger} - {level} - {message}")
        if self.connected:
            self._mqtt.log(
                self.name,
                {
                    "level_name": level,
                    "msg": message,
                    "timestamp": moment.timestamp(),
                    "level_no": _LEVELS[level],
                    "logger_name": logger,
                },
            )

    def snapshot(self) -> dict[str, Any]:
        """JSON-able copy of the process."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "config_ids": [c.config.model_dump(mode="json") for c in self.controllers],
            "controllers": [c.snapshot() for c in self.controllers],
        }

    def restore(self, data: dict[str, Any]) -> None:
        """Become the process that `snapshot` saw."""
        for name in _PLAIN:
            setattr(self, name, data[name])
        phase = self.phase
        if self.connected:
            try:
                complaints = plan_of(self.instance, self._exchange, self._vault).complaints
            except BootFailure:
                complaints = []
            self._begin(Plan([PMMV1Config(**c) for c in data["config_ids"]], [], complaints))
            for controller, state in zip(self.controllers, data["controllers"], strict=True):
                controller.restore(state)
        self.phase = phase


_PLAIN: Final = (
    "phase", "conf_lost", "started", "started_ms", "connect_at", "exit_at", "_stop_after",
    "_empty_report_after", "_exit_after", "_stop_at", "_next_tick", "_next_config", "_next_complaint",
)  # fmt: skip
