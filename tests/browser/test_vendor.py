"""The copied browser files work in a browser that reaches nothing but this machine."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from aiohttp import web
from playwright.async_api import Page

VENDOR = Path(__file__).resolve().parents[2] / "src" / "trading_bridge" / "web" / "static" / "vendor"
PAGE = """<!doctype html>
<html lang="en" data-theme="dark">
<head>
  <title>vendor</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/vendor/pico.min.css">
  <link rel="stylesheet" href="/vendor/uPlot.min.css">
  <script src="/vendor/htmx.min.js"></script>
  <script src="/vendor/idiomorph-ext.min.js"></script>
  <script src="/vendor/uPlot.iife.min.js"></script>
</head>
<body hx-ext="morph">
  <button hx-get="/part" hx-target="#part" hx-swap="morph">refetch</button>
  <div id="part"><b id="kept">old</b></div>
  <div id="chart"></div>
</body>
</html>"""


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[str]:
    """A page that uses every vendor file, on a free port."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def part(_request: web.Request) -> web.Response:
        return web.Response(text='<b id="kept">new</b>', content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/", page), web.get("/part", part), web.static("/vendor", VENDOR)])
    runner = web.AppRunner(app)
    await runner.setup()
    listening = web.TCPSite(runner, "127.0.0.1", 0)
    await listening.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def test_htmx_morphs_a_partial_and_keeps_the_element(page: Page, site: str) -> None:
    await page.goto(site)
    manifest = json.loads((VENDOR / "manifest.json").read_text("utf-8"))
    assert await page.evaluate("htmx.version") == manifest["htmx.min.js"]["version"]
    kept = await page.query_selector("#kept")
    assert kept is not None
    await page.click("button")
    await page.wait_for_function("document.querySelector('#kept').textContent === 'new'")
    # A morph changes the element in place; a swap would have replaced it.
    assert await kept.evaluate("element => element.isConnected && element.textContent") == "new"


async def test_uplot_draws_and_pico_styles(page: Page, site: str) -> None:
    await page.goto(site)
    await page.evaluate(
        "new uPlot({width: 300, height: 120, series: [{}, {stroke: 'red'}]}, [[1, 2, 3], [5, 4, 6]],"
        " document.querySelector('#chart'))"
    )
    assert await page.locator("#chart canvas").count() == 1
    canvas = await page.locator(".uplot").evaluate("element => getComputedStyle(element).fontFamily")
    assert "system-ui" in canvas
    assert await page.evaluate("getComputedStyle(document.body).getPropertyValue('--pico-spacing')") != ""
