"""What Hummingbot API remembers of its bots' MQTT messages."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Final

LOGS_KEPT: Final = 100
"""Entries per bot and list (measured: observed.md section 3)."""
SEEN_SECONDS: Final = 30.0


class Mqtt:
    """Last reports, logs and signs of life by bot; times in simulated seconds.

    `silent` is the fault "broker down": nothing comes in, no command goes out, and the API goes on saying
    that it is connected (measured).
    """

    def __init__(self) -> None:
        self.silent = False
        self.changed_logs: set[str] = set()
        self._seen: dict[str, float] = {}
        self._reports: dict[str, dict[str, Any]] = {}
        self._general: dict[str, deque[dict[str, Any]]] = {}
        self._errors: dict[str, deque[dict[str, Any]]] = {}

    def heartbeat(self, bot: str, now: float) -> None:
        """A sign of life."""
        if not self.silent:
            self._seen[bot] = now

    def report(self, bot: str, reports: Mapping[str, Any]) -> None:
        """Controller reports by config id."""
        if not self.silent:
            self._reports.setdefault(bot, {}).update(reports)

    def log(self, bot: str, entry: dict[str, Any]) -> None:
        """A log entry; errors and the rest are kept apart."""
        if self.silent:
            return
        lists = self._errors if entry["level_name"] == "ERROR" else self._general
        lists.setdefault(bot, deque(maxlen=LOGS_KEPT)).append(entry)
        self.changed_logs.add(bot)

    def reports(self, bot: str) -> dict[str, Any]:
        """Controller reports of a bot by config id."""
        return self._reports.get(bot, {})

    def general_logs(self, bot: str) -> list[dict[str, Any]]:
        """All but errors, oldest first."""
        return list(self._general.get(bot, ()))

    def error_logs(self, bot: str) -> list[dict[str, Any]]:
        """Errors, oldest first."""
        return list(self._errors.get(bot, ()))

    def seen(self, bot: str, now: float) -> bool:
        """Whether it gave a sign of life within the last 30 s."""
        last = self._seen.get(bot)
        return last is not None and now - last < SEEN_SECONDS

    def discovered(self, now: float) -> list[str]:
        """Bots seen lately."""
        return [bot for bot in self._seen if self.seen(bot, now)]

    def clear_reports(self, bot: str) -> None:
        """Forget a bot's reports."""
        self._reports.pop(bot, None)

    def clear(self, bot: str) -> None:
        """Forget a bot."""
        for memory in (self._seen, self._reports, self._general, self._errors):
            memory.pop(bot, None)
        self.changed_logs.add(bot)

    def snapshot(self) -> dict[str, Any]:
        """JSON-able copy without the logs."""
        return {"seen": dict(self._seen), "reports": self._reports}

    def logs_snapshot(self, bot: str) -> list[list[dict[str, Any]]]:
        """JSON-able copy of one bot's logs."""
        return [self.general_logs(bot), self.error_logs(bot)]

    def restore(self, data: Mapping[str, Any], logs: Iterable[tuple[str, list[list[dict[str, Any]]]]]) -> None:
        """Become what the snapshots saw."""
        self._seen = dict(data["seen"])
        self._reports = {bot: dict(reports) for bot, reports in data["reports"].items()}
        for bot, (general, errors) in logs:
            if general:
                self._general[bot] = deque(general, maxlen=LOGS_KEPT)
            if errors:
                self._errors[bot] = deque(errors, maxlen=LOGS_KEPT)
