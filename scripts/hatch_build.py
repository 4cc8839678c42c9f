"""Build hook: a wheel without its browser assets would serve broken pages, so it is not built."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BrowserAssetsHook(BuildHookInterface[Any]):
    """Checks for the copied npm files. An editable install is exempt: it may come before them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raise SystemExit when the assets are missing."""
        manifest = Path(self.root, "src/trading_bridge/web/static/vendor/manifest.json")
        if version == "standard" and not manifest.is_file():
            raise SystemExit("the browser assets are missing: run `make install` before building a wheel")
