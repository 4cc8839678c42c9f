"""The API's own records: bot runs, and the performance snapshots that it takes every five minutes."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

SNAPSHOT_INTERVAL: Final = 300.0
SNAPSHOTS_KEPT: Final = 2000


@dataclass
class BotRun:
    """One row of bot-runs; field order is the wire's (measured: observed.md section 4)."""

    id: int
    bot_name: str
    instance_name: str
    deployed_at: str
    stopped_at: str | None
    strategy_type: str
    strategy_name: str
    config_name: str | None
    account_name: str
    image_version: str
    deployment_status: str
    run_status: str
    deployment_config: str
    final_status: str | None = None
    error_message: str | None = None


class Runs:
    """Bot runs, newest first when listed; never RUNNING or ERROR, as measured."""

    def __init__(self) -> None:
        self._runs: list[BotRun] = []
        self._next = 1
        self._snapshots: deque[dict[str, Any]] = deque(maxlen=SNAPSHOTS_KEPT)

    def add(
        self,
        bot: str,
        now: datetime,
        *,
        strategy: tuple[str, str],
        config_name: str | None,
        account: str,
        image: str,
        deployment: Mapping[str, Any],
    ) -> None:
        """Record a deployment; `strategy` is (type, name)."""
        kind, name = strategy
        self._runs.append(
            BotRun(
                self._next, bot, bot, now.isoformat(), None, kind, name, config_name, account, image,
                "DEPLOYED", "CREATED", json.dumps(deployment),
            )
        )  # fmt: skip
        self._next += 1

    def stopped(self, bot: str, now: datetime, final_status: Mapping[str, Any] | None) -> None:
        """Mark a bot's run STOPPED with its last status; a run that is STOPPED already stays as it is."""
        for run in reversed(self._runs):
            if run.bot_name == bot and run.run_status == "CREATED":
                run.run_status, run.stopped_at = "STOPPED", now.isoformat()
                run.final_status = json.dumps(final_status) if final_status else None
                return

    def archived(self, bot: str, now: datetime) -> None:
        """Mark a bot's run ARCHIVED."""
        for run in reversed(self._runs):
            if run.bot_name == bot:
                run.deployment_status, run.stopped_at = "ARCHIVED", now.isoformat()
                return

    def listed(self, filters: Mapping[str, str | None], limit: int, offset: int) -> list[dict[str, Any]]:
        """A page of rows, newest first; filters compare whole values."""
        wanted = {name: value for name, value in filters.items() if value}
        rows = [asdict(run) for run in reversed(self._runs)]
        rows = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
        return rows[offset : offset + limit]

    def find(self, run_id: int) -> dict[str, Any] | None:
        """One row."""
        return next((asdict(run) for run in self._runs if run.id == run_id), None)

    def remove(self, run_id: int) -> None:
        """Delete one row."""
        self._runs = [run for run in self._runs if run.id != run_id]

    def remove_bot(self, bot: str) -> int:
        """Delete all rows of a bot; how many there were."""
        before = len(self._runs)
        self._runs = [run for run in self._runs if run.bot_name != bot]
        return before - len(self._runs)

    def stats(self) -> dict[str, Any]:
        """Counts; active_runs stays 0, as measured."""
        return {
            "total_runs": len(self._runs),
            "active_runs": 0,
            "strategy_type_counts": dict(Counter(run.strategy_type for run in self._runs)),
            "status_counts": dict(Counter(run.run_status for run in self._runs)),
        }

    def snapshot_performance(self, rows: list[dict[str, Any]]) -> None:
        """Keep what the controllers reported at this moment."""
        self._snapshots.extend(rows)

    def performance_history(self, bot: str | None, controller: str | None, limit: int) -> list[dict[str, Any]]:
        """Performance snapshots, newest first."""
        rows = [
            row
            for row in reversed(self._snapshots)
            if bot in {None, row["bot_name"]} and controller in {None, row["controller_id"]}
        ]
        return rows[:limit]

    def latest_performance(self, bot: str | None) -> list[dict[str, Any]]:
        """The newest snapshot of every controller."""
        newest: dict[tuple[str, str], dict[str, Any]] = {}
        for row in self._snapshots:
            if bot in {None, row["bot_name"]}:
                newest[row["bot_name"], row["controller_id"]] = row
        return list(newest.values())

    def snapshot(self) -> dict[str, Any]:
        """JSON-able copy."""
        return {"next": self._next, "runs": [asdict(r) for r in self._runs], "performance": list(self._snapshots)}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Replace everything by what `snapshot` gave."""
        self._next = data["next"]
        self._runs = [BotRun(**row) for row in data["runs"]]
        self._snapshots = deque(data["performance"], maxlen=SNAPSHOTS_KEPT)
