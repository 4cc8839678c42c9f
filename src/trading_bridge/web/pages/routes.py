"""All page routes in one router, in the order in which paths are matched."""

from fastapi import APIRouter

from trading_bridge.web.pages import accounts, bot, bot_actions, bots, new_bot, overview, session, system


def router() -> APIRouter:
    """To be included without a prefix: every path begins with /app."""
    pages = APIRouter(include_in_schema=False)
    for module in (session, overview, bots, new_bot, bot_actions, bot, accounts, system):
        pages.include_router(module.routes)
    return pages
