"""Deploying a bot: the request bodies, and what happens to files and containers, in the measured order.

Outcomes: observed.md section 2 and the table of hummingbot-api.md.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, field_validator

from trading_bridge.sandbox.docker import DEFAULT_IMAGE, DockerError
from trading_bridge.sandbox.instances import V2_SCRIPT, Instance

if TYPE_CHECKING:
    from trading_bridge.sandbox.world import World

_SAFE_NAME: Final = re.compile(r"^[A-Za-z0-9_-]+$")
_LONGEST_FILE_NAME: Final = 255
DOCKER_TIMEOUT: Final = 60.0


class DeployFailure(Exception):
    """The request ends in a 500 with `str()` as its detail."""


def _safe(value: str, label: str) -> str:
    if not _SAFE_NAME.fullmatch(value.removesuffix(".yml") if label.endswith("config") else value):
        raise ValueError(f"Invalid {label}: '{value}'. Only letters, numbers, underscores and hyphens are allowed.")
    return value


class _Deployment(BaseModel):
    """What both deploy routes ask for. A bad name is a ValueError, which the real server turns into a 500."""

    @field_validator("instance_name", check_fields=False)
    @classmethod
    def _check_instance_name(cls, value: str) -> str:
        return _safe(value, "instance_name")

    @field_validator("credentials_profile", check_fields=False)
    @classmethod
    def _check_profile(cls, value: str) -> str:
        return _safe(value, "credentials_profile")

    @field_validator("script_config", check_fields=False)
    @classmethod
    def _check_script_config(cls, value: str | None) -> str | None:
        return value if value is None else _safe(value, "script_config")


class ScriptDeployment(_Deployment):
    """Body of deploy-v2-script; other fields are ignored."""

    instance_name: str
    credentials_profile: str
    image: str = DEFAULT_IMAGE
    script: str | None = None
    script_config: str | None = None
    headless: bool = False


class ControllerDeployment(_Deployment):
    """Body of deploy-v2-controllers; other fields are ignored."""

    instance_name: str
    credentials_profile: str
    controllers_config: list[str]
    max_global_drawdown_quote: float | None = None
    max_controller_drawdown_quote: float | None = None
    image: str = DEFAULT_IMAGE
    script_config: str | None = None
    headless: bool = False

    @field_validator("controllers_config")
    @classmethod
    def _check_controllers(cls, value: list[str]) -> list[str]:
        return [_safe(name, "controllers_config") for name in value]


async def deploy_script(world: World, body: ScriptDeployment) -> dict[str, Any]:
    """deploy-v2-script: the answer's body. Raises DeployFailure, DockerUnreachable."""
    name = _unique(world, body.instance_name)
    response = await _create(world, name, body.credentials_profile, body.script_config, body.image)
    if response["success"]:
        response["unique_instance_name"] = name
        world.orchestrator.runs.add(
            name,
            world.clock.now(),
            strategy=("script", body.script or "default"),
            config_name=body.script_config,
            account=body.credentials_profile,
            image=body.image,
            deployment={**body.model_dump(), "instance_name": name},
        )
    return response


async def deploy_controllers(world: World, body: ControllerDeployment) -> dict[str, Any]:
    """deploy-v2-controllers: the answer's body. Raises DeployFailure, DockerUnreachable."""
    name = _unique(world, body.instance_name)
    script_config = f"{name}.yml"
    if len(script_config) > _LONGEST_FILE_NAME:
        raise DeployFailure(f"[Errno 36] File name too long: 'bots/conf/scripts/{script_config}'")
    content: dict[str, Any] = {
        "script_file_name": V2_SCRIPT,
        "controllers_config": [c if c.endswith(".yml") else f"{c}.yml" for c in body.controllers_config],
    }
    for limit in ("max_global_drawdown_quote", "max_controller_drawdown_quote"):
        if getattr(body, limit) is not None:
            content[limit] = getattr(body, limit)
    world.files.script_configs[script_config.removesuffix(".yml")] = content
    response = await _create(world, name, body.credentials_profile, script_config, body.image)
    if response["success"]:
        response["script_config_generated"] = script_config
        response["controllers_deployed"] = body.controllers_config
        response["unique_instance_name"] = name
        world.orchestrator.runs.add(
            name,
            world.clock.now(),
            strategy=("controller", "v2_with_controllers"),
            config_name=script_config,
            account=body.credentials_profile,
            image=body.image,
            deployment={**body.model_dump(), "instance_name": name, "script_config": script_config},
        )
    return response


def _unique(world: World, instance_name: str) -> str:
    # The server's local time, whole seconds: two deploys of one name within a second collide.
    return f"{instance_name}-{world.clock.now().astimezone():%Y%m%d-%H%M%S}"


async def _create(world: World, name: str, profile: str, script_config: str | None, image: str) -> dict[str, Any]:
    world.touch()
    if len(name) > _LONGEST_FILE_NAME:
        raise DeployFailure(f"[Errno 36] File name too long: 'bots/instances/{name}'")
    known = world.instances.setdefault(name, Instance(name, profile))
    if not world.vault.exists(profile):
        raise DeployFailure(f"[Errno 2] No such file or directory: 'bots/credentials/{profile}'")
    if known.has_conf:
        # The directory that a running process has mounted is deleted under it.
        process = world.bots.get(name)
        if process is not None:
            process.conf_lost = True
    instance = known
    instance.changed = True
    instance.profile, instance.has_conf, instance.script_config = profile, True, script_config
    instance.credentials = world.vault.credentials(profile)
    instance.scripts, instance.controllers = {}, {}
    script = world.files.script_configs.get(script_config.removesuffix(".yml")) if script_config else None
    # Only a name with its extension is a file (measured: without .yml the container exits).
    if script_config and script_config.endswith(".yml") and script is not None:
        instance.scripts[script_config] = copy.deepcopy(script)
        for file in script.get("controllers_config") or []:
            config = world.files.controller_configs.get(str(file).removesuffix(".yml"))
            if config is not None:
                instance.controllers[str(file)] = copy.deepcopy(config)
    try:
        world.docker.run(name, image)
    except DockerError as error:
        return {"success": False, "message": str(error)}
    if world.docker.slow:
        # The bot starts and trades all the same, and no bot run is recorded (measured).
        world.freeze(DOCKER_TIMEOUT)
        await world.thawed()
        raise DeployFailure("UnixHTTPConnectionPool(host='localhost', port=None): Read timed out. (read timeout=60)")
    return {"success": True, "message": f"Instance {name} created successfully."}
