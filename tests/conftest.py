"""Fixtures that any test may ask for: databases. Each room of tests has its own conftest for the rest."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.workermanage import WorkerController

from tests.support.postgres import PostgresCluster, ServerMissing, reserve_cluster

# A busy machine is no bug: nothing here is judged by how long it takes.
settings.register_profile("bridge", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bridge")

CLUSTER = pytest.StashKey[PostgresCluster]()
FOLDER = "postgres_folder"


def pytest_configure(config: pytest.Config) -> None:
    """The main process reserves the server's folder; xdist's workers are told which it is."""
    told: dict[str, str] | None = getattr(config, "workerinput", None)
    config.stash[CLUSTER] = reserve_cluster() if told is None else PostgresCluster(Path(told[FOLDER]))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Called by xdist in the main process before it starts a worker."""
    node.workerinput[FOLDER] = str(node.config.stash[CLUSTER].folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The main process stops the server, whichever process started it."""
    if not hasattr(config, "workerinput"):
        config.stash[CLUSTER].stop()


@pytest.fixture(scope="session")
def postgres_cluster(pytestconfig: pytest.Config) -> PostgresCluster:
    """The run's PostgreSQL server, started by the first test that needs it."""
    cluster = pytestconfig.stash[CLUSTER]
    try:
        cluster.start_once()
    except ServerMissing as missing:
        pytest.fail(str(missing), pytrace=False)
    return cluster


@pytest.fixture
def postgres_url(postgres_cluster: PostgresCluster) -> Iterator[str]:
    """`postgresql+psycopg://...` of an empty database of the test's own."""
    with postgres_cluster.database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """`sqlite+aiosqlite:///...` of a file that does not exist yet."""
    return f"sqlite+aiosqlite:///{tmp_path / 'bridge.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database of the test's own; every test that asks for it runs on SQLite and on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
