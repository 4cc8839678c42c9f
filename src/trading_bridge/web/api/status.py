"""/status and /health."""

from fastapi import APIRouter

from trading_bridge.domain.errors import DatabaseUnavailable
from trading_bridge.web.api import answers
from trading_bridge.web.api.refusals import refusals
from trading_bridge.web.api.schemas import ErrorAnswer, HealthAnswer, StatusAnswer
from trading_bridge.web.deps import Bridge
from trading_bridge.web.exact_json import JsonAnswer
from trading_bridge.web.security import Reader

router = APIRouter(tags=["Status"])


@router.get("/status", response_model=StatusAnswer, responses=refusals(), summary="Health of the whole")
async def status(_principal: Reader, bridge: Bridge) -> JsonAnswer:
    """The bridge, its database, and each Hummingbot API: reachable or not and since when, MQTT, version."""
    return JsonAnswer(answers.system(await bridge.system.view()))


@router.get(
    "/health",
    response_model=HealthAnswer,
    responses={503: {"model": ErrorAnswer, "description": "The database does not answer."}},
    summary="For probes",
)
async def health(bridge: Bridge) -> JsonAnswer:
    """200 while the bridge can do its work. Needs no token and tells nothing else; a silent Hummingbot API is no
    fault of the bridge and is told by `/status`."""
    if not await bridge.system.healthy():
        raise DatabaseUnavailable("The database does not answer.", hint="Look at its state and at the bridge's log.")
    return JsonAnswer({"status": "ok"})
