"""Who may ask what: bearer tokens for machines, sealed cookies for browsers, and no forged requests."""

from dataclasses import dataclass
from hmac import compare_digest
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from trading_bridge.domain.access import Scope, Session
from trading_bridge.domain.errors import Forbidden, Unauthenticated
from trading_bridge.services.bots import Actor
from trading_bridge.services.sign_in import ABSOLUTE_TIMEOUT
from trading_bridge.settings import is_loopback
from trading_bridge.web.deps import request_id_of, runtime_of

LOGIN_PATH = "/app/login"
HOME_PATH = "/app"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"

_bearer = HTTPBearer(auto_error=False, description="An API token: `Authorization: Bearer <token>`.")
_Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class SignInNeeded(Exception):
    """A page was asked for without a session; answered by sending the browser to the sign-in page."""


# ── cookies ─────────────────────────────────────────────────────────────────────────────────────


def is_local(request: Request) -> bool:
    """Whether the browser is on this machine, by the address that it used."""
    return is_loopback(request.url.hostname or "")


def wants_secure(request: Request) -> bool:
    """Cookies are Secure unless the browser talks plain http to its own machine."""
    return request.url.scheme == "https" or not is_local(request)


def cookie_name(request: Request) -> str:
    """`__Host-` binds the cookie to this host over https; browsers refuse it on plain http."""
    return "__Host-trading_bridge" if wants_secure(request) else "trading_bridge"


def session_key(request: Request) -> str | None:
    """What the browser presents as its session."""
    return request.cookies.get(cookie_name(request)) or None


def set_session_cookie(response: Response, request: Request, session: Session) -> None:
    """Hand the session to the browser."""
    response.set_cookie(
        cookie_name(request),
        session.key,
        max_age=int(ABSOLUTE_TIMEOUT.total_seconds()),
        path="/",
        secure=wants_secure(request),
        httponly=True,
        samesite="lax",
    )


def clear_session_cookie(response: Response, request: Request) -> None:
    """Take the session from the browser."""
    response.delete_cookie(cookie_name(request), path="/", secure=wants_secure(request), httponly=True, samesite="lax")


def client_address(request: Request) -> str:
    """Where the request comes from; behind a proxy on this machine, what that proxy says (uvicorn sees to it)."""
    return request.client.host if request.client else "unknown"


# ── pages ───────────────────────────────────────────────────────────────────────────────────────


async def current_session(request: Request) -> Session | None:
    """The browser's session, or None."""
    key = session_key(request)
    return None if key is None else await runtime_of(request).sign_in.find_session(key)


async def page_session(request: Request) -> Session:
    """The browser's session; without one the browser is sent to the sign-in page, and back afterwards."""
    session = await current_session(request)
    if session is None:
        raise SignInNeeded
    return session


def same_origin(request: Request) -> None:
    """Raises Forbidden when another site made the browser send this. For the sign-in form, which has no session."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise _foreign()
        return
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise _foreign()


async def guarded_session(request: Request) -> Session:
    """For everything that a page changes: a session, from our own page, with that session's token.

    The token comes in the header X-CSRF-Token or in the form field csrf_token.
    """
    session = await page_session(request)
    same_origin(request)
    given = request.headers.get(CSRF_HEADER)
    if given is None:
        value = (await request.form()).get(CSRF_FIELD)
        given = value if isinstance(value, str) else ""
    if not compare_digest(given.encode(), session.csrf_token.encode()):
        raise Forbidden(
            "This page is out of date, so the request was not carried out.",
            field=CSRF_FIELD,
            hint="Reload the page and try again.",
        )
    return session


def _foreign() -> Forbidden:
    return Forbidden(
        "The request came from another site, so it was not carried out.", hint="Use the bridge's own pages."
    )


def login_address(request: Request) -> str:
    """The sign-in page, which leads back to the page that was asked for."""
    if request.method != "GET" or request.headers.get("HX-Request") == "true":
        return LOGIN_PATH
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return LOGIN_PATH if asked == HOME_PATH else f"{LOGIN_PATH}?next={quote(asked, safe='')}"


def safe_next(asked: str | None) -> str:
    """Where to go after signing in: a page of ours, never another site."""
    ours = asked is not None and (asked == HOME_PATH or asked.startswith((f"{HOME_PATH}/", f"{HOME_PATH}?", "/docs")))
    if not ours or asked is None or "\\" in asked or any(ord(char) < 33 for char in asked):
        return HOME_PATH
    return asked


# ── REST ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a token's owner, or somebody signed in (reads only)."""

    name: str
    scopes: frozenset[Scope]
    session_key: str | None = None


async def reader(request: Request, bearer: _Bearer) -> Principal:
    """A token that may read, or a signed-in browser. Raises Unauthenticated, Forbidden."""
    if bearer is None and "authorization" not in request.headers:
        session = await current_session(request)
        if session is not None:
            return Principal(session.email, frozenset({Scope.READ}), session.key)
    return await _token_owner(request, bearer, Scope.READ)


async def writer(request: Request, bearer: _Bearer) -> Actor:
    """A token that may change things: a cookie alone never does. Raises Unauthenticated, Forbidden."""
    principal = await _token_owner(request, bearer, Scope.WRITE)
    return Actor(principal.name, request_id_of(request))


async def _token_owner(request: Request, bearer: HTTPAuthorizationCredentials | None, scope: Scope) -> Principal:
    if bearer is None or not bearer.credentials:
        raise Unauthenticated("A token is needed here.", hint="Send the header Authorization: Bearer <your API token>.")
    use = await runtime_of(request).sign_in.find_token(bearer.credentials)
    if use is None:
        raise Unauthenticated("The token is not valid.", hint="Check it, or have a new one made.")
    if scope not in use.scopes:
        raise Forbidden(f"The token may not {scope.value}.", hint="Use a token with that right.")
    return Principal(f"token:{use.name}", use.scopes)


Reader = Annotated[Principal, Depends(reader)]
Writer = Annotated[Actor, Depends(writer)]
PageSession = Annotated[Session, Depends(page_session)]
GuardedSession = Annotated[Session, Depends(guarded_session)]
