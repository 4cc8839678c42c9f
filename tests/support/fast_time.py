"""A calendar that runs faster than the machine's, shared by bridge and sandbox: minutes of patience pass in seconds."""

import time
from datetime import UTC, datetime, timedelta


class FastClock:
    """Calendar time that began when this was made and runs `speed` times as fast; aware UTC."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._began = datetime.now(UTC)
        self._mark = time.monotonic()

    def __call__(self) -> datetime:
        return self._began + timedelta(seconds=(time.monotonic() - self._mark) * self.speed)


class HandClock:
    """Calendar time that stands still until it is moved by hand; aware UTC."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **duration: float) -> None:
        """Let time pass, as `timedelta` takes it: seconds=, minutes=, hours=, days=."""
        self.now += timedelta(**duration)
