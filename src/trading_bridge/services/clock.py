"""The one source of the present time, so that tests can have another."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


def midnight_of(now: datetime) -> datetime:
    """The start of the day (UTC) that `now` is in: P&L "today" counts from there."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
