"""The one error tree. Each leaf has an HTTP status and a stable code; docs/errors.md lists them all.

    BridgeError
    ├── InvalidInput 422        the request is wrong; nothing was changed
    │   ├── InvalidName, UnknownStrategy, InvalidConfig, PairNotListed, UnknownConnector,
    │   └── AmountBelowMinimum, UnknownAccount, CredentialsMissing, CredentialsIncomplete
    ├── MalformedBody 400       the body can't be read at all
    ├── Unauthenticated 401, Forbidden 403, NotFound 404, MethodNotAllowed 405
    ├── Conflict 409            IdempotencyConflict, IllegalTransition, AlreadyExists
    ├── PayloadTooLarge 413, TooManyRequests 429, DatabaseUnavailable 503
    └── UpstreamError           Hummingbot API, classed by what is known of the effect
        ├── UpstreamRejected    502 definitely not done; the server said why
        ├── UpstreamUnreachable 503 never sent
        └── UpstreamUncertain   503 may or may not have been done: settle by looking, never by resending

Messages are written for the person who reads them; `str(exc)` of a foreign exception never gets in.
"""

from typing import ClassVar


class BridgeError(Exception):
    """Base of all errors that may reach a user: `message` says what, `field` where, `hint` what to do."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    usual_hint: ClassVar[str | None] = None

    def __init__(self, message: str, *, field: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.hint = hint or self.usual_hint


class InternalError(BridgeError):
    """A bug of ours; the details are in the log under the request id."""


# ── the request is wrong ────────────────────────────────────────────────────────────────────────


class InvalidInput(BridgeError):
    """A field has a value that can't be accepted."""

    status = 422
    code = "invalid_input"


class InvalidName(InvalidInput):
    """A display name or an account name breaks its rule."""

    code = "invalid_name"


class UnknownStrategy(InvalidInput):
    """No strategy of that name exists."""

    code = "unknown_strategy"


class InvalidConfig(InvalidInput):
    """A strategy parameter is missing, unknown, of the wrong type or out of its range."""

    code = "invalid_config"


class UnknownConnector(InvalidInput):
    """The Hummingbot server has no connector of that name."""

    code = "unknown_connector"


class PairNotListed(InvalidInput):
    """The exchange doesn't list the trading pair."""

    code = "pair_not_listed"


class AmountBelowMinimum(InvalidInput):
    """An order would be smaller than the exchange's minimum size or value."""

    code = "amount_below_minimum"


class UnknownAccount(InvalidInput):
    """The account is not one of ours."""

    code = "unknown_account"


class CredentialsMissing(InvalidInput):
    """The account holds no keys for the connector."""

    code = "credentials_missing"


class CredentialsIncomplete(InvalidInput):
    """A field of the connector's keys is missing, empty or unknown."""

    code = "credentials_incomplete"


class CredentialsRefused(InvalidInput):
    """The exchange refused the keys; the ones stored before stay in force."""

    code = "credentials_refused"


class MalformedBody(BridgeError):
    """The body is not JSON, or not a JSON object."""

    status = 400
    code = "malformed_body"


class Unauthenticated(BridgeError):
    """No token, a wrong token, or a session that has ended."""

    status = 401
    code = "unauthenticated"


class Forbidden(BridgeError):
    """Signed in, but not allowed (a missing or foreign CSRF token, too)."""

    status = 403
    code = "forbidden"


class NotFound(BridgeError):
    """Nothing of that id exists for this user."""

    status = 404
    code = "not_found"


class MethodNotAllowed(BridgeError):
    """The address exists, the method doesn't."""

    status = 405
    code = "method_not_allowed"


class Conflict(BridgeError):
    """The request contradicts the present state."""

    status = 409
    code = "conflict"


class IdempotencyConflict(Conflict):
    """The same Idempotency-Key came with another body."""

    code = "idempotency_conflict"


class IllegalTransition(Conflict):
    """The bot is in a status from which this action makes no sense."""

    code = "illegal_transition"


class AlreadyExists(Conflict):
    """An object of that name exists."""

    code = "already_exists"


class PayloadTooLarge(BridgeError):
    """The body is larger than any request of ours has to be."""

    status = 413
    code = "payload_too_large"


class TooManyRequests(BridgeError):
    """Too many attempts; `hint` says when to try again."""

    status = 429
    code = "too_many_requests"


class DatabaseUnavailable(BridgeError):
    """Our own database does not answer."""

    status = 503
    code = "database_unavailable"


# ── Hummingbot API ──────────────────────────────────────────────────────────────────────────────


_WHEN_BACK = "Try again when Hummingbot API is back; GET /status shows its state."


class UpstreamError(BridgeError):
    """Hummingbot API failed; the subclass says what is known of the effect."""

    status = 503
    code = "upstream_error"


class UpstreamRejected(UpstreamError):
    """Definitely not done: the server answered that it refuses. `message` is its reason, made safe."""

    status = 502
    code = "upstream_rejected"


class UpstreamUnreachable(UpstreamError):
    """Never sent: no connection could be made. Safe to try again."""

    code = "upstream_unreachable"
    usual_hint = _WHEN_BACK


class UpstreamUnauthorized(UpstreamRejected):
    """The server refused our login (401/403). Nothing was done."""

    status = 503
    code = "upstream_unauthorized"
    usual_hint = _WHEN_BACK


class UpstreamUncertain(UpstreamError):
    """Sent, but no trustworthy answer (time-out, dropped, 5xx). Never resend: look."""

    code = "upstream_uncertain"
    usual_hint = _WHEN_BACK


class UpstreamNotHummingbot(UpstreamUncertain):
    """Something answered that is not Hummingbot API: a tunnel's page, a proxy, a login form."""

    code = "upstream_not_hummingbot"
    usual_hint = _WHEN_BACK


def every_error() -> list[type[BridgeError]]:
    """All error classes, base first, for the docs test and the REST description."""
    found: list[type[BridgeError]] = []
    queue: list[type[BridgeError]] = [BridgeError]
    while queue:
        cls = queue.pop(0)
        found.append(cls)
        queue.extend(cls.__subclasses__())
    return found
