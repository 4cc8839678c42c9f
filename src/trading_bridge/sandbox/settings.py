"""How one sandbox is started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SandboxSettings:
    """Settings of a sandbox.

    `speed` multiplies simulated time, delays included (20 = a bot that needs 8 s to start needs 0.4 s).
    `state_dir` None keeps everything in memory. `api_key`, when set, is accepted as `X-API-KEY` instead of
    HTTP Basic. Raises ValueError for a speed that isn't above 0.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    username: str = "admin"
    password: str = "admin"  # noqa: S105  (Hummingbot API's own default; opens a simulation only)
    api_key: str | None = None
    state_dir: Path | None = None
    seed: int = 20261121
    speed: float = 1.0

    def __post_init__(self) -> None:
        if not self.speed > 0:
            raise ValueError("speed must be above 0")

    @property
    def url(self) -> str:
        """Where clients find it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"
