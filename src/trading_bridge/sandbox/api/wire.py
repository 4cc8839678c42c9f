"""Reading requests and writing answers the way the real server (a FastAPI application) does."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from trading_bridge.sandbox.settings import SandboxSettings
from trading_bridge.sandbox.world import World

Endpoint = Callable[[Request], Awaitable[Any]]
ModelT = TypeVar("ModelT", bound=BaseModel)


class HttpError(Exception):
    """An answer with `{"detail": ...}`."""

    def __init__(self, status: int, detail: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status}")
        self.status = status
        self.detail = detail
        self.headers = headers


class InternalError(Exception):
    """The real server fails here: 500, text/plain `Internal Server Error`."""


def world_of(request: Request) -> World:
    """The sandbox behind a request."""
    world: World = request.app.state.world
    return world


def route(method: str, path: str, endpoint: Endpoint, *, status: int = 200, auth: bool = True) -> Route:
    """A route whose endpoint returns JSON-able data (or a Response) and may raise HttpError."""

    async def answer(request: Request) -> Response:
        try:
            if auth:
                _check_caller(request)
            result = await endpoint(request)
        except HttpError as error:
            headers = dict(error.headers) if error.headers else None
            return JSONResponse({"detail": error.detail}, error.status, headers)
        except InternalError:
            return PlainTextResponse("Internal Server Error", 500)
        return result if isinstance(result, Response) else JSONResponse(result, status)

    return Route(path, answer, methods=[method], name=getattr(endpoint, "__name__", "endpoint"))


def _check_caller(request: Request) -> None:
    settings: SandboxSettings = request.app.state.settings
    key = request.headers.get("X-API-KEY")
    if settings.api_key is not None and key is not None:
        if secrets.compare_digest(key.encode(), settings.api_key.encode()):
            return
        raise HttpError(401, "Invalid API key")
    basic = {"WWW-Authenticate": "Basic"}
    scheme, _, parameter = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise HttpError(401, "Not authenticated", basic)
    try:
        username, separator, password = base64.b64decode(parameter, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise HttpError(401, "Invalid authentication credentials", basic) from None
    right = secrets.compare_digest(username.encode(), settings.username.encode())
    right &= secrets.compare_digest(password.encode(), settings.password.encode())
    if not (separator and right):
        raise HttpError(401, "Incorrect username or password", basic)


async def json_body(request: Request) -> Any:
    """The parsed body: 422 in FastAPI's shape when there is none or it isn't JSON."""
    raw = await request.body()
    if not raw:
        raise HttpError(422, [{"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}])
    try:
        return json.loads(raw)
    except ValueError as error:
        position = getattr(error, "pos", 0)
        problem = {
            "type": "json_invalid",
            "loc": ["body", position],
            "msg": "JSON decode error",
            "input": {},
            "ctx": {"error": getattr(error, "msg", "")},
        }
        raise HttpError(422, [problem]) from None


async def dict_body(request: Request) -> dict[str, Any]:
    """The body as a JSON object, else 422."""
    body = await json_body(request)
    if not isinstance(body, dict):
        text = "Input should be a valid dictionary"
        raise HttpError(422, [{"type": "dict_type", "loc": ["body"], "msg": text, "input": body}])
    return body


async def model_body(request: Request, model: type[ModelT]) -> ModelT:
    """The body as a model, else 422; a failed validator of the model's own is a 500, as measured."""
    body = await json_body(request)
    if not isinstance(body, dict):
        text = "Input should be a valid dictionary or object to extract fields from"
        problem = {"type": "model_attributes_type", "loc": ["body"], "msg": text, "input": body}
        raise HttpError(422, [problem])
    return _validated(model, body, "body")


def query(request: Request, model: type[ModelT]) -> ModelT:
    """The query parameters as a model, else 422."""
    return _validated(model, dict(request.query_params), "query")


def _validated(model: type[ModelT], data: dict[str, Any], place: str) -> ModelT:
    try:
        return model.model_validate(data)
    except ValidationError as failure:
        problems = []
        for error in failure.errors(include_url=False):
            if isinstance(error.get("ctx", {}).get("error"), Exception):
                # The server's 422 handler can't put the exception into JSON (measured: observed.md section 2).
                raise InternalError from failure
            problem: dict[str, Any] = {**error, "loc": [place, *error["loc"]]}
            if place == "query" and error["type"] == "missing":
                problem["input"] = None
            problems.append(problem)
        raise HttpError(422, problems) from failure
