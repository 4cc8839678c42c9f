"""/accounts: accounts and exchange keys."""

from __future__ import annotations

from pydantic import BaseModel
from starlette.requests import Request

from trading_bridge.sandbox.api.wire import HttpError, dict_body, query, route, world_of
from trading_bridge.sandbox.vault import VaultError


class _AccountName(BaseModel):
    account_name: str


async def _list(request: Request) -> list[str]:
    return world_of(request).vault.accounts()


async def _add(request: Request) -> dict[str, str]:
    name = query(request, _AccountName).account_name
    try:
        world_of(request).vault.add_account(name)
    except VaultError as error:
        raise HttpError(error.status, str(error)) from error
    world_of(request).touch()
    return {"message": "Account added successfully."}


async def _delete(request: Request) -> dict[str, str]:
    name = query(request, _AccountName).account_name
    try:
        world_of(request).vault.delete_account(name)
    except VaultError as error:
        raise HttpError(error.status, str(error)) from error
    request.app.state.portfolio.forget(name)
    world_of(request).touch()
    return {"message": "Account deleted successfully."}


async def _credentials(request: Request) -> list[str]:
    try:
        return world_of(request).vault.connectors(request.path_params["account_name"])
    except VaultError as error:
        raise HttpError(error.status, str(error)) from error


async def _add_credential(request: Request) -> dict[str, str]:
    world, path = world_of(request), request.path_params
    fields = await dict_body(request)
    try:
        seconds = world.vault.add_credential(path["account_name"], path["connector_name"], fields)
    except VaultError as error:
        await world.clock.sleep(error.seconds)
        raise HttpError(error.status, str(error)) from error
    world.touch()
    await world.clock.sleep(seconds)
    request.app.state.portfolio.refresh()
    return {"message": "Connector credentials added successfully."}


async def _delete_credential(request: Request) -> dict[str, str]:
    world, path = world_of(request), request.path_params
    try:
        world.vault.delete_credential(path["account_name"], path["connector_name"])
    except VaultError as error:
        raise HttpError(error.status, str(error)) from error
    request.app.state.portfolio.forget(path["account_name"], path["connector_name"])
    world.touch()
    return {"message": "Credential deleted successfully."}


ROUTES = [
    route("GET", "/accounts/", _list),
    route("GET", "/accounts/{account_name}/credentials", _credentials),
    route("POST", "/accounts/add-account", _add, status=201),
    route("POST", "/accounts/delete-account", _delete),
    route("POST", "/accounts/add-credential/{account_name}/{connector_name}", _add_credential, status=201),
    route("POST", "/accounts/delete-credential/{account_name}/{connector_name}", _delete_credential),
]
