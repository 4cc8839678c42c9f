"""/scripts: uploaded scripts (kept, never run) and their configs."""

from __future__ import annotations

import ast
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request

from trading_bridge.sandbox.api.wire import HttpError, InternalError, dict_body, model_body, route, world_of
from trading_bridge.sandbox.files import as_yaml_keeps_it
from trading_bridge.sandbox.instances import V2_SCRIPT


class _Script(BaseModel):
    content: str


async def _list(request: Request) -> list[str]:
    return list(world_of(request).files.scripts)


async def _get(request: Request) -> dict[str, str]:
    name = request.path_params["script_name"]
    content = world_of(request).files.scripts.get(name)
    if content is None:
        raise HttpError(404, f"Script '{name}' not found")
    return {"name": name, "content": content}


async def _save(request: Request) -> dict[str, str]:
    name = request.path_params["script_name"]
    world_of(request).files.scripts[name] = (await model_body(request, _Script)).content
    world_of(request).touch()
    return {"message": f"Script '{name}' saved successfully"}


async def _delete(request: Request) -> dict[str, str]:
    name = request.path_params["script_name"]
    if world_of(request).files.scripts.pop(name, None) is None:
        raise HttpError(404, f"Script '{name}' not found")
    world_of(request).touch()
    return {"message": f"Script '{name}' deleted successfully"}


async def _template(request: Request) -> dict[str, Any]:
    name = request.path_params["script_name"]
    if f"{name}.py" == V2_SCRIPT:
        return {
            "script_file_name": V2_SCRIPT,
            "controllers_config": [],
            "max_global_drawdown_quote": None,
            "max_controller_drawdown_quote": None,
        }
    content = world_of(request).files.scripts.get(name)
    if content is not None:
        try:
            ast.parse(content)
        except SyntaxError as error:
            raise InternalError from error  # measured: a broken script uploads well, its template is a 500
    raise HttpError(404, f"Script configuration class for '{name}' not found")


async def _configs(request: Request) -> list[dict[str, Any]]:
    return [
        {
            "config_name": name,
            "script_file_name": config.get("script_file_name", "unknown"),
            "controllers_config": config.get("controllers_config", []),
            "candles_config": config.get("candles_config", []),
            "markets": config.get("markets", {}),
        }
        for name, config in world_of(request).files.script_configs.items()
    ]


async def _config(request: Request) -> dict[str, Any]:
    name = request.path_params["config_name"]
    config = world_of(request).files.script_configs.get(name)
    if config is None:
        raise HttpError(404, f"Configuration '{name}' not found")
    return config


async def _save_config(request: Request) -> dict[str, str]:
    name = request.path_params["config_name"]
    world_of(request).files.script_configs[name] = as_yaml_keeps_it(await dict_body(request))
    world_of(request).touch()
    return {"message": f"Configuration '{name}' saved successfully"}


async def _delete_config(request: Request) -> dict[str, str]:
    name = request.path_params["config_name"]
    if world_of(request).files.script_configs.pop(name, None) is None:
        raise HttpError(404, f"Configuration '{name}' not found")
    world_of(request).touch()
    return {"message": f"Configuration '{name}' deleted successfully"}


ROUTES = [
    route("GET", "/scripts/", _list),
    route("GET", "/scripts/configs/", _configs),
    route("GET", "/scripts/configs/{config_name}", _config),
    route("POST", "/scripts/configs/{config_name}", _save_config, status=201),
    route("DELETE", "/scripts/configs/{config_name}", _delete_config),
    route("GET", "/scripts/{script_name}", _get),
    route("POST", "/scripts/{script_name}", _save, status=201),
    route("DELETE", "/scripts/{script_name}", _delete),
    route("GET", "/scripts/{script_name}/config/template", _template),
]
