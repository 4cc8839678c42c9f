"""/trading: searches of orders placed through the API itself.

Bots' orders are never among them (measured), and the sandbox takes no orders this way: every page is empty.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request

from trading_bridge.sandbox.api.wire import model_body, route


class _Search(BaseModel):
    limit: int = Field(default=100, ge=1, le=1000)


async def _empty_page(request: Request) -> dict[str, Any]:
    limit = (await model_body(request, _Search)).limit
    return {
        "data": [],
        "pagination": {"limit": limit, "has_more": False, "next_cursor": None, "total_count": 0},
    }


ROUTES = [
    route("POST", path, _empty_page)
    for path in ("/trading/trades", "/trading/orders/search", "/trading/orders/active", "/trading/positions")
]
