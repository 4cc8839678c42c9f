"""What an answer of Hummingbot API means: one table, pure. The first row that fits counts; the default is
uncertain.

    | answer                                  | outcome                                                  |
    |-----------------------------------------|----------------------------------------------------------|
    | not sent                                | UpstreamUnreachable                                      |
    | sent, no whole answer                   | UpstreamUncertain                                        |
    | 401, 403                                | UpstreamUnauthorized                                     |
    | 3xx                                     | UpstreamNotHummingbot: the API never redirects           |
    | an ngrok error, or an HTML page         | UpstreamNotHummingbot                                    |
    | 1xx, 408, 425, 499, 5xx                 | UpstreamUncertain                                        |
    | 404 of a route that does not exist, 405 | UpstreamNotHummingbot: another version, or a wrong path  |
    | 404 with a reason                       | handed to the caller: it may be an answer                |
    | other 4xx in JSON                       | UpstreamRejected                                         |
    | 2xx in JSON                             | done                                                     |
    | anything else                           | UpstreamNotHummingbot                                    |

For reads the same: an uncertain read has simply failed. A 404 whose detail is just "Not Found" is FastAPI's
own, for a route that it doesn't have; it must never pass for "the thing is gone" (measured: observed.md
sections 1 and 2).
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from trading_bridge.domain.errors import (
    UpstreamError,
    UpstreamNotHummingbot,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUncertain,
    UpstreamUnreachable,
)
from trading_bridge.hummingbot.sanitising import safe_text
from trading_bridge.hummingbot.transport import Response, TransportFailed

_LARGE = 64 * 1024
_UNCERTAIN_STATUS = frozenset({408, 425, 499})


class Outcome(StrEnum):
    """The classes of the table."""

    DONE = "done"
    MISSING = "missing"  # 404 with a reason
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    UNAUTHORIZED = "unauthorized"
    UNCERTAIN = "uncertain"
    FOREIGN = "foreign"  # not Hummingbot API


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that means something: `body` is JSON, as bytes. `missing`: 404, and `reason` says what is not
    there.
    """

    status: int
    body: bytes
    reason: str = ""

    @property
    def missing(self) -> bool:
        return self.status == 404


def classify(result: Response | TransportFailed) -> Outcome:
    """The table above."""
    if isinstance(result, TransportFailed):
        return Outcome.UNCERTAIN if result.sent else Outcome.UNREACHABLE
    status = result.status
    if status in (401, 403):
        return Outcome.UNAUTHORIZED
    if 300 <= status < 400 or _is_page(result):
        return Outcome.FOREIGN
    if status < 200 or status >= 500 or status in _UNCERTAIN_STATUS:
        return Outcome.UNCERTAIN
    if not _is_json(result.body):
        return Outcome.FOREIGN
    if status == 405 or (status == 404 and detail_of(result.body) in ("", "Not Found")):
        return Outcome.FOREIGN
    if status == 404:
        return Outcome.MISSING
    return Outcome.DONE if status < 300 else Outcome.REJECTED


def settle(method: str, result: Response | TransportFailed, *, hide: Iterable[str] = ()) -> Answer:
    """The answer when it is done, or a 404 with a reason; raises an UpstreamError for everything else.

    `method` only words the messages: for a GET nothing can have changed. `hide`: values that no message may
    show.
    """
    outcome = classify(result)
    if isinstance(result, TransportFailed):
        raise _no_answer(method, result)
    if outcome is Outcome.DONE:
        return Answer(result.status, result.body)
    said = safe_text(detail_of(result.body), hide=hide) if outcome is not Outcome.FOREIGN else ""
    if outcome is Outcome.MISSING:
        return Answer(result.status, result.body, said)
    raise _refusal(outcome, method, result, said)


def detail_of(body: bytes) -> str:
    """FastAPI's `detail` as plain text, not yet made safe; "" when there is none.

    The `input` of a 422 is left out: it repeats the request, keys included (measured: observed.md,
    add-account 422).
    """
    try:
        parsed = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body[:400].decode("utf-8", "replace") if body.lstrip()[:1] != b"<" else ""
    detail = parsed.get("detail", parsed.get("message")) if isinstance(parsed, dict) else parsed
    if isinstance(detail, str):
        return detail
    if isinstance(detail, list):
        return "; ".join(_problem(item) for item in detail if isinstance(item, dict))
    return ""


def field_of(body: bytes) -> str | None:
    """The field that a 422, or a pydantic text in `detail`, complains of first.

    Text as served: "1 validation error for X\\nleverage\\n  Input should be … [type=…]" (measured:
    observed.md).
    """
    try:
        parsed = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    detail = parsed.get("detail") if isinstance(parsed, dict) else None
    if isinstance(detail, list):
        places = [item.get("loc") for item in detail if isinstance(item, dict)]
        names = [str(part) for part in (places[0] or ())] if places else []
        return next((name for name in names if name not in ("body", "query", "path")), None)
    errors = pydantic_errors(detail) if isinstance(detail, str) else []
    return next((field.split(".")[0] for field, _ in errors if field), None)


_ERROR_COUNT = re.compile(r"^\d+ validation errors? for ")


def pydantic_errors(text: str) -> list[tuple[str, str]]:
    """(field path or "", message) of each error in a pydantic text; [] when the text is none.

    A field stands at the line's start, its message two spaces in, the help link four.
    """
    lines = text.split("\n")
    if not _ERROR_COUNT.match(lines[0]):
        return []
    found: list[tuple[str, str]] = []
    field = ""
    for line in lines[1:]:
        if line.startswith("    ") or not line.strip():
            continue
        if line.startswith("  "):
            message = re.sub(r"\s*\[type=.*$", "", line.strip())
            found.append((field, message.removeprefix("Value error, ")))
            field = ""
        else:
            field = line.strip()
    return found


def _problem(item: dict[str, object]) -> str:
    loc = item.get("loc")
    place = ".".join(str(part) for part in loc if part not in ("body", "query")) if isinstance(loc, list) else ""
    message = str(item.get("msg", ""))
    return f"{place}: {message}" if place else message


def _is_page(response: Response) -> bool:
    if "ngrok-error-code" in response.headers:
        return True
    return "html" in response.headers.get("content-type", "").lower() or response.body.lstrip()[:1] == b"<"


def _is_json(body: bytes) -> bool:
    """Whether `body` is JSON (NaN included). Of a large one only the start is looked at."""
    if len(body) > _LARGE:
        return body.lstrip()[:1] in (b"{", b"[")
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _no_answer(method: str, failed: TransportFailed) -> UpstreamError:
    if not failed.sent:
        return UpstreamUnreachable(failed.reason, hint="Nothing was sent; it will work once the server answers.")
    return UpstreamUncertain(failed.reason, hint=_after(method))


def _after(method: str) -> str | None:
    return None if method == "GET" else "It may or may not have been done."


def _refusal(outcome: Outcome, method: str, response: Response, said: str) -> UpstreamError:
    if outcome is Outcome.UNAUTHORIZED:
        return UpstreamUnauthorized(
            "Hummingbot API refused our login.", hint="Check its user name and password, or its API key."
        )
    if outcome is Outcome.REJECTED:
        return UpstreamRejected(
            said or f"Hummingbot API refused the request ({response.status}).", field=field_of(response.body)
        )
    if outcome is Outcome.UNCERTAIN:
        reason = "" if said in ("", "Internal Server Error") else f" {said}"
        return UpstreamUncertain(f"Hummingbot API failed ({response.status}).{reason}", hint=_after(method))
    return UpstreamNotHummingbot(_what_else(response), hint="Check the Hummingbot API address.")


def _what_else(response: Response) -> str:
    if "ngrok-error-code" in response.headers:
        return "The tunnel answers, but no server is behind it."
    if 300 <= response.status < 400:
        return "The address redirects elsewhere; Hummingbot API never does."
    if _is_page(response):
        return "A web page answered, not Hummingbot API."
    if response.status in (404, 405):
        return "The server does not know this call: another version, or a wrong path in its address."
    return "The answer is not one of Hummingbot API."
