"""Leaving with words instead of a traceback."""

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
