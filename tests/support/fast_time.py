"""Calendars for tests: one that goes with a sandbox's simulated time, one that is moved by hand."""

from datetime import UTC, datetime, timedelta

from trading_bridge.sandbox.world import World


class SandboxCalendar:
    """Calendar time for bridge and sandbox alike: it passes as the sandbox's simulated time does, and stands still
    while that does, so that minutes of patience pass in seconds and a busy machine makes nobody impatient."""

    def __init__(self) -> None:
        self._began = datetime.now(UTC)
        self._world: World | None = None

    def follow(self, world: World) -> None:
        """Go with this sandbox from now on."""
        self._world = world

    def __call__(self) -> datetime:
        elapsed = 0.0 if self._world is None else self._world.clock.elapsed
        return self._began + timedelta(seconds=elapsed)


class HandClock:
    """Calendar time that stands still until it is moved by hand; aware UTC."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **duration: float) -> None:
        """Let time pass, as `timedelta` takes it: seconds=, minutes=, hours=, days=."""
        self.now += timedelta(**duration)
