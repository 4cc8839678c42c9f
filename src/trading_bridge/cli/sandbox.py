"""`trading-bridge sandbox`: a stand-in Hummingbot API with a simulated exchange."""

from pathlib import Path
from typing import Annotated

import typer

from trading_bridge.cli.stopping import plain_errors, require_free
from trading_bridge.sandbox.server import run
from trading_bridge.sandbox.settings import SandboxSettings
from trading_bridge.settings import ConfigurationError, load

_DEFAULTS = SandboxSettings()


def sandbox(
    port: Annotated[int | None, typer.Option(help="Port on 127.0.0.1. Default: SANDBOX_PORT, else 8000.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the simulated market.")] = _DEFAULTS.seed,
    speed: Annotated[float, typer.Option(help="Simulated seconds per second; delays shrink with it.")] = 1.0,
    state: Annotated[
        Path | None, typer.Option(help="Folder that keeps its state. Default: sandbox/ in TRADING_BRIDGE_HOME.")
    ] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Keep everything in memory, forget it at the end.")] = False,
) -> None:
    """Run the sandbox: no Docker, no keys, no money. Login admin / admin, account client_sharp."""
    with plain_errors():
        settings = load()
        folder = None if forget else state or settings.open_home() / "sandbox"
        if speed <= 0:
            raise ConfigurationError(["--speed must be above 0."])
        if port is None:
            port = settings.sandbox_port
        require_free("SANDBOX_PORT", port)
        run(SandboxSettings(port=port, seed=seed, speed=speed, state_dir=folder))
