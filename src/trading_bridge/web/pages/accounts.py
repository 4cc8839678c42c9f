"""Accounts: list them, make one, give it keys."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from trading_bridge.domain.accounts import CredentialField
from trading_bridge.domain.errors import BridgeError, NotFound
from trading_bridge.web.pages.new_bot_form import DEFAULT_CONNECTOR, Message, message_of
from trading_bridge.web.pages.rendering import render
from trading_bridge.web.pages.viewer import Posted, SignedIn, Viewer, posted_form, runtime_of

routes = APIRouter()
_LONGEST_KEY = 4096


@routes.get("/app/accounts")
async def accounts(request: Request, viewer: SignedIn) -> HTMLResponse:
    """All accounts with their connectors, and the form for a new one."""
    return await _accounts_page(request, viewer)


async def _accounts_page(
    request: Request, viewer: Viewer, *, name: str = "", error: Message | None = None, status: int = 200
) -> HTMLResponse:
    return await render(
        request,
        "accounts.html",
        viewer,
        status=status,
        topics=("accounts",),
        path="/app/accounts",
        accounts=await runtime_of(request).accounts.list(),
        name=name,
        error=error,
    )


@routes.post("/app/accounts")
async def create(request: Request, viewer: Posted) -> Response:
    """Make an account, then ask for its keys."""
    raw = await posted_form(request)
    name = str(raw.get("name", "")).strip()[:200]
    try:
        await runtime_of(request).accounts.create(name, viewer.actor)
    except BridgeError as error:
        return await _accounts_page(request, viewer, name=name, error=message_of(error), status=error.status)
    return RedirectResponse(f"/app/accounts/{name}/keys", 303)


@routes.get("/app/accounts/{name}/keys")
async def keys(request: Request, viewer: SignedIn, name: str) -> HTMLResponse:
    """The form for an exchange's keys, its fields as the connector names them. Raises NotFound."""
    connector = request.query_params.get("connector", "") or DEFAULT_CONNECTOR
    return await _keys_page(request, viewer, name, connector)


async def _keys_page(
    request: Request,
    viewer: Viewer,
    name: str,
    connector: str,
    *,
    errors: Mapping[str, Message] | None = None,
    typed: Mapping[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    runtime = runtime_of(request)
    account = await runtime.accounts.get(name)
    fields: Sequence[CredentialField] = ()
    found = dict(errors or {})
    connectors: list[str] = []
    try:
        connectors = await runtime.markets.connectors()
        fields = await runtime.accounts.credential_fields(connector)
    except BridgeError as error:
        found.setdefault("connector" if error.field == "connector" else "", message_of(error))
        status = error.status if status == 200 else status
    # A secret that was typed is never sent back; whatever isn't one stays.
    kept = {field.name: (typed or {}).get(field.name, "") for field in fields if not field.secret}
    return await render(
        request,
        "keys.html",
        viewer,
        status=status,
        account=account,
        connector=connector,
        connectors=connectors,
        fields=fields,
        errors=found,
        kept=kept,
        notices=runtime.markets.notices(connector),
    )


@routes.post("/app/accounts/{name}/keys")
async def put_keys(request: Request, viewer: Posted, name: str) -> Response:
    """Hand the keys to the server, which tries them. They are kept nowhere here."""
    raw = await posted_form(request)
    connector = str(raw.get("connector", ""))[:100]
    given = {
        key.removeprefix("key."): str(value)[:_LONGEST_KEY] for key, value in raw.items() if key.startswith("key.")
    }
    try:
        await runtime_of(request).accounts.put_credentials(name, connector, given, viewer.actor)
    except NotFound:
        raise
    except BridgeError as error:
        where = error.field if error.field in given else ""
        return await _keys_page(
            request, viewer, name, connector, errors={where: message_of(error)}, typed=given, status=error.status
        )
    return RedirectResponse("/app/accounts", 303)
