"""A small memory of recent look-ups, so that not every request is a query."""

from datetime import datetime, timedelta
from typing import Generic, TypeVar

from trading_bridge.services.clock import Clock

MOST = 2000

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """Values by key, each trusted for a while after it was looked up. At most MOST; the oldest goes first."""

    def __init__(self, clock: Clock, trusted: timedelta) -> None:
        self._clock = clock
        self._trusted = trusted
        self._values: dict[str, tuple[datetime, Value]] = {}

    def get(self, key: str) -> Value | None:
        """The value, or None when it is unknown or too old to be trusted."""
        found = self._values.get(key)
        if found is None or found[0] + self._trusted <= self._clock():
            return None
        return found[1]

    def put(self, key: str, value: Value) -> None:
        """Remember a value. One that is remembered keeps its time, so that use alone never prolongs trust."""
        known = self._values.get(key)
        now = self._clock()
        since = known[0] if known is not None and known[0] + self._trusted > now else now
        self._values.pop(key, None)
        self._values[key] = (since, value)
        while len(self._values) > MOST:
            self._values.pop(next(iter(self._values)))

    def forget(self, key: str) -> None:
        self._values.pop(key, None)
