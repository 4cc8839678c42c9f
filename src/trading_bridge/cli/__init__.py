"""The command line. Each command is a module; this one lists them."""

from typing import Annotated

import typer

from trading_bridge import __version__
from trading_bridge.cli import demo, doctor, migrate, sandbox, serve

app = typer.Typer(
    name="trading-bridge",
    help="Control plane for market-making bots on top of Hummingbot API.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"trading-bridge {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Settings come from the environment and from .env; docs/configuration.md explains each."""


app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("sandbox")(sandbox.sandbox)
app.command("migrate")(migrate.migrate)
app.command("doctor")(doctor.doctor)
