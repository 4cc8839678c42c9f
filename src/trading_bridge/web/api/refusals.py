"""How a route's ways to fail are described in /docs."""

from typing import Any

from trading_bridge.web.api.schemas import ErrorAnswer

_WORDS = {
    400: "The body can't be read.",
    401: "No token, or one that is not valid.",
    403: "The token may not do this.",
    404: "There is nothing of this id.",
    409: "It contradicts the present state, or an Idempotency-Key was used for another body.",
    413: "The body is larger than 1 MiB.",
    422: "A field has a value that can't be accepted; nothing was changed.",
    502: "The Hummingbot API refused it; nothing was done.",
    503: "The Hummingbot API can't be reached or did not answer well.",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that answers these errors; a token is asked for everywhere."""
    return {status: {"model": ErrorAnswer, "description": _WORDS[status]} for status in sorted({401, 403, *statuses})}
