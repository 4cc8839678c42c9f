"""Users as rows."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from trading_bridge.domain.access import Role, User
from trading_bridge.storage.tables import sign_in_throttle, users


class UserRepository:
    """Reads and writes users on the caller's connection. E-mail addresses are kept in lower case."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def by_email(self, email: str) -> User | None:
        row = (await self._connection.execute(select(users).where(users.c.email == email.lower()))).first()
        return None if row is None else _user(row)

    async def with_role(self, role: Role) -> list[User]:
        """Users of this role, oldest first."""
        query = select(users).where(users.c.role == role.value).order_by(users.c.created_at, users.c.id)
        return [_user(row) for row in await self._connection.execute(query)]

    async def add(self, user: User) -> None:
        await self._connection.execute(
            insert(users).values(
                id=user.id,
                email=user.email.lower(),
                password_hash=user.password_hash,
                role=user.role.value,
                created_at=user.created_at,
            )
        )

    async def set_email(self, user_id: str, email: str) -> None:
        await self._change(user_id, email=email.lower())

    async def set_password_hash(self, user_id: str, password_hash: str) -> None:
        await self._change(user_id, password_hash=password_hash)

    async def signed_in(self, user_id: str, now: datetime) -> None:
        await self._change(user_id, last_sign_in_at=now)

    async def _change(self, user_id: str, **values: Any) -> None:
        await self._connection.execute(update(users).where(users.c.id == user_id).values(**values))


class ThrottleRepository:
    """Failed sign-ins by key (an account or an address), on the caller's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def count(self, key: str, now: datetime) -> tuple[int, datetime | None]:
        """One more failure, atomically; (failures in a row, blocked until)."""
        insert_or = sqlite_insert if self._connection.dialect.name == "sqlite" else postgresql_insert
        statement = insert_or(sign_in_throttle).values(key=key, failures=1, updated_at=now)
        counted = statement.on_conflict_do_update(
            index_elements=["key"],
            set_={"failures": sign_in_throttle.c.failures + 1, "updated_at": now},
        ).returning(sign_in_throttle.c.failures, sign_in_throttle.c.blocked_until)
        row = (await self._connection.execute(counted)).one()
        return row.failures, row.blocked_until

    async def block(self, key: str, until: datetime) -> None:
        await self._connection.execute(
            update(sign_in_throttle).where(sign_in_throttle.c.key == key).values(blocked_until=until)
        )

    async def discount(self, key: str) -> None:
        """One failure less: it was none."""
        await self._connection.execute(
            update(sign_in_throttle)
            .where(sign_in_throttle.c.key == key)
            .values(failures=sign_in_throttle.c.failures - 1, blocked_until=None)
        )

    async def forget(self, key: str) -> None:
        await self._connection.execute(delete(sign_in_throttle).where(sign_in_throttle.c.key == key))

    async def forget_before(self, time: datetime) -> None:
        """Drop entries whose last failure is older than `time`."""
        await self._connection.execute(delete(sign_in_throttle).where(sign_in_throttle.c.updated_at < time))


def _user(row: Row[Any]) -> User:
    return User(
        id=row.id,
        email=row.email,
        password_hash=row.password_hash,
        role=Role(row.role),
        created_at=row.created_at,
        last_sign_in_at=row.last_sign_in_at,
    )
