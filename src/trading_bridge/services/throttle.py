"""Slowing down guesses: after some failures in a row an account or an address has to wait, ever longer."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import ClassVar

from trading_bridge.domain.errors import TooManyRequests
from trading_bridge.services.clock import Clock
from trading_bridge.storage.database import Database
from trading_bridge.storage.users import ThrottleRepository

FREE_FAILURES_ACCOUNT = 5
FREE_FAILURES_ADDRESS = 20  # an office shares one address
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(minutes=15)
FORGET_AFTER = timedelta(days=1)


class SignInBlocked(TooManyRequests):
    """Too many failed sign-ins; `retry_after` seconds to wait, told to the person too."""

    code: ClassVar[str] = "too_many_requests"

    def __init__(self, seconds: int) -> None:
        wait = f"{seconds} s" if seconds < 120 else f"{ceil(seconds / 60)} min"
        super().__init__(
            f"Too many failed sign-ins. Try again in {wait}.",
            hint="The wait grows with each further failure; the right password does not shorten it.",
        )
        self.retry_after = seconds


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in that is being tried: the keys it counts against."""

    account: str
    address: str


class SignInThrottle:
    """Counts an attempt as a failure before the password is looked at: parallel guesses gain nothing."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, email: str, address: str) -> Attempt:
        """Count one attempt. Raises SignInBlocked while the account or the address has to wait."""
        now = self._clock()
        account_key, address_key = f"account:{_short(email)}", f"address:{_short(address)}"
        async with self._database.writing() as connection:
            rows = ThrottleRepository(connection)
            await rows.forget_before(now - FORGET_AFTER)
            for key, free in ((account_key, FREE_FAILURES_ACCOUNT), (address_key, FREE_FAILURES_ADDRESS)):
                failures, blocked_until = await rows.count(key, now)
                if blocked_until is not None and blocked_until > now:
                    # leaving the block by an exception takes this count back
                    raise SignInBlocked(max(1, ceil((blocked_until - now).total_seconds())))
                if (wait := _wait_after(failures, free)) is not None:
                    await rows.block(key, now + wait)
        return Attempt(account_key, address_key)

    async def succeeded(self, attempt: Attempt) -> None:
        """The password was right: the account starts afresh; of its address only this attempt is forgotten,
        so that a valid account of one's own does not buy more guesses at others."""
        async with self._database.writing() as connection:
            rows = ThrottleRepository(connection)
            await rows.forget(attempt.account)
            await rows.discount(attempt.address)


def _wait_after(failures: int, free: int) -> timedelta | None:
    if failures < free:
        return None
    return min(FIRST_WAIT * (1 << min(failures - free, 20)), LONGEST_WAIT)


def _short(text: str) -> str:
    """Keys have a fixed length, whatever was typed; what was typed is not kept."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
