"""/accounts: enough to use the bridge on a fresh Hummingbot API."""

import re
from typing import Annotated

from fastapi import APIRouter, Path

from trading_bridge.domain.errors import BridgeError, NotFound, UnknownConnector
from trading_bridge.logs import hiding
from trading_bridge.web.api import answers
from trading_bridge.web.api.refusals import refusals
from trading_bridge.web.api.requests import AccountRequest, CredentialsRequest
from trading_bridge.web.api.schemas import AccountAnswer, AccountListAnswer
from trading_bridge.web.deps import Bridge
from trading_bridge.web.exact_json import ExactRoute, JsonAnswer
from trading_bridge.web.security import Reader, Writer

router = APIRouter(prefix="/accounts", tags=["Accounts"], route_class=ExactRoute)

_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,50}")
_CONNECTOR = re.compile(r"[a-z0-9_]{1,60}")


@router.get("", response_model=AccountListAnswer, responses=refusals(), summary="List accounts")
async def list_accounts(_principal: Reader, bridge: Bridge) -> JsonAnswer:
    """All accounts with the connectors that they hold keys for. Keys themselves are never told."""
    return JsonAnswer({"accounts": [answers.account(found) for found in await bridge.accounts.list()]})


@router.post(
    "",
    status_code=201,
    response_model=AccountAnswer,
    responses=refusals(400, 409, 413, 422, 502, 503),
    summary="Make an account",
)
async def create(body: AccountRequest, actor: Writer, bridge: Bridge) -> JsonAnswer:
    """Its credentials profile is made on the Hummingbot server, too."""
    return JsonAnswer(answers.account(await bridge.accounts.create(body.name, actor)), status_code=201)


@router.put(
    "/{account}/credentials/{connector}",
    response_model=AccountAnswer,
    responses=refusals(400, 404, 413, 422, 502, 503),
    summary="Give an account its exchange keys",
)
async def put_credentials(
    account: Annotated[str, Path(description="Name of the account.", examples=["client_sharp"])],
    connector: Annotated[str, Path(description="Hummingbot's name of the exchange.", examples=["gate_io"])],
    body: CredentialsRequest,
    actor: Writer,
    bridge: Bridge,
) -> JsonAnswer:
    """Every field of the connector is needed. The keys go to the Hummingbot server, which encrypts them; the bridge
    keeps none. What the exchange refuses leaves the keys stored before in force."""
    if _ACCOUNT.fullmatch(account) is None:
        raise NotFound("There is no such account.", hint="GET /accounts lists them.")
    if _CONNECTOR.fullmatch(connector) is None:
        raise UnknownConnector(
            "A connector's name is lower-case letters, digits and underscores.",
            field="connector",
            hint="For example gate_io.",
        )
    fields = {name: value.get_secret_value() for name, value in body.root.items()}
    with hiding(*fields.values()) as without_them:
        try:
            found = await bridge.accounts.put_credentials(account, connector, fields, actor)
        except BridgeError as error:  # an exchange likes to repeat the key that it refuses
            error.message = without_them(error.message)
            error.hint = without_them(error.hint) if error.hint else None
            raise
    return JsonAnswer(answers.account(found))
