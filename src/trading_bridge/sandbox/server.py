"""Running the sandbox as a server of its own."""

from __future__ import annotations

import socket
import sqlite3
import sys
from collections.abc import Callable, MutableMapping
from datetime import datetime
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from trading_bridge.sandbox.app import create_app
from trading_bridge.sandbox.clock import utc_now
from trading_bridge.sandbox.faults import TRANSPORT
from trading_bridge.sandbox.settings import SandboxSettings

__all__ = ["SandboxSettings", "listen", "make_server", "run"]

_SHUTDOWN_SECONDS = 3


class _CuttableProtocol(HttpToolsProtocol):
    """Leaves the transport in the scope, so that a fault rule can cut the connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope: MutableMapping[str, Any] = self.scope  # type: ignore[assignment]
        scope[TRANSPORT] = self.transport


def listen(settings: SandboxSettings) -> socket.socket:
    """The listening socket; port 0 picks a free one. Raises OSError when the address is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # A restart must not wait for the last process's connections to be forgotten.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def make_server(settings: SandboxSettings, wall: Callable[[], datetime] = utc_now) -> uvicorn.Server:
    """A uvicorn server for `server.run(sockets=[...])` or `server.serve(sockets=[...])`; `wall` as in `create_app`."""
    config = uvicorn.Config(
        create_app(settings, wall),
        http=_CuttableProtocol,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    return uvicorn.Server(config)


def run(settings: SandboxSettings) -> None:
    """Serve until Ctrl-C or SIGTERM; SystemExit(1) with a plain message when it can't start."""
    try:
        listener = listen(settings)
    except OSError as error:
        text = f"sandbox: can't listen on {settings.host}:{settings.port}: {error.strerror or error}"
        sys.stderr.write(f"{text}\nIs something else running there? Choose another port.\n")
        raise SystemExit(1) from error
    try:
        server = make_server(settings)
    except (sqlite3.Error, OSError, ValueError, KeyError) as error:
        listener.close()
        sys.stderr.write(f"sandbox: can't use its state in {settings.state_dir}: {error}\n")
        raise SystemExit(1) from error
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        return  # uvicorn has shut down by now and passes the signal on
