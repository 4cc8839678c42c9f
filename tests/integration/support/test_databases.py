"""The databases that the fixtures hand out are what the other tests take them for."""

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine


@pytest.mark.parametrize("attempt", [1, 2])
async def test_each_test_has_an_empty_database_of_its_own(database_url: str, attempt: int) -> None:
    engine = create_async_engine(database_url)
    try:
        async with engine.begin() as connection:
            # Fails the second time if the first attempt's database were still there.
            await connection.execute(text("CREATE TABLE only_once (attempt INTEGER NOT NULL)"))
            await connection.execute(text("INSERT INTO only_once VALUES (:attempt)"), {"attempt": attempt})
        async with engine.connect() as connection:
            stored = (await connection.execute(text("SELECT attempt FROM only_once"))).scalars().all()
    finally:
        await engine.dispose()
    assert stored == [attempt]


async def test_both_kinds_of_database_are_real(database_url: str) -> None:
    engine = create_async_engine(database_url)
    try:
        async with engine.connect() as connection:
            version = "version()" if engine.dialect.name == "postgresql" else "sqlite_version()"
            answer = (await connection.execute(text(f"SELECT {version}"))).scalar_one()
    finally:
        await engine.dispose()
    assert make_url(database_url).get_backend_name() == engine.dialect.name
    assert answer.startswith("PostgreSQL" if engine.dialect.name == "postgresql" else "3.")


async def test_the_server_lives_far_from_utc(postgres_url: str) -> None:
    """Naive timestamps would pass unseen on a server whose own time zone is UTC."""
    engine = create_async_engine(postgres_url)
    try:
        async with engine.connect() as connection:
            offset = (await connection.execute(text("SELECT extract(timezone FROM now())"))).scalar_one()
    finally:
        await engine.dispose()
    assert abs(offset) >= 12 * 3600
