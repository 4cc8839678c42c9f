"""Leaving with words instead of a traceback."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from trading_bridge.settings import ConfigurationError


@contextmanager
def plain_errors() -> Iterator[None]:
    """A ConfigurationError becomes its message and exit code 2."""
    try:
        yield
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def require_free(name: str, port: int) -> None:
    """Raises ConfigurationError when somebody listens on this port of 127.0.0.1 already; `name` is the setting."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise ConfigurationError([f"Port {port} is taken; set {name} to a free one."]) from None
