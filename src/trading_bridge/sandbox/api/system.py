"""The root, the schema, and the machine's load."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from trading_bridge.sandbox.api.wire import route

VERSION = "1.0.1"
"""Version of the Hummingbot API that was measured."""


async def _root(_request: Request) -> dict[str, str]:
    return {"name": "Hummingbot API", "version": VERSION, "status": "running"}


async def _resources(_request: Request) -> dict[str, Any]:
    load = os.getloadavg()
    cores = os.cpu_count() or 1
    memory = _memory()
    disk = shutil.disk_usage("/")
    return {
        "cpu": {
            "percent": min(100.0, round(load[0] / cores * 100, 1)),
            "count_logical": cores,
            "count_physical": cores,
            "load_avg_1m": load[0],
            "load_avg_5m": load[1],
            "load_avg_15m": load[2],
        },
        "memory": memory,
        "disk": {
            "mountpoint": "host root",
            "total": disk.total,
            "used": disk.used,
            "free": disk.free,
            "percent": round(disk.used / disk.total * 100, 1),
        },
    }


def _memory() -> dict[str, Any]:
    """Bytes, from /proc where there is one."""
    values = {"MemTotal": 0, "MemAvailable": 0}
    source = Path("/proc/meminfo")
    if source.exists():
        for line in source.read_text().splitlines():
            name, _, rest = line.partition(":")
            if name in values:
                values[name] = int(rest.split()[0]) * 1024
    total, available = values["MemTotal"], values["MemAvailable"]
    used = total - available
    percent = round(used / total * 100, 1) if total else 0.0
    return {"total": total, "available": available, "used": used, "percent": percent}


def schema_route(routes: list[BaseRoute]) -> Route:
    """/openapi.json: the routes that this sandbox serves, without body schemas; open to everybody."""
    paths: dict[str, dict[str, Any]] = {}
    for served in routes:
        if isinstance(served, Route) and not served.path.startswith("/sandbox/"):
            operations = paths.setdefault(served.path.replace(":path}", "}"), {})
            for method in sorted((served.methods or set()) - {"HEAD"}):
                operations[method.lower()] = {"responses": {"200": {"description": "Successful Response"}}}

    async def _openapi(_request: Request) -> dict[str, Any]:
        info = {
            "title": "Hummingbot API",
            "description": "Trading Bridge's sandbox: a stand-in that trades on a simulated exchange",
            "version": VERSION,
        }
        security = {"HTTPBasic": {"type": "http", "scheme": "basic"}}
        return {
            "openapi": "3.1.0",
            "info": info,
            "paths": paths,
            "components": {"securitySchemes": security},
        }

    return route("GET", "/openapi.json", _openapi, auth=False)


ROUTES = [
    route("GET", "/", _root, auth=False),
    route("GET", "/system/resources", _resources),
]
