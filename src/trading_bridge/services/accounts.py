"""Accounts and their keys: enough to use a fresh Hummingbot API. Keys pass through and are never kept."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import structlog

from trading_bridge.domain.accounts import Account, CredentialField
from trading_bridge.domain.errors import (
    AlreadyExists,
    BridgeError,
    CredentialsIncomplete,
    CredentialsMissing,
    CredentialsRefused,
    NotFound,
    UnknownAccount,
    UnknownConnector,
    UpstreamRejected,
)
from trading_bridge.domain.fleet import Fleet
from trading_bridge.domain.names import check_account_name
from trading_bridge.hummingbot.client import HummingbotReader
from trading_bridge.hummingbot.writes import HummingbotWriter
from trading_bridge.services.broadcaster import Broadcaster
from trading_bridge.services.clock import Clock
from trading_bridge.services.lane import Lane, Urgency
from trading_bridge.storage.accounts import AccountRepository
from trading_bridge.storage.database import Database

log = structlog.get_logger(__name__)

LOOK_EVERY = timedelta(seconds=60)
FRESH_FOR = timedelta(seconds=5)
MASTER = "master_account"


class AccountService:
    """Our list of accounts, kept in step with the server's profiles. A profile found there becomes an account of ours;
    master_account is Hummingbot's own and is never used for a client."""

    def __init__(
        self,
        database: Database,
        reader: HummingbotReader,
        writer: HummingbotWriter,
        lane: Lane,
        broadcaster: Broadcaster,
        clock: Clock,
        server_id: str,
    ) -> None:
        self._database = database
        self._reader = reader
        self._writer = writer
        self._lane = lane
        self._broadcaster = broadcaster
        self._clock = clock
        self._server_id = server_id
        self._looked_at: datetime | None = None
        self._looking = asyncio.Lock()

    async def on_poll(self, fleet: Fleet) -> None:
        """Coordinator's listener: look at the profiles now and then."""
        if fleet.up and (self._looked_at is None or self._clock() - self._looked_at >= LOOK_EVERY):
            try:
                await self._look(LOOK_EVERY)
            except BridgeError as error:
                log.info("accounts_not_read", code=error.code)

    async def _look(self, fresh_for: timedelta) -> None:
        """Compare with the server, unless that was done `fresh_for` ago. Raises UpstreamError."""
        async with self._looking:
            now = self._clock()
            if self._looked_at is not None and now - self._looked_at < fresh_for:
                return
            names = [name for name in await self._reader.accounts() if name != MASTER]
            keys = {name: tuple(sorted(await self._reader.credentials(name) or ())) for name in names}
            async with self._database.writing() as connection:
                repository = AccountRepository(connection, self._server_id)
                before = await repository.all()
                for name in sorted(set(names) - {account.name for account in before}):
                    await repository.add(name, now)
                for name in {account.name for account in before} | set(names):
                    await repository.seen(name, present=name in keys, connectors=keys.get(name, ()), now=now)
            self._looked_at = now
            after = {account.name: (account.present, account.connectors) for account in before}
            if after != {name: (True, connectors) for name, connectors in keys.items()}:
                self._broadcaster.publish("accounts")

    async def list(self) -> Sequence[Account]:
        """All accounts, as fresh as the server allows; the last known state while it is silent."""
        try:
            await self._look(FRESH_FOR)
        except BridgeError as error:
            log.info("accounts_not_read", code=error.code)
        async with self._database.reading() as connection:
            return await AccountRepository(connection, self._server_id).all()

    async def get(self, name: str) -> Account:
        """One account. Raises NotFound."""
        for account in await self.list():
            if account.name == name:
                return account
        raise NotFound("There is no such account.", hint="GET /accounts lists them.")

    async def require(self, name: str) -> None:
        """Raises UnknownAccount unless it is one of ours, or a profile that the server has."""
        async with self._database.reading() as connection:
            if await AccountRepository(connection, self._server_id).get(name) is not None:
                return
        if not any(account.name == name for account in await self.list()):
            raise UnknownAccount(
                f"There is no account “{name[:60]}”.",
                field="account",
                hint="GET /accounts lists them; POST /accounts makes one.",
            )

    async def require_keys(self, name: str, connector: str) -> None:
        """Raises CredentialsMissing when the profile is there and holds no keys of the connector.

        A profile that is missing upstream is no obstacle here: the deploy creates it, and says so if keys are needed.
        """
        found = await self._reader.credentials(name)
        if found is not None and connector not in found:
            raise CredentialsMissing(
                f"Account {name} holds no keys for {connector}.",
                field="account",
                hint=f"PUT /accounts/{name}/credentials/{connector} adds them.",
            )

    async def create(self, name: str, actor: object) -> Account:
        """Record the account, then create its profile upstream. Raises InvalidName, AlreadyExists, Upstream*."""
        check_account_name(name)
        known = next((account for account in await self.list() if account.name == name), None)
        if known is not None and known.present:
            raise AlreadyExists(f"Account {name} exists.", field="name", hint="Choose another name.")
        if known is None:  # one that is known but not there was lost half-way: asking again completes it
            async with self._database.writing() as connection:
                await AccountRepository(connection, self._server_id).add(name, self._clock())
        try:
            async with self._lane.turn(Urgency.START):
                await self._writer.add_account(name)
        except BridgeError:
            # not there as far as anybody knows; should it be there after all, the next look finds it
            if known is None:
                async with self._database.writing() as connection:
                    await AccountRepository(connection, self._server_id).remove(name)
            raise
        self._looked_at = None
        self._broadcaster.publish("accounts")
        return await self.get(name)

    async def credential_fields(self, connector: str) -> Sequence[CredentialField]:
        """The fields of a connector's keys, from the server. Raises UnknownConnector, Upstream*."""
        fields = await self._reader.credential_fields(connector)
        if fields is None:
            raise UnknownConnector(
                f"This Hummingbot server has no connector “{connector[:60]}”.",
                field="connector",
                hint="For example gate_io.",
            )
        return fields

    async def put_credentials(self, account: str, connector: str, fields: Mapping[str, str], actor: object) -> Account:
        """Give the account keys. We require every field: the server would fill a missing one with an earlier request's
        value, another client's included [measured]. Raises NotFound, CredentialsIncomplete, CredentialsRefused."""
        await self.get(account)
        _check_complete(await self.credential_fields(connector), fields)
        async with self._lane.turn(Urgency.START):
            try:
                await self._writer.add_account(account)  # no harm when it is there; keys for a missing profile are lost
                await self._writer.add_credential(account, connector, fields)
            except UpstreamRejected as error:
                if type(error) is not UpstreamRejected:
                    raise
                raise CredentialsRefused(
                    f"The keys for {connector} were not taken. {error.message}",
                    field=error.field,
                    hint="Check key and secret, the address list of the key, and that it is not expired. "
                    "Keys stored before stay in force.",
                ) from error
        self._looked_at = None
        self._broadcaster.publish("accounts")
        return await self.get(account)

    async def balances(self, account: str, connector: str) -> dict[str, Decimal] | None:
        """Free amount by token; None when it can't be read."""
        try:
            found = await self._reader.balances(account, connector)
        except BridgeError:
            return None
        return None if found is None else {token: available for token, (_, available) in found.items()}


def _check_complete(wanted: Sequence[CredentialField], given: Mapping[str, str]) -> None:
    known = {field.name for field in wanted}
    for name in given:
        if name not in known:
            raise CredentialsIncomplete(
                f"There is no field “{name[:60]}”.",
                field=name[:60],
                hint=f"The fields are {', '.join(sorted(known))}.",
            )
    for field in wanted:
        if field.required and not given.get(field.name, "").strip():
            raise CredentialsIncomplete(
                f"{field.name} is missing.", field=field.name, hint="Every field of the keys is needed."
            )
