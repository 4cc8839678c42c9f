"""Who looks at a page, and how pages reach the services."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData

from trading_bridge.domain.access import Session
from trading_bridge.services.bots import Actor
from trading_bridge.web.deps import request_id_of, runtime_of
from trading_bridge.web.security import GuardedSession, PageSession

__all__ = ["Posted", "SignedIn", "Viewer", "posted_form", "runtime_of"]


@dataclass(frozen=True, slots=True)
class Viewer:
    """A signed-in person and the token that their forms carry."""

    name: str
    csrf_token: str
    actor: Actor


def _viewer(session: Session, request: Request) -> Viewer:
    return Viewer(session.email, session.csrf_token, Actor(session.email, request_id_of(request)))


def signed_in(session: PageSession, request: Request) -> Viewer:
    """Whoever asks for a page; without a session the browser is sent to the sign-in page."""
    return _viewer(session, request)


def posting(session: GuardedSession, request: Request) -> Viewer:
    """Whoever sends a form of ours: signed in, from our own page, with the session's token."""
    return _viewer(session, request)


SignedIn = Annotated[Viewer, Depends(signed_in)]
Posted = Annotated[Viewer, Depends(posting)]


async def posted_form(request: Request) -> FormData:
    """The posted fields; read once, kept by the request."""
    return await request.form(max_files=0, max_fields=100)
