"""/bot-orchestration: deploy, status, history, stop, archive, runs."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request

from trading_bridge.sandbox.api.wire import HttpError, model_body, query, route, world_of
from trading_bridge.sandbox.deployments import (
    ControllerDeployment,
    DeployFailure,
    ScriptDeployment,
    deploy_controllers,
    deploy_script,
)
from trading_bridge.sandbox.docker import DockerUnreachable
from trading_bridge.sandbox.world import World

_REPLY_SECONDS = 0.05
_ONE_REPLY_PER = 1000  # reply topics are named by the millisecond (read in the API's source)


class _Start(BaseModel):
    bot_name: str
    log_level: str | None = None
    script: str | None = None
    conf: str | None = None
    async_backend: bool = False


class _Stop(BaseModel):
    bot_name: str
    skip_order_cancellation: bool = False
    async_backend: bool = False


class _History(BaseModel):
    days: int = 0
    verbose: bool = False
    precision: int | None = None
    timeout: float = 30.0


class _RunsQuery(BaseModel):
    bot_name: str | None = None
    account_name: str | None = None
    strategy_type: str | None = None
    strategy_name: str | None = None
    run_status: str | None = None
    deployment_status: str | None = None
    limit: int = 100
    offset: int = 0


class _PerformanceQuery(BaseModel):
    bot_name: str | None = None
    controller_id: str | None = None
    limit: int = Field(default=100, le=1000)
    interval: str = Field(default="5m", pattern="^(5m|15m|30m|1h|4h|12h|1d)$")


class _ArchiveQuery(BaseModel):
    skip_order_cancellation: bool = True
    archive_locally: bool = True
    s3_bucket: str | None = None


async def _status(request: Request) -> dict[str, Any]:
    return {"status": "success", "data": world_of(request).orchestrator.all_statuses()}


async def _mqtt(request: Request) -> dict[str, Any]:
    world = world_of(request)
    # Connected for ever, whatever the broker does (measured).
    return {
        "status": "success",
        "data": {
            "mqtt_connected": True,
            "discovered_bots": world.mqtt.discovered(world.clock.elapsed),
            "active_bots": list(world.orchestrator.active),
            "broker_host": "localhost",
            "broker_port": 1883,
            "broker_username": "admin",
            "client_state": "connected",
        },
    }


async def _bot_status(request: Request) -> dict[str, Any]:
    return {"status": "success", "data": world_of(request).orchestrator.status(request.path_params["bot_name"])}


async def _history(request: Request) -> dict[str, Any]:
    world, bot = world_of(request), request.path_params["bot_name"]
    wanted = query(request, _History)
    if bot not in world.orchestrator.active:
        return {"status": "success", "response": {"success": False, "message": f"Bot {bot} not found"}}
    reply = await _ask_history(request, world, bot, wanted)
    if reply is None:
        message = f"No response received from {bot} within {wanted.timeout} seconds"
        return {"status": "success", "response": {"success": False, "message": message, "timeout": True}}
    return {"status": "success", "response": {"success": True, "data": reply}}


async def _ask_history(request: Request, world: World, bot: str, wanted: _History) -> dict[str, Any] | None:
    """The bot's reply, None after the timeout.

    Two calls within one millisecond share a reply topic: the later waits on it, the earlier waits in vain, and
    whichever bot answers first is heard (read in the API's source; hummingbot-api.md).
    """
    pending: dict[int, asyncio.Future[dict[str, Any]]] = request.app.state.replies
    topic = int(world.clock.timestamp() * _ONE_REPLY_PER)
    future = pending[topic] = asyncio.get_running_loop().create_future()
    process = world.bots.get(bot)
    if process is not None and process.connected and not world.mqtt.silent:
        await world.clock.sleep(_REPLY_SECONDS)
        waiting = pending.pop(topic, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(
                {
                    "header": {
                        "reply_to": "",
                        "timestamp": topic,
                        "content_type": "json",
                        "encoding": "utf8",
                        "agent": "commlib",
                    },
                    "data": {"status": 200, "msg": "", "trades": process.history(wanted.days)},
                }
            )
    try:
        return await asyncio.wait_for(future, world.clock.real(wanted.timeout))
    except TimeoutError:
        pending.pop(topic, None)
        return None


async def _start(request: Request) -> dict[str, Any]:
    action = await model_body(request, _Start)
    # Published, and nothing starts (measured).
    return {"status": "success", "response": world_of(request).orchestrator.publish(action.bot_name)}


async def _stop(request: Request) -> dict[str, Any]:
    world = world_of(request)
    bot = (await model_body(request, _Stop)).bot_name
    final = world.orchestrator.status(bot)
    response = world.orchestrator.stop(bot)
    if response["success"]:
        world.orchestrator.runs.stopped(bot, world.clock.now(), final)
    return {"status": "success", "response": response}


async def _archive(request: Request) -> Any:
    world, bot = world_of(request), request.path_params["bot_name"]
    # What a controller's executors do does not depend on skip_order_cancellation (measured).
    query(request, _ArchiveQuery)
    active = list(world.orchestrator.active)
    details: dict[str, Any] = {"input_name": bot, "actual_bot_name": bot, "container_name": bot}
    if bot not in active:
        details["active_bots"] = active
        details["reason"] = "Bot must be actively managed via MQTT for graceful shutdown"
        message = f"Bot '{bot}' not found in active bots. Active bots: {active}. Cannot perform graceful shutdown."
        return {"status": "error", "message": message, "details": details}
    details["process"] = (
        "The bot will be gracefully stopped, archived, and removed in the background. "
        "This process typically takes 20-30 seconds."
    )
    world.orchestrator.stop_and_archive(bot)
    message = f"Stop and archive process started for bot {bot}"
    return {"status": "success", "message": message, "details": details}


async def _runs(request: Request) -> dict[str, Any]:
    wanted = query(request, _RunsQuery)
    filters = wanted.model_dump(exclude={"limit", "offset"})
    rows = world_of(request).orchestrator.runs.listed(filters, wanted.limit, wanted.offset)
    return {
        "status": "success",
        "data": rows,
        "total": len(rows),
        "limit": wanted.limit,
        "offset": wanted.offset,
    }


async def _run_stats(request: Request) -> dict[str, Any]:
    return {"status": "success", "data": world_of(request).orchestrator.runs.stats()}


def _run_id(request: Request) -> int:
    try:
        return int(request.path_params["bot_run_id"])
    except ValueError:
        problem = {
            "type": "int_parsing",
            "loc": ["path", "bot_run_id"],
            "msg": "Input should be a valid integer, unable to parse string as an integer",
            "input": request.path_params["bot_run_id"],
        }
        raise HttpError(422, [problem]) from None


async def _run(request: Request) -> dict[str, Any]:
    run_id = _run_id(request)
    row = world_of(request).orchestrator.runs.find(run_id)
    if row is None:
        raise HttpError(404, f"Bot run {run_id} not found")
    return {"status": "success", "data": row}


async def _delete_run(request: Request) -> dict[str, Any]:
    world, run_id = world_of(request), _run_id(request)
    row = world.orchestrator.runs.find(run_id)
    if row is None:
        raise HttpError(404, f"Bot run {run_id} not found")
    world.orchestrator.runs.remove(run_id)
    world.touch()
    return {
        "status": "success",
        "message": f"Bot run {run_id} deleted successfully",
        "bot_name": row["bot_name"],
        "archived_folder_deleted": world.forget_archived(row["instance_name"]),
    }


async def _latest_performance(request: Request) -> dict[str, Any]:
    rows = world_of(request).orchestrator.runs.latest_performance(request.query_params.get("bot_name"))
    return {"status": "success", "data": rows}


async def _performance_history(request: Request) -> dict[str, Any]:
    wanted = query(request, _PerformanceQuery)
    rows = world_of(request).orchestrator.runs.performance_history(wanted.bot_name, wanted.controller_id, wanted.limit)
    pagination = {
        "next_cursor": None,
        "has_more": False,
        "limit": wanted.limit,
        "interval": wanted.interval,
    }
    return {"status": "success", "data": rows, "pagination": pagination}


async def _deploy_controllers(request: Request) -> dict[str, Any]:
    body = await model_body(request, ControllerDeployment)
    try:
        return await deploy_controllers(world_of(request), body)
    except (DeployFailure, DockerUnreachable) as error:
        raise HttpError(500, str(error)) from error


async def _deploy_script(request: Request) -> dict[str, Any]:
    body = await model_body(request, ScriptDeployment)
    try:
        return await deploy_script(world_of(request), body)
    except (DeployFailure, DockerUnreachable) as error:
        raise HttpError(500, str(error)) from error


ROUTES = [
    route("GET", "/bot-orchestration/status", _status),
    route("GET", "/bot-orchestration/mqtt", _mqtt),
    route("GET", "/bot-orchestration/controller-performance-latest", _latest_performance),
    route("GET", "/bot-orchestration/controller-performance-history", _performance_history),
    route("GET", "/bot-orchestration/bot-runs", _runs),
    route("GET", "/bot-orchestration/bot-runs/stats", _run_stats),
    route("GET", "/bot-orchestration/bot-runs/{bot_run_id}", _run),
    route("DELETE", "/bot-orchestration/bot-runs/{bot_run_id}", _delete_run),
    route("GET", "/bot-orchestration/{bot_name}/status", _bot_status),
    route("GET", "/bot-orchestration/{bot_name}/history", _history),
    route("POST", "/bot-orchestration/start-bot", _start),
    route("POST", "/bot-orchestration/stop-bot", _stop),
    route("POST", "/bot-orchestration/stop-and-archive-bot/{bot_name}", _archive),
    route("POST", "/bot-orchestration/deploy-v2-controllers", _deploy_controllers),
    route("POST", "/bot-orchestration/deploy-v2-script", _deploy_script),
]
