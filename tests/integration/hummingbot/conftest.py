"""A recorded Hummingbot API on loopback, and a transport to it."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.http_servers import Recording
from trading_bridge.hummingbot.transport import HttpTransport


@pytest.fixture
async def recording() -> AsyncIterator[Recording]:
    told = Recording()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", told.handle)
    server = TestServer(app)
    await server.start_server()
    told.url = str(server.make_url("")).rstrip("/")
    yield told
    await server.close()


@pytest.fixture
async def transport(recording: Recording) -> AsyncIterator[HttpTransport]:
    made = HttpTransport(recording.url, username="admin", password="s3cr3t-password")
    yield made
    await made.close()
