"""Sign-in on both databases, with a clock of our own."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from trading_bridge.domain.access import EVERY_SCOPE, Role
from trading_bridge.domain.errors import Unauthenticated
from trading_bridge.services.sign_in import ABSOLUTE_TIMEOUT, IDLE_TIMEOUT, TRUST_FOR, SignInService
from trading_bridge.services.throttle import FREE_FAILURES_ACCOUNT, FREE_FAILURES_ADDRESS, SignInBlocked
from trading_bridge.settings import Settings
from trading_bridge.storage.database import Database
from trading_bridge.storage.schema import migrate
from trading_bridge.storage.tables import api_tokens, sessions, sign_in_throttle, users

EMAIL, PASSWORD, TOKEN = "ana@firm.test", "correct-horse-1", "token-of-the-tests"
# cheap: what is tested here is who gets in, not how long hashing takes
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Clock:
    """A time that only the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        self.now += by


Make = Callable[..., Awaitable[SignInService]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    await migrate(opened)
    yield opened
    await opened.close()


@pytest.fixture
def make(database: Database, clock: Clock, tmp_path: Path) -> Make:
    """A service as a (re)start makes it, with these settings."""

    async def build(hasher: PasswordHasher = QUICK, **changed: Any) -> SignInService:
        given = {"home": tmp_path, "admin_email": EMAIL, "admin_password": PASSWORD, "admin_token": TOKEN, **changed}
        service = SignInService(database, Settings.model_validate(given), clock, hasher)
        await service.ensure_admin()
        return service

    return build


async def column(database: Database, of: Any) -> list[Any]:
    async with database.reading() as connection:
        return list((await connection.execute(select(of))).scalars())


async def test_nothing_that_opens_a_door_is_stored(make: Make, database: Database) -> None:
    service = await make()
    session = await service.sign_in(EMAIL, PASSWORD, "10.0.0.1")

    [password_hash] = await column(database, users.c.password_hash)
    [id_hash] = await column(database, sessions.c.id_hash)
    [token_hash] = await column(database, api_tokens.c.token_hash)
    assert password_hash.startswith("$argon2id$")
    assert PASSWORD not in password_hash
    assert id_hash not in {session.key, hashlib.sha256(session.key.encode()).hexdigest()}
    assert token_hash == hashlib.sha256(TOKEN.encode()).hexdigest()
    assert (await column(database, users.c.email), await column(database, users.c.role)) == ([EMAIL], ["admin"])


async def test_a_session_is_found_until_it_is_ended(make: Make) -> None:
    service = await make()
    session = await service.sign_in(f" {EMAIL.upper()} ", PASSWORD, "10.0.0.1")

    assert await service.find_session(session.key) == session
    assert (session.email, session.role) == (EMAIL, Role.ADMIN)
    assert await service.find_session(session.key + "x") is None
    assert await service.find_session("") is None
    assert await service.find_session("é\x00") is None
    await service.sign_out(session.key)
    assert await service.find_session(session.key) is None


async def test_an_idle_session_ends(make: Make, clock: Clock) -> None:
    service = await make()
    session = await service.sign_in(EMAIL, PASSWORD, "10.0.0.1")

    clock.move(IDLE_TIMEOUT - timedelta(seconds=1))
    assert await service.find_session(session.key) is not None  # and this was activity
    clock.move(IDLE_TIMEOUT - timedelta(seconds=1))
    assert await service.find_session(session.key, touch=False) is not None  # and this was none
    clock.move(timedelta(seconds=1))
    assert await service.find_session(session.key) is None


async def test_an_old_session_ends_however_busy(make: Make, clock: Clock) -> None:
    service = await make()
    session = await service.sign_in(EMAIL, PASSWORD, "10.0.0.1")

    end = clock.now + ABSOLUTE_TIMEOUT
    while clock.now + timedelta(hours=4) < end:
        clock.move(timedelta(hours=4))
        assert await service.find_session(session.key) is not None
    clock.move(timedelta(hours=4))
    assert await service.find_session(session.key) is None


async def test_a_session_ended_by_another_process_ends_here_soon(make: Make, clock: Clock) -> None:
    here, there = await make(), await make()
    session = await here.sign_in(EMAIL, PASSWORD, "10.0.0.1")
    assert await here.find_session(session.key) is not None

    await there.sign_out(session.key)
    clock.move(TRUST_FOR)

    assert await here.find_session(session.key) is None


async def test_use_alone_never_prolongs_trust(make: Make, clock: Clock) -> None:
    here, there = await make(), await make()
    session = await here.sign_in(EMAIL, PASSWORD, "10.0.0.1")
    await here.find_session(session.key)
    await there.sign_out(session.key)

    for _ in range(4):
        clock.move(TRUST_FOR / 5)
        assert await here.find_session(session.key) is not None
    clock.move(TRUST_FOR / 5)

    assert await here.find_session(session.key) is None


async def test_ended_sessions_leave_the_table(make: Make, database: Database, clock: Clock) -> None:
    service = await make()
    for _ in range(3):
        await service.sign_in(EMAIL, PASSWORD, "10.0.0.1")
    clock.move(IDLE_TIMEOUT + timedelta(minutes=1))
    await service.sign_in(EMAIL, PASSWORD, "10.0.0.1")

    assert len(await column(database, sessions.c.id_hash)) == 1


@pytest.mark.parametrize(
    ("email", "password"),
    [(EMAIL, "wrong"), (EMAIL, ""), (EMAIL, PASSWORD + "x" * 2000), ("nobody@firm.test", PASSWORD), ("", ""),
     (EMAIL, "\ud800"), ("a\x00b", PASSWORD), ("x" * 5000, PASSWORD), (EMAIL, PASSWORD.upper())],
)  # fmt: skip
async def test_everybody_else_gets_one_answer(make: Make, email: str, password: str) -> None:
    service = await make()

    with pytest.raises(Unauthenticated) as caught:
        await service.sign_in(email, password, "10.0.0.1")

    assert caught.value.message == "E-mail address or password is wrong."


async def test_an_unknown_user_costs_one_hash_too(make: Make) -> None:
    verified: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
            verified.append(str(hash))
            return super().verify(hash, password)

    service = await make(Counting(time_cost=1, memory_cost=8, parallelism=1))
    for email in (EMAIL, "nobody@firm.test"):
        with pytest.raises(Unauthenticated):
            await service.sign_in(email, "wrong", "10.0.0.1")

    assert len(verified) == 2
    assert verified[0] != verified[1]
    assert verified[0].rpartition("$")[0].rpartition("$")[0] == verified[1].rpartition("$")[0].rpartition("$")[0]


async def test_waits_grow_and_end(make: Make, clock: Clock) -> None:
    service = await make()
    waits = []
    for _ in range(FREE_FAILURES_ACCOUNT + 8):
        with pytest.raises((Unauthenticated, SignInBlocked)):
            await service.sign_in(EMAIL, "wrong", "10.0.0.1")
        try:
            await service.sign_in(EMAIL, "wrong", "10.0.0.2")
        except SignInBlocked as blocked:
            waits.append(blocked.retry_after)
            clock.move(timedelta(seconds=blocked.retry_after))
        except Unauthenticated:
            pass

    assert waits[:4] == [10, 20, 40, 80]
    assert max(waits) == 900
    session = await service.sign_in(EMAIL, PASSWORD, "10.0.0.1")  # the wait is over: the right password fits
    assert await service.find_session(session.key) is not None
    with pytest.raises(Unauthenticated):  # and the account starts afresh
        await service.sign_in(EMAIL, "wrong", "10.0.0.1")


async def test_the_right_password_does_not_shorten_the_wait(make: Make) -> None:
    service = await make()
    for _ in range(FREE_FAILURES_ACCOUNT):
        with pytest.raises(Unauthenticated):
            await service.sign_in(EMAIL, "wrong", "10.0.0.1")

    with pytest.raises(SignInBlocked, match="Try again in 10 s") as caught:
        await service.sign_in(EMAIL, PASSWORD, "10.9.9.9")
    assert caught.value.status == 429


async def test_an_address_is_slowed_down_over_all_accounts(make: Make) -> None:
    service = await make()
    for number in range(FREE_FAILURES_ADDRESS):
        with pytest.raises(Unauthenticated):
            await service.sign_in(f"user{number}@firm.test", "wrong", "10.0.0.1")

    with pytest.raises(SignInBlocked):
        await service.sign_in(EMAIL, PASSWORD, "10.0.0.1")
    await service.sign_in(EMAIL, PASSWORD, "10.0.0.2")


async def test_an_account_of_ones_own_buys_no_guesses(make: Make, database: Database) -> None:
    service = await make()
    for number in range(FREE_FAILURES_ADDRESS - 1):
        with pytest.raises(Unauthenticated):
            await service.sign_in(f"user{number}@firm.test", "wrong", "10.0.0.1")
    await service.sign_in(EMAIL, PASSWORD, "10.0.0.1")

    assert max(await column(database, sign_in_throttle.c.failures)) == FREE_FAILURES_ADDRESS - 1


async def test_guesses_at_once_gain_nothing(make: Make) -> None:
    service = await make()

    outcomes = await asyncio.gather(
        *(service.sign_in(EMAIL, f"guess {number}", "10.0.0.1") for number in range(30)), return_exceptions=True
    )

    kinds = [type(outcome) for outcome in outcomes]
    assert kinds.count(Unauthenticated) == FREE_FAILURES_ACCOUNT
    assert kinds.count(SignInBlocked) == 30 - FREE_FAILURES_ACCOUNT


async def test_a_throttle_keeps_no_names_and_forgets(make: Make, database: Database, clock: Clock) -> None:
    service = await make()
    with pytest.raises(Unauthenticated):
        await service.sign_in("nobody@firm.test", "wrong", "10.0.0.1")
    assert not [key for key in await column(database, sign_in_throttle.c.key) if "nobody" in key or "10.0" in key]

    clock.move(timedelta(days=1, seconds=1))
    await service.sign_in(EMAIL, PASSWORD, "10.0.0.2")
    assert len(await column(database, sign_in_throttle.c.key)) == 1


async def test_a_token_is_found_by_itself_only(make: Make, database: Database, clock: Clock) -> None:
    service = await make()

    use = await service.find_token(TOKEN)
    assert use is not None
    assert (use.name, use.email, use.scopes) == ("admin", EMAIL, EVERY_SCOPE)
    for wrong in ("", TOKEN + "x", TOKEN[:-1], TOKEN.upper(), "é", "\ud800"):
        assert await service.find_token(wrong) is None
    assert await column(database, api_tokens.c.last_used_at) == [clock.now]


async def test_the_time_of_use_is_written_once_a_minute(make: Make, database: Database, clock: Clock) -> None:
    service = await make()
    first = clock.now
    for _ in range(5):
        await service.find_token(TOKEN)
        clock.move(timedelta(seconds=11))
    assert await column(database, api_tokens.c.last_used_at) == [first]
    clock.move(timedelta(seconds=10))
    await service.find_token(TOKEN)
    assert await column(database, api_tokens.c.last_used_at) == [clock.now]


async def test_a_start_without_presets_makes_up_what_is_missing_once(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    service = SignInService(database, Settings(home=tmp_path), clock, QUICK)

    first = await service.ensure_admin()
    second = await SignInService(database, Settings(home=tmp_path), clock, QUICK).ensure_admin()

    assert first.email == second.email == "admin@localhost"
    assert first.new_password is not None
    assert first.new_token is not None
    assert (second.new_password, second.new_token) == (None, None)
    await service.sign_in(first.email, first.new_password, "10.0.0.1")
    assert await service.find_token(first.new_token)


async def test_changed_presets_replace_what_is_stored(make: Make, database: Database, clock: Clock) -> None:
    before = await make()
    session = await before.sign_in(EMAIL, PASSWORD, "10.0.0.1")

    after = await make(admin_email="new@firm.test", admin_password="another-horse-2", admin_token="another-token-2")

    clock.move(TRUST_FOR)
    assert await after.find_session(session.key) is None  # a new password signs everybody out
    assert await after.find_token(TOKEN) is None
    assert await after.find_token("another-token-2")
    await after.sign_in("new@firm.test", "another-horse-2", "10.0.0.1")
    with pytest.raises(Unauthenticated):
        await after.sign_in(EMAIL, PASSWORD, "10.0.0.1")
    async with database.reading() as connection:
        assert (await connection.execute(select(func.count()).select_from(users))).scalar() == 1


async def test_unchanged_presets_change_nothing(make: Make, database: Database) -> None:
    before = await make()
    session = await before.sign_in(EMAIL, PASSWORD, "10.0.0.1")
    hashes = await column(database, users.c.password_hash)

    after = await make()

    assert await after.find_session(session.key) is not None
    assert await column(database, users.c.password_hash) == hashes


async def test_a_new_secret_key_signs_everybody_out(make: Make) -> None:
    before = await make()
    session = await before.sign_in(EMAIL, PASSWORD, "10.0.0.1")

    after = await make(secret_key="kJ8sd0fLq2Zx7Vb4Nm1Qw9Er6Ty3Ui5OpAs")

    assert await after.find_session(session.key) is None


async def test_a_stronger_hash_is_taken_up_at_sign_in(make: Make, database: Database) -> None:
    await make()
    service = await make(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))

    await service.sign_in(EMAIL, PASSWORD, "10.0.0.1")

    [stored] = await column(database, users.c.password_hash)
    assert "m=16,t=2" in stored
    await service.sign_in(EMAIL, PASSWORD, "10.0.0.1")
