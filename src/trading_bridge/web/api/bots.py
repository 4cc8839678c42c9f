"""/bots: create, list, start, stop, archive, and everything told about one bot."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AwareDatetime

from trading_bridge.domain.bots import Status
from trading_bridge.domain.errors import InvalidInput, NotFound
from trading_bridge.domain.views import BotView
from trading_bridge.services.bots import BotFilter, NewBot
from trading_bridge.web.api import answers
from trading_bridge.web.api.refusals import refusals
from trading_bridge.web.api.requests import BotRequest, idempotency_key, seconds_to_wait
from trading_bridge.web.api.schemas import (
    BotAnswer,
    BotListAnswer,
    FillListAnswer,
    LogAnswer,
    PerformanceAnswer,
    SampleListAnswer,
    TimelineAnswer,
)
from trading_bridge.web.deps import Bridge
from trading_bridge.web.exact_json import ExactRoute, JsonAnswer
from trading_bridge.web.security import Reader, Writer

router = APIRouter(prefix="/bots", tags=["Bots"], route_class=ExactRoute)

_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
CHART_WINDOW = timedelta(hours=1)


def bot_id(
    bot_id: Annotated[str, Path(description="Id of the bot.", examples=["bot_7m2k4qj0c9v5x8w1r3t6"])],
) -> str:
    """An id that can be one of ours. Raises NotFound."""
    if _ID.fullmatch(bot_id) is None:
        raise NotFound("There is no such bot.", hint="GET /bots lists them.")
    return bot_id


BotId = Annotated[str, Depends(bot_id)]
Wait = Annotated[int | None, Depends(seconds_to_wait)]


async def _accepted(view: BotView, wait: int | None, bridge: Bridge) -> JsonAnswer:
    """202 with the bot, at once or when it has settled."""
    headers = {"Location": f"/bots/{view.bot.id}"}
    if wait is not None:
        view = await bridge.bots.wait_settled(view.bot.id, wait)
        headers["Preference-Applied"] = f"wait={wait}"
    return JsonAnswer(answers.bot(view), status_code=202, headers=headers)


@router.post(
    "/create",
    status_code=202,
    response_model=BotAnswer,
    responses=refusals(400, 409, 413, 422, 502, 503),
    summary="Create a bot and start it",
)
async def create(
    body: BotRequest,
    actor: Writer,
    bridge: Bridge,
    wait: Wait,
    key: Annotated[str | None, Depends(idempotency_key)],
) -> JsonAnswer:
    """Everything that can be known is checked first: nothing is created when the answer is an error.

    Answers 202 at once, with status `deploying`; `GET /bots/{id}/timeline` shows each step as it happens.
    """
    new = NewBot(
        name=body.name,
        account=body.account,
        connector=body.connector,
        pair=body.pair,
        strategy=body.strategy,
        config=body.config,
        start=body.start,
    )
    view = await bridge.bots.create(new, actor, idempotency_key=key)
    return await _accepted(view, wait, bridge)


@router.get("", response_model=BotListAnswer, responses=refusals(422), summary="List bots")
async def list_bots(
    _principal: Reader,
    bridge: Bridge,
    status: Annotated[Status | None, Query(description="Only bots of this status.", examples=["running"])] = None,
    account: Annotated[
        str | None, Query(max_length=50, description="Only bots of this account.", examples=["client_sharp"])
    ] = None,
    q: Annotated[
        str | None,
        Query(
            max_length=100,
            description="Only bots with this text in name, account, connector, pair or id.",
            examples=["sharp"],
        ),
    ] = None,
    archived: Annotated[bool, Query(description="Archived bots too.")] = False,
    limit: Annotated[int, Query(ge=1, le=500, description="Bots on a page.")] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000, description="Bots to leave out.")] = 0,
) -> JsonAnswer:
    """Oldest first. Archived bots are left out unless asked for by `archived=true` or `status=archived`."""
    if q is not None and _CONTROL.search(q):
        raise InvalidInput("“q” has characters that no name has.", field="q", hint="Remove them.")
    page = await bridge.bots.list(
        BotFilter(status=status, account=account, q=q, archived=archived, limit=limit, offset=offset)
    )
    return JsonAnswer(
        {
            "bots": [answers.bot(view) for view in page.bots],
            "total": page.total,
            "limit": limit,
            "offset": offset,
            "as_of": page.as_of,
            "stale": page.stale,
        }
    )


@router.get("/{bot_id}", response_model=BotAnswer, responses=refusals(404, 422), summary="One bot")
async def get_bot(bot_id: BotId, _principal: Reader, bridge: Bridge) -> JsonAnswer:
    """Its record, its status with the reason, and its main figures."""
    return JsonAnswer(answers.bot(await bridge.bots.get(bot_id)))


@router.post(
    "/{bot_id}/start",
    status_code=202,
    response_model=BotAnswer,
    responses=refusals(404, 409, 422),
    summary="Start a bot",
)
async def start(bot_id: BotId, actor: Writer, bridge: Bridge, wait: Wait) -> JsonAnswer:
    """A new deployment of the same bot. 409 from a status where a start makes no sense."""
    return await _accepted(await bridge.bots.start(bot_id, actor), wait, bridge)


@router.post(
    "/{bot_id}/stop",
    status_code=202,
    response_model=BotAnswer,
    responses=refusals(404, 409, 422),
    summary="Stop a bot",
)
async def stop(bot_id: BotId, actor: Writer, bridge: Bridge, wait: Wait) -> JsonAnswer:
    """Its orders are cancelled, what it holds is kept, its fills are read first. Takes about 15 s."""
    return await _accepted(await bridge.bots.stop(bot_id, actor), wait, bridge)


@router.post(
    "/{bot_id}/archive",
    status_code=202,
    response_model=BotAnswer,
    responses=refusals(404, 409, 422),
    summary="Put a bot away",
)
async def archive(bot_id: BotId, actor: Writer, bridge: Bridge, wait: Wait) -> JsonAnswer:
    """Stop it if needed and remove it from the server, for good. Fills and timeline are kept."""
    return await _accepted(await bridge.bots.archive(bot_id, actor), wait, bridge)


@router.get("/{bot_id}/fills", response_model=FillListAnswer, responses=refusals(404, 422), summary="Fills of a bot")
async def fills(
    bot_id: BotId,
    _principal: Reader,
    bridge: Bridge,
    limit: Annotated[int, Query(ge=1, le=1000, description="Fills on a page.")] = 200,
    before: Annotated[
        str | None,
        Query(
            max_length=120,
            pattern=r"^[\x21-\x7e]+$",
            description="`next` of the page before: go on from there.",
            examples=["11223344"],
        ),
    ] = None,
    since: Annotated[
        AwareDatetime | None, Query(description="Only fills at or after this time.", examples=["2026-11-21T00:00:00Z"])
    ] = None,
) -> JsonAnswer:
    """Newest first, each once, kept for ever: a stop loses none."""
    found = await bridge.bots.fills(bot_id, limit=limit + 1, before=before, since=since)
    return JsonAnswer(answers.fills(found, limit))


@router.get(
    "/{bot_id}/performance", response_model=PerformanceAnswer, responses=refusals(404, 422), summary="P&L of a bot"
)
async def performance(bot_id: BotId, _principal: Reader, bridge: Bridge) -> JsonAnswer:
    """From its own fills, net of fees; beside it what Hummingbot reports."""
    return JsonAnswer(answers.performance(await bridge.bots.get(bot_id)))


@router.get("/{bot_id}/logs", response_model=LogAnswer, responses=refusals(404, 422), summary="Log of a bot")
async def logs(
    bot_id: BotId,
    _principal: Reader,
    bridge: Bridge,
    level: Annotated[
        Literal["warning", "error"] | None, Query(description="Only this level and worse.", examples=["error"])
    ] = None,
) -> JsonAnswer:
    """The newest lines: of the running bot, or as they were kept at its end."""
    return JsonAnswer(answers.logs(await bridge.bots.logs(bot_id, level=level)))


@router.get(
    "/{bot_id}/timeline", response_model=TimelineAnswer, responses=refusals(404, 422), summary="What happened to a bot"
)
async def timeline(bot_id: BotId, _principal: Reader, bridge: Bridge) -> JsonAnswer:
    """Each step of each start, stop and archive with its time, oldest first."""
    return JsonAnswer(answers.timeline(await bridge.bots.timeline(bot_id)))


@router.get(
    "/{bot_id}/samples", response_model=SampleListAnswer, responses=refusals(404, 422), summary="Chart of a bot"
)
async def samples(
    bot_id: BotId,
    _principal: Reader,
    bridge: Bridge,
    since: Annotated[
        AwareDatetime | None,
        Query(description="Points at or after this time. Default: the last hour.", examples=["2026-11-21T11:00:00Z"]),
    ] = None,
) -> JsonAnswer:
    """Mid price, own quotes and net P&L over time."""
    found = await bridge.bots.samples(bot_id, since=since or datetime.now(UTC) - CHART_WINDOW)
    return JsonAnswer(answers.samples(found))
