"""Everything that lives in a sandbox, the passing of its time, and its memory."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any, Final

from trading_bridge.sandbox.bots import Bot
from trading_bridge.sandbox.clock import SimulatedClock, utc_now
from trading_bridge.sandbox.connectors import sandbox_credentials, seed_exchange
from trading_bridge.sandbox.docker import Container, Docker
from trading_bridge.sandbox.exchange import Exchange, Rejected, Side, Trade
from trading_bridge.sandbox.exchange.flow import MAKER
from trading_bridge.sandbox.files import Files
from trading_bridge.sandbox.instances import TRADES_PER_CHUNK, Instance
from trading_bridge.sandbox.mqtt import Mqtt
from trading_bridge.sandbox.orchestrator import Orchestrator
from trading_bridge.sandbox.settings import SandboxSettings
from trading_bridge.sandbox.store import Store
from trading_bridge.sandbox.vault import Vault

LONGEST_STEP: Final = 0.5
"""Simulated seconds of one step: bots and exchange act in turns of at most this."""
LONGEST_ROUND: Final = 5.0
"""Simulated seconds that one round makes up for at most: while the machine slept or was busy, time stood still."""
CHECKPOINT_INTERVAL: Final = 5.0
CLIENT_ACCOUNT: Final = "client_sharp"

_log = logging.getLogger(__name__)


class World:
    """A sandbox without its HTTP side."""

    def __init__(self, settings: SandboxSettings, wall: Callable[[], datetime] = utc_now) -> None:
        """Continues what `state_dir` holds; sqlite3.Error, OSError or ValueError when that can't be read."""
        self.settings = settings
        self.clock = SimulatedClock(settings.speed, wall)
        self.exchange = Exchange(seed=settings.seed, now=self.clock.exchange_now)
        self.vault = Vault(self.exchange.keys, settings.url)
        self.files = Files()
        self.docker = Docker()
        self.mqtt = Mqtt()
        self.instances: dict[str, Instance] = {}
        self.archived: dict[str, Instance] = {}
        self.bots: dict[str, Bot] = {}
        self.orchestrator = Orchestrator(self)
        self.book_faults: dict[str, str] = {}
        self._random = Random(settings.seed)
        self._store = Store(settings.state_dir)
        self._frozen_until = 0.0
        self._round = asyncio.Event()
        self._touched = True
        self._removed: list[str] = []
        documents = self._store.read()
        if documents:
            self._restore(documents)
        else:
            self._begin()
        self.docker.on_start = self._start_process
        self.docker.on_exit = self._end_process
        for owner in {key.owner for key in self.exchange.keys}:
            self.exchange.on_trade(owner, self._traded)
        self.checkpoint()

    # -- time -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Let time pass until cancelled."""
        interval = min(0.25, max(0.02, LONGEST_STEP / self.clock.speed))
        before, saved = time.monotonic(), time.monotonic()
        while True:
            await asyncio.sleep(interval)
            moment = time.monotonic()
            passed, before = (moment - before) * self.clock.speed, moment
            self.advance(min(passed, max(LONGEST_ROUND, 3 * interval * self.clock.speed)))
            self._round.set()
            self._round = asyncio.Event()
            if moment - saved >= CHECKPOINT_INTERVAL:
                saved = moment
                self.checkpoint(force=True)

    def advance(self, seconds: float) -> None:
        """Let simulated seconds pass, in short steps."""
        while seconds > 1e-9:
            step = min(seconds, LONGEST_STEP)
            seconds -= step
            self.clock.advance(step)
            self.exchange.advance(step)
            self._apply_book_faults()
            now = self.clock.elapsed
            for bot in list(self.bots.values()):
                if not bot.step(now):
                    self.docker.exited(bot.name, 1)
            self.orchestrator.step(now)

    def freeze(self, seconds: float) -> None:
        """The API answers nobody for so many simulated seconds."""
        self._frozen_until = self.clock.elapsed + seconds

    @property
    def frozen(self) -> bool:
        """Whether the API answers nobody at present."""
        return self.clock.elapsed < self._frozen_until

    async def thawed(self) -> None:
        """Wait while the API is frozen."""
        while self.frozen:
            await self._round.wait()

    # -- bots -------------------------------------------------------------------------------------------

    def archive(self, name: str) -> bool:
        """Move a bot's directory to the archive; False when there is none."""
        instance = self.instances.pop(name, None)
        if instance is None:
            return False
        instance.changed = True
        self.archived[name] = instance
        self._removed.append(f"instance:{name}")
        self.touch()
        return True

    def forget_archived(self, name: str) -> bool:
        """Delete an archived directory; False when there is none."""
        instance = self.archived.pop(name, None)
        if instance is None:
            return False
        self._removed += [f"archived:{name}", *self._fill_names(instance)]
        self.touch()
        return True

    def crash(self, name: str) -> bool:
        """The container is killed; False when none of that name runs."""
        container = self.docker.find(name)
        if container is None or container.status != "running":
            return False
        self.docker.exited(name, 137)
        self.touch()
        return True

    def _start_process(self, container: Container) -> None:
        booting = sum(bot.phase == "boot" for bot in self.bots.values())
        instance = self.instances.setdefault(container.name, Instance(container.name, ""))
        self.bots[container.name] = Bot(
            instance, self.exchange, self.vault, self.mqtt, self.clock, self._random, busy=booting
        )
        self.touch()

    def _end_process(self, container: Container) -> None:
        self.bots.pop(container.name, None)
        self.touch()

    def _traded(self, trade: Trade) -> None:
        self.touch()
        for bot in self.bots.values():
            if bot.owns(trade):
                bot.filled(trade)

    def _apply_book_faults(self) -> None:
        for pair, fault in self.book_faults.items():
            for order in self.exchange.open_orders(MAKER, pair):
                if fault == "empty" or (fault == "no_bids") == (order.side is Side.BUY):
                    try:
                        self.exchange.cancel(MAKER, order.id)
                    except Rejected:  # pragma: no cover  (it was open a moment ago)
                        continue

    # -- memory -----------------------------------------------------------------------------------------

    def touch(self) -> None:
        """Something happened that no caller may see before it is stored."""
        self._touched = True

    def checkpoint(self, *, force: bool = False) -> None:
        """Store what happened since the last time, if anything did."""
        if not (self._touched or self.mqtt.changed_logs or force):
            return
        self._touched = False
        documents: dict[str, Any] = {
            "clock": {"elapsed": self.clock.elapsed, "frozen_until": self._frozen_until},
            "random": _random_state(self._random),
            "vault": self.vault.snapshot(),
            "files": self.files.snapshot(),
            "docker": self.docker.snapshot(),
            "orchestrator": self.orchestrator.snapshot(),
            "mqtt": self.mqtt.snapshot(),
            "exchange": self.exchange.snapshot(),
            "bots": {name: bot.snapshot() for name, bot in self.bots.items()},
        }
        for kind, instances in (("instance", self.instances), ("archived", self.archived)):
            for name, instance in instances.items():
                if instance.take_changed():
                    documents[f"{kind}:{name}"] = instance.snapshot()
                    documents.update(instance.fill_documents())
        for bot in self.mqtt.changed_logs:
            documents[f"logs:{bot}"] = self.mqtt.logs_snapshot(bot)
        self.mqtt.changed_logs = set()
        self._store.write(documents)
        self._store.remove(self._removed)
        self._removed = []

    def close(self) -> None:
        """Store everything and close the file."""
        self.checkpoint(force=True)
        self._store.close()

    def _begin(self) -> None:
        seed_exchange(self.exchange)
        self.vault.add_account(CLIENT_ACCOUNT)
        for connector in ("gate_io", "bitmart"):
            self.vault.store(CLIENT_ACCOUNT, connector, sandbox_credentials(connector))

    def _restore(self, documents: dict[str, Any]) -> None:
        self.clock.elapsed = documents["clock"]["elapsed"]
        self._frozen_until = documents["clock"]["frozen_until"]
        version, state, gauss = documents["random"]
        self._random.setstate((version, tuple(state), gauss))
        self.exchange.restore(documents["exchange"])
        self.exchange.refuse.clear()  # a fault, and faults end with the process
        self.vault.restore(documents["vault"])
        self.files.restore(documents["files"])
        self.docker.restore(documents["docker"])
        self.orchestrator.restore(documents["orchestrator"])
        logs = [(k.removeprefix("logs:"), v) for k, v in documents.items() if k.startswith("logs:")]
        self.mqtt.restore(documents["mqtt"], logs)
        for kind, instances in (("instance", self.instances), ("archived", self.archived)):
            for key, data in documents.items():
                if key.startswith(f"{kind}:"):
                    name = data["name"]
                    chunks = sorted(k for k in documents if k.startswith(f"fills:{name}:"))
                    instances[name] = Instance.restored(data, [row for k in chunks for row in documents[k]])
        for name, data in documents["bots"].items():
            bot = Bot(self.instances[name], self.exchange, self.vault, self.mqtt, self.clock, Random(0))
            bot.restore(data)
            self.bots[name] = bot
        _log.info("sandbox continues with %d bots", len(self.bots))

    @staticmethod
    def _fill_names(instance: Instance) -> list[str]:
        count = (len(instance.fills) + TRADES_PER_CHUNK - 1) // TRADES_PER_CHUNK
        return [f"fills:{instance.name}:{number:06d}" for number in range(count)]


def _random_state(random: Random) -> list[Any]:
    version, state, gauss = random.getstate()
    return [version, list(state), gauss]
