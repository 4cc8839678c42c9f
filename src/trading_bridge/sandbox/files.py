"""Configs and scripts that the API keeps for later deployments; it accepts anything (measured)."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from trading_bridge.sandbox.instances import V2_SCRIPT


def as_yaml_keeps_it(config: Mapping[str, Any]) -> dict[str, Any]:
    """The real server writes YAML with sorted keys, so that is how a config comes back."""
    return {key: config[key] for key in sorted(config)}


class Files:
    """Name (without extension) -> content."""

    def __init__(self) -> None:
        self.controller_configs: dict[str, dict[str, Any]] = {}
        self.script_configs: dict[str, dict[str, Any]] = {}
        self.scripts: dict[str, str] = {
            V2_SCRIPT.removesuffix(".py"): "# Runs the controllers that its config names. Built into the sandbox.\n"
        }

    def controller_config(self, name: str) -> dict[str, Any] | None:
        """A controller config as the GET shows it: with an `id`, whether it has one or not (measured)."""
        config = self.controller_configs.get(name)
        return None if config is None else {**copy.deepcopy(config), "id": name}

    def snapshot(self) -> dict[str, Any]:
        """JSON-able copy."""
        return {
            "controller_configs": self.controller_configs,
            "script_configs": self.script_configs,
            "scripts": self.scripts,
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Replace everything by what `snapshot` gave."""
        self.controller_configs = dict(data["controller_configs"])
        self.script_configs = dict(data["script_configs"])
        self.scripts = dict(data["scripts"])
