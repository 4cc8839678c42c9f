"""`trading-bridge serve`: the bridge itself."""

import asyncio
import contextlib
import errno
import socket

import typer

from trading_bridge import logs
from trading_bridge.cli.stopping import plain_errors
from trading_bridge.runtime import Runtime
from trading_bridge.settings import ConfigurationError, Settings, check_for_serving, load
from trading_bridge.web.app import create_app
from trading_bridge.web.server import BridgeServer


def serve() -> None:
    """Run the bridge: pages, REST and the loops behind them. Ctrl-C ends it cleanly."""
    with plain_errors():
        settings = load()
        check_for_serving(settings)
        logs.configure(settings.log_format, settings.log_level)
        logs.register_secret(*settings.secret_values())
        listening = _bind(settings)
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(settings, listening))


def _bind(settings: Settings) -> socket.socket:
    """Take the port before anything is opened, so that a taken one is told in a line."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError([f"Port {settings.port} is taken; set PORT to a free one."]) from None
        raise ConfigurationError([f"{settings.host}:{settings.port} can't be listened on: {error.strerror}."]) from None
    return listening


async def _serve(settings: Settings, listening: socket.socket) -> None:
    async with Runtime.opened(settings) as runtime:
        host, port = listening.getsockname()[:2]
        _greet(runtime, f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}")  # noqa: S104 not a bind
        await BridgeServer(create_app(runtime), runtime.broadcaster, host, port).serve([listening])


def _greet(runtime: Runtime, url: str) -> None:
    """Where it is, and the login if it was made up just now: it is shown this once."""
    typer.echo(f"Trading Bridge is on {url}")
    if runtime.admin.new_password is not None:
        typer.echo(f"Administrator: {runtime.admin.email}   password: {runtime.admin.new_password}")
    if runtime.admin.new_token is not None:
        typer.echo(f"API token: {runtime.admin.new_token}")
