"""Who is asking: sign-in with a password, browser sessions, API tokens, and the administrator's presets.

Nothing stored opens a door: passwords are kept as argon2id, session keys sealed, tokens as SHA-256.
"""

import asyncio
import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from trading_bridge.domain.access import EVERY_SCOPE, Role, Session, TokenUse, User
from trading_bridge.domain.errors import Unauthenticated
from trading_bridge.logs import logger, register_secret
from trading_bridge.services.clock import Clock, utc_now
from trading_bridge.services.identity import new_id
from trading_bridge.services.recent import Recent
from trading_bridge.services.throttle import SignInThrottle
from trading_bridge.settings import Settings
from trading_bridge.storage.database import Database
from trading_bridge.storage.sessions import SessionRepository
from trading_bridge.storage.tokens import TokenRepository
from trading_bridge.storage.users import UserRepository

IDLE_TIMEOUT = timedelta(hours=8)
ABSOLUTE_TIMEOUT = timedelta(days=7)
TOUCH_EVERY = timedelta(minutes=1)  # last_seen_at and last_used_at are written at most so often
TRUST_FOR = timedelta(seconds=5)  # how long a look-up is remembered: another process may have ended the session
LONGEST_PASSWORD = 1024
HASHES_AT_ONCE = 2  # each takes 64 MiB and a core for some 50 ms
ADMIN_TOKEN = "admin"  # noqa: S105  (a token's name)

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class AdminLogin:
    """How the administrator gets in. `new_password` and `new_token` only when they were made up just now."""

    email: str
    new_password: str | None
    new_token: str | None


class SignInService:
    """Opens, finds and ends sessions; finds tokens. Safe to call from many requests at once."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        clock: Clock = utc_now,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._hasher = hasher or PasswordHasher()
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)
        self._throttle = SignInThrottle(database, clock)
        self._sealing_key = settings.sealing_key()
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))
        self._sessions: Recent[Session] = Recent(clock, TRUST_FOR)
        self._tokens: Recent[TokenUse] = Recent(clock, TRUST_FOR)

    # ── the administrator ───────────────────────────────────────────────────────────────────────

    async def ensure_admin(self) -> AdminLogin:
        """At start-up: the administrator exists, with the e-mail, password and token that the settings name.

        What the settings leave open is made up at the first start, and answered this once.
        """
        settings, now = self._settings, self._clock()
        password = _clear(settings.admin_password)
        async with self._database.reading() as connection:
            admins = await UserRepository(connection).with_role(Role.ADMIN)
        new_password = None
        if admins:
            admin = await self._follow_settings(admins[0], password)
        else:
            if not password:
                password = new_password = secrets.token_urlsafe(15)
                register_secret(password)
            admin = User(
                new_id("user"),
                settings.admin_email.lower(),
                await self._hash(password),
                Role.ADMIN,
                now,
                None,
            )
            async with self._database.writing() as connection:
                await UserRepository(connection).add(admin)
            _log.info("admin_created", email=admin.email)
        return AdminLogin(admin.email, new_password, await self._ensure_admin_token(admin, now))

    async def _follow_settings(self, admin: User, password: str | None) -> User:
        email = self._settings.admin_email.lower()
        renamed = "admin_email" in self._settings.model_fields_set and email != admin.email
        new_hash = None
        if password and not await self._verify(admin.password_hash, password):
            new_hash = await self._hash(password)
        if not renamed and new_hash is None:
            return admin
        async with self._database.writing() as connection:
            users = UserRepository(connection)
            if renamed:
                await users.set_email(admin.id, email)
            if new_hash is not None:
                await users.set_password_hash(admin.id, new_hash)
                await SessionRepository(connection).remove_of(admin.id)
        _log.info("admin_changed", email_changed=renamed, signed_out=new_hash is not None)
        return replace(admin, email=email if renamed else admin.email)

    async def _ensure_admin_token(self, admin: User, now: datetime) -> str | None:
        """Store the preset token; without one, make one up unless there is one already."""
        preset = _clear(self._settings.admin_token)
        async with self._database.reading() as connection:
            stored = await TokenRepository(connection).hash_named(ADMIN_TOKEN, admin.id)
        if preset is None and stored is not None:
            return None
        token = preset or f"tb_{secrets.token_urlsafe(32)}"
        register_secret(token)
        if stored != _sha256(token):
            async with self._database.writing() as connection:
                tokens = TokenRepository(connection)
                await tokens.remove_named(ADMIN_TOKEN, admin.id)
                await tokens.add(new_id("token"), ADMIN_TOKEN, _sha256(token), admin.id, EVERY_SCOPE, now)
        return None if preset else token

    # ── sessions ────────────────────────────────────────────────────────────────────────────────

    async def sign_in(self, email: str, password: str, address: str, *, former_key: str | None = None) -> Session:
        """A fresh session; one that the browser had before (`former_key`) is ended.

        Raises Unauthenticated, the same and as slowly for an unknown user as for a wrong password, and
        SignInBlocked (429) after several failures, also for the right password.
        """
        email = email.strip().lower()[:254]
        attempt = await self._throttle.begin(email, address)
        user = await self._user(email)
        fits = await self._verify(user.password_hash if user else self._nobody, password)
        if user is None or not fits:
            _log.warning("sign_in_failed", address=address)
            raise Unauthenticated(
                "E-mail address or password is wrong.",
                hint="Check both; after several failures you have to wait.",
            )
        now = self._clock()
        session = Session(
            key=secrets.token_urlsafe(32),
            user_id=user.id,
            email=user.email,
            role=user.role,
            csrf_token=secrets.token_urlsafe(32),
            created_at=now,
            last_seen_at=now,
            expires_at=now + ABSOLUTE_TIMEOUT,
        )
        new_hash = await self._hash(password) if self._hasher.check_needs_rehash(user.password_hash) else None
        async with self._database.writing() as connection:
            sessions, users = SessionRepository(connection), UserRepository(connection)
            await sessions.remove_ended(now, now - IDLE_TIMEOUT)
            if former_key:
                await sessions.remove(self._seal(former_key))
            await sessions.add(self._seal(session.key), session)
            await users.signed_in(user.id, now)
            if new_hash is not None:
                await users.set_password_hash(user.id, new_hash)
        await self._throttle.succeeded(attempt)
        if former_key:
            self._sessions.forget(self._seal(former_key))
        _log.info("signed_in", user=user.id, address=address)
        return session

    async def _user(self, email: str) -> User | None:
        if not email.isprintable():  # PostgreSQL takes no NUL, and nobody has such an address
            return None
        async with self._database.reading() as connection:
            return await UserRepository(connection).by_email(email)

    async def find_session(self, key: str, *, touch: bool = True) -> Session | None:
        """The live session of a cookie's value, or None. `touch` = this request counts as activity."""
        id_hash, now = self._seal(key), self._clock()
        session = self._sessions.get(id_hash)
        if session is None:
            async with self._database.reading() as connection:
                session = await SessionRepository(connection).get(id_hash, key)
        if session is None or session.expires_at <= now or session.last_seen_at + IDLE_TIMEOUT <= now:
            return None
        if touch and session.last_seen_at + TOUCH_EVERY <= now:
            session = replace(session, last_seen_at=now)
            async with self._database.writing() as connection:
                await SessionRepository(connection).seen(id_hash, now)
        self._sessions.put(id_hash, session)
        return session

    async def sign_out(self, key: str) -> None:
        """End the session, for good."""
        id_hash = self._seal(key)
        self._sessions.forget(id_hash)
        async with self._database.writing() as connection:
            await SessionRepository(connection).remove(id_hash)

    # ── tokens ──────────────────────────────────────────────────────────────────────────────────

    async def find_token(self, token: str) -> TokenUse | None:
        """The valid API token, or None. Looked up by its hash: timing tells nothing of a guess."""
        token_hash, now = _sha256(token), self._clock()
        if (known := self._tokens.get(token_hash)) is not None:
            return known
        async with self._database.reading() as connection:
            found = await TokenRepository(connection).by_hash(token_hash)
        if found is None:
            return None
        use, last_used = found
        if last_used is None or last_used + TOUCH_EVERY <= now:
            async with self._database.writing() as connection:
                await TokenRepository(connection).used(use.id, now)
        self._tokens.put(token_hash, use)
        return use

    # ── hashing ─────────────────────────────────────────────────────────────────────────────────

    def _seal(self, key: str) -> str:
        return hmac.new(self._sealing_key, key.encode(), hashlib.sha256).hexdigest()

    async def _hash(self, password: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def _verify(self, password_hash: str, password: str) -> bool:
        """Always one full computation, also for an overlong password, which fits nobody."""
        short = password[:LONGEST_PASSWORD]
        async with self._hashing:
            try:
                await asyncio.to_thread(self._hasher.verify, password_hash, short)
            except (VerificationError, InvalidHashError, UnicodeEncodeError):
                return False
        return len(short) == len(password)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _clear(secret: object) -> str | None:
    value = secret.get_secret_value() if hasattr(secret, "get_secret_value") else None
    return value or None
