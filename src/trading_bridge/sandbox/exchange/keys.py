"""API keys of the simulated exchange."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key and what it may do. `memo` is BitMart's third secret; `allowed_ips` () means any address."""

    key: str
    secret: str
    memo: str
    owner: str
    can_trade: bool
    can_withdraw: bool
    allowed_ips: tuple[str, ...]

    def __repr__(self) -> str:
        # A simulated secret too has no business in a log line.
        return f"ApiKey(key={self.key!r}, owner={self.owner!r})"

    def allows(self, address: str) -> bool:
        """Whether a caller from `address` may use this key."""
        return not self.allowed_ips or address in self.allowed_ips


class KeyRing:
    """All keys, by their public half."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}

    def __iter__(self) -> Iterator[ApiKey]:
        return iter(self._keys.values())

    def find(self, key: str) -> ApiKey | None:
        """The key with this public half, or None."""
        return self._keys.get(key)

    def add(self, key: ApiKey) -> None:
        """Add a key, replacing one with the same public half."""
        self._keys[key.key] = key

    def remove(self, key: str) -> None:
        """Revoke a key; nothing happens when it is unknown."""
        self._keys.pop(key, None)

    def snapshot(self) -> list[dict[str, Any]]:
        """JSON-able copy, secrets included: they open nothing but this sandbox."""
        return [{**asdict(key), "allowed_ips": list(key.allowed_ips)} for key in self]

    def restore(self, data: list[dict[str, Any]]) -> None:
        """Replace everything by what `snapshot` gave."""
        self._keys = {}
        for item in data:
            self.add(ApiKey(**{**item, "allowed_ips": tuple(item["allowed_ips"])}))
