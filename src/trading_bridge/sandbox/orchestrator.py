"""Hummingbot API's view of its bots: discovery, computed status, stop, and stop-and-archive.

Rules: hummingbot-api.md ("Status is computed, not known") and observed.md sections 3 and 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from trading_bridge.sandbox.runs import SNAPSHOT_INTERVAL, Runs

if TYPE_CHECKING:
    from trading_bridge.sandbox.world import World

DISCOVERY_INTERVAL: Final = 1.0
ARCHIVE_WAIT: Final = 15.0
STOP_SECONDS: Final = 10.0
"""A container ignores SIGTERM and is killed after so long; the whole API stands still meanwhile (measured)."""


@dataclass
class ArchiveJob:
    """A stop-and-archive under way. `phase`: wait (the bot winds down), halt (docker stop)."""

    bot: str
    phase: str
    due: float


class Orchestrator:
    """Bots in the active list by name -> source (docker or mqtt)."""

    def __init__(self, world: World) -> None:
        self.active: dict[str, str] = {}
        self.runs = Runs()
        self._world = world
        self._stopping: set[str] = set()
        self._jobs: list[ArchiveJob] = []
        self._next_discovery = 0.0
        self._next_snapshot = SNAPSHOT_INTERVAL

    def step(self, now: float) -> None:
        """Discover, archive, take performance snapshots."""
        self._archive(now)
        if now >= self._next_discovery:
            self._next_discovery = now + DISCOVERY_INTERVAL
            self._discover(now)
        if now >= self._next_snapshot:
            self._next_snapshot = now + SNAPSHOT_INTERVAL
            self._snapshot_performance()

    # -- status -----------------------------------------------------------------------------------------

    def status(self, bot: str) -> dict[str, Any]:
        """A bot's status as /bot-orchestration/{bot}/status gives it."""
        if bot not in self.active:
            return {"status": "not_found", "error": f"Bot {bot} not found"}
        mqtt = self._world.mqtt
        performance = {
            config_id: {
                "status": "running",
                "performance": report.get("performance", report),
                "custom_info": report.get("custom_info", {}),
            }
            for config_id, report in mqtt.reports(bot).items()
        }
        seen = mqtt.seen(bot, self._world.clock.elapsed)
        status = "stopped"
        if performance:
            status = "running" if seen else "idle"
        return {
            "status": status,
            "performance": performance,
            "error_logs": mqtt.error_logs(bot),
            "general_logs": mqtt.general_logs(bot),
            "recently_active": seen,
        }

    def all_statuses(self) -> dict[str, dict[str, Any]]:
        """All listed bots with their source."""
        return {
            bot: {**self.status(bot), "source": source}
            for bot, source in self.active.items()
            if bot not in self._stopping
        }

    # -- commands ---------------------------------------------------------------------------------------

    def publish(self, bot: str) -> dict[str, Any]:
        """Whether a command to that bot can be published: the `response` of start-bot and stop-bot."""
        if bot not in self.active:
            return {"success": False, "message": f"Bot {bot} not found"}
        return {"success": not self._world.mqtt.silent}

    def stop(self, bot: str) -> dict[str, Any]:
        """Publish stop; the report is forgotten at once, the bot acts within the next seconds."""
        response = self.publish(bot)
        if response["success"]:
            process = self._world.bots.get(bot)
            if process is not None:
                process.stop(self._world.clock.elapsed)
            self._world.mqtt.clear_reports(bot)
            self._world.touch()
        return response

    def stop_and_archive(self, bot: str) -> None:
        """Begin the background job; the caller has checked that the bot is active."""
        self.runs.stopped(bot, self._world.clock.now(), self.status(bot))
        self._stopping.add(bot)
        self._world.touch()
        if not self.stop(bot)["success"]:
            self._finish(bot)
            return
        self._jobs.append(ArchiveJob(bot, "wait", self._world.clock.elapsed + ARCHIVE_WAIT))

    # -- background -------------------------------------------------------------------------------------

    def _discover(self, now: float) -> None:
        world = self._world
        if world.docker.down:
            return  # measured: the list freezes
        by_docker = [c.name for c in reversed(world.docker.listed("running"))]
        found = [b for b in [*by_docker, *world.mqtt.discovered(now)] if b not in self._stopping]
        for bot in list(self.active):
            if bot not in found:
                world.mqtt.clear(bot)
                del self.active[bot]
                world.touch()
        for bot in found:
            if bot not in self.active:
                self.active[bot] = "docker" if bot in by_docker else "mqtt"
                world.touch()

    def _archive(self, now: float) -> None:
        for job in list(self._jobs):
            if now < job.due or self._world.docker.down:
                continue
            container = self._world.docker.find(job.bot)
            if job.phase == "wait" and container is not None and container.status == "running":
                job.phase, job.due = "halt", now + STOP_SECONDS
                self._world.freeze(STOP_SECONDS)
                continue
            self._jobs.remove(job)
            if container is not None:
                self._world.docker.exited(job.bot, 137)
                self._world.archive(job.bot)
                self._world.docker.remove(job.bot)
                self.runs.archived(job.bot, self._world.clock.now())
            self._finish(job.bot)

    def _finish(self, bot: str) -> None:
        self._stopping.discard(bot)
        self._world.touch()
        # Logs and reports go, the last sign of life stays: the bot comes back as a ghost for up to 30 s.
        self.active.pop(bot, None)

    def _snapshot_performance(self) -> None:
        moment = self._world.clock.now().isoformat()
        rows = [
            {
                "timestamp": moment,
                "bot_name": bot,
                "controller_id": config_id,
                "status": entry["status"],
                "performance": entry["performance"],
                "custom_info": entry["custom_info"],
            }
            for bot in self.active
            if bot not in self._stopping
            for config_id, entry in self.status(bot)["performance"].items()
        ]
        self.runs.snapshot_performance(rows)

    def snapshot(self) -> dict[str, Any]:
        """JSON-able copy."""
        return {
            "active": dict(self.active),
            "stopping": sorted(self._stopping),
            "jobs": [asdict(job) for job in self._jobs],
            "next": [self._next_discovery, self._next_snapshot],
            "runs": self.runs.snapshot(),
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Replace everything by what `snapshot` gave."""
        self.active = dict(data["active"])
        self._stopping = set(data["stopping"])
        self._jobs = [ArchiveJob(**row) for row in data["jobs"]]
        self._next_discovery, self._next_snapshot = data["next"]
        self.runs.restore(data["runs"])
