"""/controllers: what can run, its configs, and the configs of running bots."""

from __future__ import annotations

import copy
from enum import StrEnum
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request

from trading_bridge.sandbox.api.wire import HttpError, dict_body, route, world_of
from trading_bridge.sandbox.controllers import CONTROLLERS, template
from trading_bridge.sandbox.files import as_yaml_keeps_it

_LONGEST_FILE_NAME = 255


class _Kind(StrEnum):
    DIRECTIONAL_TRADING = "directional_trading"
    MARKET_MAKING = "market_making"
    GENERIC = "generic"


async def _list(_request: Request) -> dict[str, list[str]]:
    return {kind: sorted(known) for kind, known in CONTROLLERS.items()}


async def _configs(request: Request) -> list[dict[str, Any]]:
    files = world_of(request).files
    found = (files.controller_config(name) for name in files.controller_configs)
    return [config for config in found if config is not None]


async def _config(request: Request) -> dict[str, Any]:
    name = request.path_params["config_name"]
    config = world_of(request).files.controller_config(name)
    if config is None:
        raise HttpError(404, f"Configuration '{name}' not found")
    return config


async def _save_config(request: Request) -> dict[str, str]:
    name = request.path_params["config_name"]
    body = await dict_body(request)
    if len(f"{name}.yml") > _LONGEST_FILE_NAME:
        raise HttpError(400, f"[Errno 36] File name too long: 'bots/conf/controllers/{name}.yml'")
    world_of(request).files.controller_configs[name] = as_yaml_keeps_it(body)
    world_of(request).touch()
    return {"message": f"Configuration '{name}' saved successfully"}


async def _delete_config(request: Request) -> dict[str, str]:
    name = request.path_params["config_name"]
    if world_of(request).files.controller_configs.pop(name, None) is None:
        raise HttpError(404, f"Configuration '{name}' not found")
    world_of(request).touch()
    return {"message": f"Configuration '{name}' deleted successfully"}


def _kind(request: Request) -> str:
    text = request.path_params["controller_type"]
    if text not in set(_Kind):
        expected = "'directional_trading', 'market_making' or 'generic'"
        problem = {
            "type": "enum",
            "loc": ["path", "controller_type"],
            "msg": f"Input should be {expected}",
            "input": text,
            "ctx": {"expected": expected},
        }
        raise HttpError(422, [problem])
    return str(text)


def _config_class(request: Request) -> type[BaseModel]:
    name = request.path_params["controller_name"]
    found = CONTROLLERS[_kind(request)].get(name)
    if found is None:
        raise HttpError(404, f"Controller configuration class for '{name}' not found")
    return found


async def _source(request: Request) -> dict[str, str]:
    kind, name = _kind(request), request.path_params["controller_name"]
    if name not in CONTROLLERS[kind]:
        raise HttpError(404, f"Controller '{name}' not found in '{kind}'")
    content = f"# Controller {kind}/{name} is built into the sandbox; there is no source to show.\n"
    return {"name": name, "type": kind, "content": content}


async def _template(request: Request) -> dict[str, Any]:
    return template(_config_class(request))


async def _validate(request: Request) -> dict[str, str]:
    config_class = _config_class(request)
    body = await dict_body(request)
    try:
        config_class(**body)
    except (ValueError, TypeError) as error:
        raise HttpError(400, str(error)) from error
    return {"message": "Configuration is valid"}


async def _bot_configs(request: Request) -> list[dict[str, Any]]:
    bot = request.path_params["bot_name"]
    instance = world_of(request).instances.get(bot)
    if instance is None or not instance.names_controllers:
        raise HttpError(404, f"Bot '{bot}' not found")
    return [
        {**copy.deepcopy(config), "_config_name": file.removesuffix(".yml")}
        for file, config in instance.controllers.items()
    ]


async def _update_bot_config(request: Request) -> dict[str, str]:
    bot, name = request.path_params["bot_name"], request.path_params["controller_name"]
    body = await dict_body(request)
    instance = world_of(request).instances.get(bot)
    if instance is None or not instance.names_controllers:
        raise HttpError(404, f"Bot '{bot}' not found")
    current = instance.controllers.get(f"{name}.yml")
    if current is None:
        raise HttpError(404, f"Controller configuration '{name}' not found for bot '{bot}'")
    instance.changed = True
    instance.controllers[f"{name}.yml"] = as_yaml_keeps_it({**current, **body})
    world_of(request).touch()
    return {"message": f"Controller configuration for bot '{bot}' updated successfully"}


ROUTES = [
    route("GET", "/controllers/", _list),
    route("GET", "/controllers/configs/", _configs),
    route("GET", "/controllers/configs/{config_name}", _config),
    route("POST", "/controllers/configs/{config_name}", _save_config, status=201),
    route("DELETE", "/controllers/configs/{config_name}", _delete_config),
    route("GET", "/controllers/bots/{bot_name}/configs", _bot_configs),
    route("POST", "/controllers/bots/{bot_name}/{controller_name}/config", _update_bot_config),
    route("GET", "/controllers/{controller_type}/{controller_name}", _source),
    route("GET", "/controllers/{controller_type}/{controller_name}/config/template", _template),
    route("POST", "/controllers/{controller_type}/{controller_name}/config/validate", _validate),
]
