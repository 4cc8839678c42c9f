"""Who may ask: users, their browser sessions and their API tokens."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a user may do."""

    ADMIN = "admin"


class Scope(StrEnum):
    """What an API token may do."""

    READ = "read"
    WRITE = "write"


EVERY_SCOPE = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class User:
    """A person who may sign in. `password_hash` is argon2id's own text."""

    id: str
    email: str
    password_hash: str
    role: Role
    created_at: datetime
    last_sign_in_at: datetime | None


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. `key` is the cookie's value: known to the browser and, for this request, to us."""

    key: str
    user_id: str
    email: str
    role: Role
    csrf_token: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TokenUse:
    """An API token that was presented and is valid."""

    id: str
    name: str
    user_id: str
    email: str
    role: Role
    scopes: frozenset[Scope]
