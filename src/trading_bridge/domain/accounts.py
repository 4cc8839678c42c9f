"""Accounts: credentials profiles of a Hummingbot server, and the keys they hold."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Account:
    """A credentials profile that we know. `present` = seen upstream at `seen_at`; None = never looked."""

    name: str
    server_id: str
    created_at: datetime
    present: bool | None
    connectors: tuple[str, ...]
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One field of a connector's keys, from /connectors/{connector}/config-map."""

    name: str
    secret: bool
    required: bool
