"""The HTTP server: uvicorn, told to end open streams before it waits for them."""

import asyncio
import signal
import socket
from types import FrameType

import uvicorn
from fastapi import FastAPI

from trading_bridge.services.broadcaster import Broadcaster

GRACE_SECONDS = 10  # for requests under way; streams are ended at once
LARGEST_HEADERS = 32 * 1024


class BridgeServer(uvicorn.Server):
    """Serves one app. `await server.serve()` returns after SIGINT, SIGTERM or `stop()`."""

    def __init__(self, app: FastAPI, broadcaster: Broadcaster, host: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_config=None,  # logs.configure has done that
                access_log=False,  # the envelope writes one line per request, with its id
                server_header=False,
                date_header=True,
                lifespan="on",
                timeout_graceful_shutdown=GRACE_SECONDS,
                h11_max_incomplete_event_size=LARGEST_HEADERS,
            )
        )
        self._broadcaster = broadcaster
        self.ready = asyncio.Event()

    @property
    def bound_port(self) -> int:
        """The port that is listened on, also when it was left open (0). Valid once `ready` is set."""
        return int(self.servers[0].sockets[0].getsockname()[1])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._broadcaster.close()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGINT or SIGTERM; the second SIGINT waits for nothing more.

        Not uvicorn's own: that one sends the signal again once the server has ended, which would kill the process
        before the bridge behind the server is closed.
        """
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    def stop(self) -> None:
        """Ask the server to end."""
        self.should_exit = True
