"""Hummingbot accounts and the exchange keys stored under them, with the measured lies of add-credential.

Texts and statuses: observed.md sections 1 and 6b.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from trading_bridge.sandbox.connectors import CONNECTORS, ConnectorSpec
from trading_bridge.sandbox.exchange import KeyRing

MASTER: Final = "master_account"
CALLER_ADDRESS: Final = "127.0.0.1"
"""Where the simulated Hummingbot API and its bots call the exchange from."""

_SAFE_NAME: Final = re.compile(r"^[A-Za-z0-9_-]+$")


class VaultError(Exception):
    """A request was refused; `status` is the HTTP status, `str()` the detail, `seconds` how long it took."""

    def __init__(self, status: int, detail: str, seconds: float = 0.0) -> None:
        super().__init__(detail)
        self.status = status
        self.seconds = seconds


def check_name(name: str, label: str) -> None:
    """Refuse what can't be one path component: VaultError 400."""
    if not _SAFE_NAME.fullmatch(name):
        raise VaultError(400, f"Invalid {label}: '{name}'. Only letters, numbers, underscores and hyphens are allowed.")


class Vault:
    """Accounts -> connector -> fields."""

    def __init__(self, keys: KeyRing, exchange_url: str) -> None:
        self._keys = keys
        self._exchange_url = exchange_url
        self._accounts: dict[str, dict[str, dict[str, str]]] = {MASTER: {}}
        # What any earlier request of this process set, by connector: the real server keeps one config object
        # per connector and fills it field by field. Deliberately not part of the snapshot.
        self._remembered: dict[str, dict[str, str]] = {}

    def accounts(self) -> list[str]:
        """Names in order of creation."""
        return list(self._accounts)

    def exists(self, account: str) -> bool:
        """Whether the account is known."""
        return account in self._accounts

    def add_account(self, account: str) -> None:
        """Create an account: VaultError 400 for a bad or taken name."""
        check_name(account, "account name")
        if account in self._accounts:
            raise VaultError(400, "Account already exists.")
        self._accounts[account] = {}

    def delete_account(self, account: str) -> None:
        """Remove an account and its keys: VaultError 400 for the master, 404 for an unknown one."""
        check_name(account, "account name")
        if account == MASTER:
            raise VaultError(400, "Cannot delete master account.")
        if self._accounts.pop(account, None) is None:
            raise VaultError(404, f"Folder '{account}' not found in 'credentials'")

    def connectors(self, account: str) -> list[str]:
        """Connectors with stored keys: VaultError 404 for an unknown account."""
        check_name(account, "account name")
        if account not in self._accounts:
            raise VaultError(404, f"Directory 'credentials/{account}/connectors' not found")
        return list(self._accounts[account])

    def credentials(self, account: str) -> dict[str, dict[str, str]]:
        """Stored keys of an account by connector (a copy); empty for an unknown one."""
        return {name: dict(fields) for name, fields in self._accounts.get(account, {}).items()}

    def store(self, account: str, connector: str, fields: Mapping[str, str]) -> None:
        """Put keys in place without any check: the state a sandbox begins with."""
        self._accounts[account][connector] = dict(fields)

    def delete_credential(self, account: str, connector: str) -> None:
        """Remove stored keys; nothing happens when there are none."""
        check_name(account, "account name")
        check_name(connector, "connector name")
        self._accounts.get(account, {}).pop(connector, None)

    def add_credential(self, account: str, connector: str, fields: Mapping[str, Any]) -> float:
        """Store keys as the real server does and return how many seconds that took.

        Missing fields silently take an earlier request's values. VaultError 400 (with what was stored before
        still in place) when a field is unknown or the exchange refuses the check.
        """
        try:
            check_name(account, "account name")
            check_name(connector, "connector name")
        except VaultError as error:
            # The route wraps its own HTTP error once more.
            raise VaultError(400, f"400: {error}") from None
        if account not in self._accounts:
            raise VaultError(400, f"Directory 'credentials/{account}/connectors' not found", 0.34)
        spec = CONNECTORS.get(connector)
        if spec is None:
            raise VaultError(400, f"'{connector}'", 1.0)
        remembered = self._remembered.setdefault(connector, {})
        for name, value in fields.items():
            if name not in spec.fields:
                raise VaultError(400, f"Object has no attribute '{name}'", 1.15)
            remembered[name] = str(value)
        missing = [name for name in spec.fields if name not in remembered]
        if missing:
            detail = f"'{spec.config_class}' object has no attribute '{missing[-1]}'"
            raise VaultError(400, detail, 0.75)
        refusal = self.refusal(spec, remembered)
        if refusal is not None:
            status, body, path = refusal
            detail = (
                f"Error executing request GET {self._exchange_url}{path}. "
                f"HTTP status is {status}. Error: {json.dumps(body)}"
            )
            raise VaultError(400, detail, 2.6)
        self._accounts[account][connector] = dict(remembered)
        return 3.4

    def refusal(
        self, spec: ConnectorSpec, fields: Mapping[str, str], *, signed: bool | None = None
    ) -> tuple[int, dict[str, Any], str] | None:
        """The exchange's answer to a balance call with these keys, or None when it accepts them.

        `signed` None: as add-credential's check does it, which on some exchanges looks at the key only.
        Returns (HTTP status, body, path).
        """
        signed = spec.signed_check if signed is None else signed
        key = self._keys.find(fields[spec.key_field])
        if key is not None and not key.owner.startswith(f"{spec.name}:"):
            key = None  # another exchange's key
        if spec.name == "bitmart":
            path = "/spot/v1/wallet"
            if not fields[spec.key_field]:
                return 401, {"code": 30001, "message": "Header X-BM-KEY is empty", "data": {}}, path
            if key is None:
                return 401, {"code": 30002, "message": "Header X-BM-KEY not found", "data": {}}, path
            wrong = key.secret != fields[spec.secret_field] or key.memo != fields[spec.memo_field or ""]
            if signed and wrong:
                return 401, {"code": 30005, "message": "Header X-BM-SIGN is wrong", "data": {}}, path
            return None
        path = "/api/v4/spot/accounts" if spec.name == "gate_io" else f"/{spec.slug}/account"
        if key is None:
            return 401, {"label": "INVALID_KEY", "message": "Invalid key provided"}, path
        wrong = key.secret != fields[spec.secret_field]
        if spec.memo_field is not None:
            wrong = wrong or key.memo != fields[spec.memo_field]
        if signed and wrong:
            return 401, {"label": "INVALID_SIGNATURE", "message": "Signature mismatch"}, path
        if not key.allows(CALLER_ADDRESS):
            text = f"Request IP not in whitelist: {CALLER_ADDRESS}"
            return 403, {"label": "FORBIDDEN", "message": text}, path
        return None

    def snapshot(self) -> dict[str, Any]:
        """JSON-able copy."""
        return {account: {name: dict(f) for name, f in keys.items()} for account, keys in self._accounts.items()}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Replace everything by what `snapshot` gave."""
        self._accounts = {a: {name: dict(f) for name, f in keys.items()} for a, keys in data.items()}
