"""Time in the sandbox: durations run at a chosen speed, calendar time is the machine's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def utc_now() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


class SimulatedClock:
    """`elapsed` counts simulated seconds since the sandbox was first created; a pause does not count.

    Calendar time (`now`) is not sped up: a fill never lies in the caller's future, whatever the speed.
    """

    def __init__(self, speed: float = 1.0, wall: Callable[[], datetime] = utc_now) -> None:
        self.speed = speed
        self.elapsed = 0.0
        self.exchange_skew = 0.0
        self._wall = wall

    def now(self) -> datetime:
        """Calendar time, aware UTC."""
        return self._wall()

    def exchange_now(self) -> datetime:
        """The exchange's calendar: off by `exchange_skew` seconds when that fault is set."""
        return self._wall() + timedelta(seconds=self.exchange_skew)

    def timestamp(self) -> float:
        """Unix seconds, as Hummingbot writes them."""
        return self._wall().timestamp()

    def advance(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.elapsed += seconds

    def real(self, seconds: float) -> float:
        """Seconds of the machine for that many simulated ones."""
        return seconds / self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait for simulated seconds."""
        await asyncio.sleep(self.real(seconds))
