"""JSON in and out without floats: numbers arrive as int or Decimal, and leave as they came."""

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

import msgspec
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders

from trading_bridge.domain.errors import InvalidInput, MalformedBody

DEEPEST = 16
LONGEST_NUMBER = 60  # characters; the largest of our fields has 13 digits before the point
LARGEST_EXPONENT = 30

_JSON_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_UNUSABLE_CHARACTER = re.compile("[\x00\ud800-\udfff]")  # no database and no encoder takes these

_encoder = msgspec.json.Encoder()


class JsonAnswer(Response):
    """An answer encoded once, by msgspec. Aware UTC times end in Z; figures are put in as text by the caller."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return _encoder.encode(content)


def as_number(text: str) -> msgspec.Raw | str:
    """A decimal kept as text, as the JSON number that it was; text that is no JSON number stays text."""
    return msgspec.Raw(text) if _JSON_NUMBER.fullmatch(text) else text


def parse(body: bytes) -> Any:
    """The JSON value, fractions as Decimal. Raises MalformedBody, and InvalidInput for characters nobody can store."""
    if not body.strip():
        raise MalformedBody("The body is empty.", hint="Send a JSON object.")
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_float=_fraction,
            parse_int=_integer,
            parse_constant=_refuse_constant,
        )
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError:
        raise MalformedBody("The body is not UTF-8 text.", hint="Send JSON, encoded as UTF-8.") from None
    except ValueError as error:
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise MalformedBody(f"The body is not JSON{where}.", hint="Send a JSON object.") from None
    _check(value, "", DEEPEST)
    return value


def parse_object(body: bytes) -> dict[str, Any]:
    """Like `parse`, and the value must be an object."""
    value = parse(body)
    if not isinstance(value, dict):
        raise MalformedBody("The body is not a JSON object.", hint='Send an object, like {"name": "..."}.')
    return value


class ExactRequest(Request):
    """A request whose JSON was parsed exactly, whatever content type it was sent with."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = parse_object(await self.body())
        return self._json


class ExactRoute(APIRoute):
    """A route that reads its JSON body exactly. Errors of the body are raised before the framework sees it."""

    def get_route_handler(self) -> Any:
        handle = super().get_route_handler()

        async def exactly(request: Request) -> Response:
            if self.body_field is None:
                response: Response = await handle(request)
                return response
            scope = dict(request.scope, headers=list(request.scope["headers"]))
            # `curl -d` says it sends a form; a bearer token is needed anyhow, so that the type guards nothing
            MutableHeaders(scope=scope)["content-type"] = "application/json"
            exact = ExactRequest(scope, request.receive)
            await exact.json()
            answered: Response = await handle(exact)
            return answered

        return exactly


def _fraction(text: str) -> Decimal:
    number = Decimal(text)
    if len(text) > LONGEST_NUMBER or abs(number.adjusted()) > LARGEST_EXPONENT:
        raise _number_too_long()
    return number


def _integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise _number_too_long()
    return int(text)


def _number_too_long() -> MalformedBody:
    return MalformedBody(
        f"A number in the body is out of any range: over {LONGEST_NUMBER} characters, or 10 to the power of more "
        f"than {LARGEST_EXPONENT}.",
        hint="Send plain decimal numbers.",
    )


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedBody(f"The body is not JSON: it holds {name.strip('-')}.", hint="JSON knows finite numbers only.")


def _too_deep() -> MalformedBody:
    return MalformedBody("The body is nested too deeply.", hint="No request has more than a few levels.")


def _check(value: Any, field: str, depth: int) -> None:
    if depth == 0:
        raise _too_deep()
    if isinstance(value, str):
        if _UNUSABLE_CHARACTER.search(value):
            raise InvalidInput(
                "A text holds characters that can't be stored.", field=field or None, hint="Remove them."
            )
    elif isinstance(value, dict):
        for key, item in value.items():
            _check(key, field, depth)
            _check(item, f"{field}.{key[:60]}" if field else key[:60], depth - 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, field, depth - 1)
