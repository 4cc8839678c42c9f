"""How routes reach the services, and who asks."""

from typing import Annotated, cast

from fastapi import Depends, Request

from trading_bridge.runtime import Runtime


def runtime_of(request: Request) -> Runtime:
    """The running bridge: services and settings."""
    return cast(Runtime, request.app.state.runtime)


def request_id_of(request: Request) -> str:
    """The id under which the log has this request."""
    return str(request.scope["state"]["request_id"])


Bridge = Annotated[Runtime, Depends(runtime_of)]
RequestId = Annotated[str, Depends(request_id_of)]
