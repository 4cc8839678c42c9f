"""Every way to fail, in one shape: {"error": {"code", "message", "field", "hint"}}; pages get an HTML page instead."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from trading_bridge.domain.errors import (
    BridgeError,
    Forbidden,
    InternalError,
    InvalidInput,
    MalformedBody,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    Unauthenticated,
)
from trading_bridge.logs import logger
from trading_bridge.web.exact_json import JsonAnswer

ErrorPage = Callable[[Request, BridgeError], Awaitable[Response]]

_log = logger(__name__)
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_KINDS = {
    "missing": "is missing",
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "dict_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "model_type": "must be a JSON object",
    "extra_forbidden": "is not a field of this request",
    "datetime_from_date_parsing": "must be a time like 2026-11-21T12:00:00Z",
    "datetime_parsing": "must be a time like 2026-11-21T12:00:00Z",
    "timezone_aware": "must be a time with its zone, like 2026-11-21T12:00:00Z",
}


def body_of(error: BridgeError) -> dict[str, Any]:
    """The one shape."""
    return {
        "error": {
            "code": error.code,
            "message": error.message,
            "field": error.field,
            "hint": error.hint,
        }
    }


def answer(error: BridgeError, headers: Mapping[str, str] | None = None) -> JsonAnswer:
    """The JSON answer of an error, with the headers that its status asks for."""
    fields = dict(headers or {})
    if isinstance(error, Unauthenticated):
        fields.setdefault("WWW-Authenticate", 'Bearer realm="Trading Bridge"')
    if (seconds := getattr(error, "retry_after", None)) is not None:
        fields.setdefault("Retry-After", str(seconds))
    return JsonAnswer(body_of(error), status_code=error.status, headers=fields)


def internal(request_id: str) -> InternalError:
    """What a user is told of a bug of ours: where to find the rest."""
    return InternalError(
        "Something went wrong inside Trading Bridge.",
        hint=f"The log has the details under the request id {request_id}.",
    )


def from_validation(failure: RequestValidationError) -> BridgeError:
    """The first thing wrong, in words made from the rule: what was sent is never repeated."""
    first = failure.errors()[0]
    place = [str(part) for part in first["loc"][1:] if part != "[key]"]
    field = ".".join(place)[:120] or None
    if field is None:
        return MalformedBody("The body is not a JSON object.", hint="Send a JSON object.")
    context = first.get("ctx", {})
    kind = first["type"]
    by_limit = {
        "string_too_short": f"must have at least {context.get('min_length')} characters",
        "string_too_long": f"must have at most {context.get('max_length')} characters",
        "greater_than_equal": f"must be {context.get('ge')} or more",
        "less_than_equal": f"must be {context.get('le')} or less",
        "enum": f"must be one of {context.get('expected')}",
        "literal_error": f"must be one of {context.get('expected')}",
    }
    rule = _KINDS.get(kind) or by_limit.get(kind) or "has a value that can't be accepted"
    return InvalidInput(f"“{field}” {rule}.", field=field, hint="See /docs for the fields and their limits.")


def from_http(request: Request, failure: HTTPException) -> tuple[BridgeError, dict[str, str]]:
    """The framework's own refusals (no such address, no such method, ...) in our words."""
    headers = dict(failure.headers or {})
    if failure.status_code == 404:
        return NotFound("There is nothing at this address.", hint="See /docs for the addresses."), headers
    if failure.status_code == 405:
        allowed = ", ".join(allowed_methods(request))
        headers["Allow"] = allowed
        return MethodNotAllowed(f"This address does not take {request.method}.", hint=f"It takes {allowed}."), headers
    kinds: dict[int, BridgeError] = {
        400: MalformedBody("The request can't be read.", hint="See /docs for what it looks like."),
        401: Unauthenticated("Sign in first.", hint="Send a bearer token."),
        403: Forbidden("This is not allowed."),
        413: PayloadTooLarge("The body is too large.", hint="No request needs more than 1 MiB."),
    }
    return kinds.get(failure.status_code) or InvalidInput("The request can't be accepted."), headers


def allowed_methods(request: Request) -> list[str]:
    """Every method that some route takes at this path: the router itself reports the first route's only."""
    found = []
    for method in _METHODS:
        scope = dict(request.scope, method=method)
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes):
            found.append(method)
    return found


def install(app: FastAPI, error_page: ErrorPage) -> None:
    """Register the handlers. `error_page` renders an error for a person, under /app."""

    async def respond(request: Request, error: BridgeError, headers: Mapping[str, str]) -> Response:
        if is_page(request.scope["path"]):
            page = await error_page(request, error)
            page.headers.update(headers)
            return page
        return answer(error, headers)

    async def on_bridge_error(request: Request, failure: Exception) -> Response:
        assert isinstance(failure, BridgeError)
        if failure.status >= 500:
            _log.warning("request_failed", code=failure.code, message=failure.message)
        return await respond(request, failure, {})

    async def on_validation(request: Request, failure: Exception) -> Response:
        assert isinstance(failure, RequestValidationError)
        return await respond(request, from_validation(failure), {})

    async def on_http(request: Request, failure: Exception) -> Response:
        assert isinstance(failure, HTTPException)
        error, headers = from_http(request, failure)
        return await respond(request, error, headers)

    app.add_exception_handler(BridgeError, on_bridge_error)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)


def is_page(path: str) -> bool:
    """Whether a person in a browser asks, not a machine."""
    return path in {"/", "/app"} or path.startswith("/app/")
