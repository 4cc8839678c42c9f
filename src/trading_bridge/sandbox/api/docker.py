"""/docker: containers and images; errors come as JSON strings with status 200 (measured)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from starlette.requests import Request

from trading_bridge.sandbox.api.wire import HttpError, InternalError, model_body, route, world_of
from trading_bridge.sandbox.docker import DockerError, DockerUnreachable
from trading_bridge.sandbox.orchestrator import STOP_SECONDS


class _Image(BaseModel):
    image_name: str


async def _running(request: Request) -> bool:
    _check(request)
    return True


def _check(request: Request) -> None:
    try:
        world_of(request).docker.check()
    except DockerUnreachable as error:
        raise InternalError from error


def _containers(request: Request, status: str) -> list[dict[str, Any]]:
    _check(request)
    found = world_of(request).docker.listed(status, request.query_params.get("name_filter"))
    return [container.row() for container in found]


async def _active(request: Request) -> list[dict[str, Any]]:
    return _containers(request, "running")


async def _exited(request: Request) -> list[dict[str, Any]]:
    return _containers(request, "exited")


async def _images(request: Request) -> list[str]:
    _check(request)
    wanted = request.query_params.get("image_name")
    if not wanted:
        raise InternalError  # measured: image objects can't be put into JSON
    return [image for image in world_of(request).docker.images if wanted in image]


async def _pull(request: Request) -> dict[str, str]:
    _check(request)
    image = (await model_body(request, _Image)).image_name
    pulls: dict[str, dict[str, Any]] = request.app.state.pulls
    moment = world_of(request).clock.timestamp()
    pulls[image] = {"status": "completed", "started_at": moment, "completed_at": moment, "result": image}
    try:
        world_of(request).docker.pull(image)
    except DockerError as error:
        pulls[image] = {"status": "failed", "started_at": moment, "error": str(error)}
    world_of(request).touch()
    return {"message": f"Pull started for {image}", "status": "started", "image_name": image}


async def _pull_status(request: Request) -> dict[str, Any]:
    return {"pull_operations": request.app.state.pulls}


async def _stop(request: Request) -> str | None:
    world, name = world_of(request), request.path_params["container_name"]
    _check(request)
    try:
        container = world.docker.get(name)
    except DockerError as error:
        return str(error)
    if container.status == "running":
        world.freeze(STOP_SECONDS)
        await world.thawed()
        world.docker.exited(name, 137)
    return None


async def _start(request: Request) -> str | None:
    _check(request)
    try:
        world_of(request).docker.start(request.path_params["container_name"])
    except DockerError as error:
        return str(error)
    return None


async def _remove(request: Request) -> dict[str, Any]:
    world, name = world_of(request), request.path_params["container_name"]
    if not name.startswith("hummingbot-"):
        text = f"This endpoint only removes Hummingbot containers. Container '{name}' is not a Hummingbot container."
        raise HttpError(400, text)
    _check(request)
    response: dict[str, Any] = {"success": True, "message": f"Container {name} removed successfully."}
    try:
        world.docker.remove(name)
    except DockerError as error:
        response = {"success": False, "message": str(error)}
    if request.query_params.get("archive_locally", "true").lower() in {"false", "0", "no", "off"}:
        raise HttpError(500, "AWS S3 credentials are not provided.")
    if not world.archive(name):
        raise HttpError(500, f"[Errno 2] No such file or directory: 'bots/instances/{name}'")
    return response


async def _clean(request: Request) -> None:
    _check(request)
    world_of(request).docker.prune()
    world_of(request).touch()


ROUTES = [
    route("GET", "/docker/running", _running),
    route("GET", "/docker/available-images/", _images),
    route("GET", "/docker/active-containers", _active),
    route("GET", "/docker/exited-containers", _exited),
    route("POST", "/docker/clean-exited-containers", _clean),
    route("POST", "/docker/remove-container/{container_name}", _remove),
    route("POST", "/docker/stop-container/{container_name}", _stop),
    route("POST", "/docker/start-container/{container_name}", _start),
    route("POST", "/docker/pull-image/", _pull),
    route("GET", "/docker/pull-status/", _pull_status),
]
