"""One bridge for each module of this folder and each database, on one sandbox: what tests make, they name apart."""

from collections.abc import Iterator
from contextlib import ExitStack
from io import StringIO
from pathlib import Path

import pytest

from tests.support.bridge_server import BridgeThread, bridge_settings, bridge_thread
from tests.support.sandbox_server import SandboxClient, sandbox_thread
from trading_bridge import logs

SPEED = 20.0


@pytest.fixture(scope="module", autouse=True)
def log() -> Iterator[StringIO]:
    """Everything that is logged while a module runs, as JSON lines."""
    stream = StringIO()
    logs.configure("json", "DEBUG", stream)
    yield stream
    logs.configure()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxClient]:
    """A stand-in Hummingbot API whose time runs faster."""
    with sandbox_thread(speed=SPEED) as client:
        yield client


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def bridge(
    request: pytest.FixtureRequest, sandbox: SandboxClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BridgeThread]:
    """A running bridge on SQLite, then one on PostgreSQL."""
    home: Path = tmp_path_factory.mktemp("home")
    with ExitStack() as stack:
        changed = {}
        if request.param == "postgres":
            cluster = request.getfixturevalue("postgres_cluster")
            changed["database_url"] = stack.enter_context(cluster.database())
        yield stack.enter_context(bridge_thread(bridge_settings(home, sandbox.url, **changed)))


@pytest.fixture
def lone_bridge(sandbox: SandboxClient, tmp_path: Path) -> Iterator[BridgeThread]:
    """A bridge of the test's own, on SQLite, for what would disturb others."""
    with bridge_thread(bridge_settings(tmp_path / "home", sandbox.url)) as bridge:
        yield bridge
