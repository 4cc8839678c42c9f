"""/openapi.json and /docs: Swagger UI from our own files, for a token or a signed-in browser."""

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from trading_bridge.web.security import Reader, page_session

router = APIRouter(include_in_schema=False)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>REST - Trading Bridge</title>
<link rel="stylesheet" href="/static/vendor/swagger-ui.css">
<script src="/static/vendor/swagger-ui-bundle.js" defer></script>
<script src="/static/reference.js" defer></script>
</head>
<body>
<div id="reference">Loading the description of the REST interface …</div>
<noscript>This page needs JavaScript; <a href="/openapi.json">the description itself</a> does not.</noscript>
</body>
</html>
"""


async def _browser_or_token(request: Request) -> None:
    """A token is checked; without one a browser signs in first."""
    if "authorization" not in request.headers:
        await page_session(request)


@router.get("/openapi.json")
async def openapi(request: Request, _principal: Reader) -> Response:
    """The description of REST, made from the code."""
    return Response(msgspec.json.encode(request.app.openapi()), media_type="application/json")


@router.get("/docs", dependencies=[Depends(_browser_or_token)])
async def docs() -> HTMLResponse:
    """The description as a page on which requests can be tried."""
    return HTMLResponse(_PAGE)
