"""REST: the public contract. Paths are at the root; each module is one noun."""

from fastapi import APIRouter

from trading_bridge.web.api import accounts, bots, status


def router() -> APIRouter:
    """All REST routes, to be included without a prefix."""
    rest = APIRouter()
    for module in (bots, accounts, status):
        rest.include_router(module.router)
    return rest
