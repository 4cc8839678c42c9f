"""A headless Chromium for the tests of this folder, all in one event loop: a browser belongs to its loop."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Error, Page, Route, async_playwright

from tests.support.bridge_server import BridgeThread, bridge_settings, bridge_thread
from tests.support.chromium import find_chromium, launch_chromium
from tests.support.pages import session_cookie
from tests.support.sandbox_server import SandboxClient, sandbox_thread

HERE = Path(__file__).parent
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# What a person would call "it hangs".
PATIENCE_MS = 15_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark this folder's tests; the asynchronous ones run in the session's loop, where the browser lives."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if pytest_asyncio.is_async_test(item):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for the whole run."""
    executable = find_chromium()
    if executable is None:
        pytest.fail("Chromium is missing: run `make check` once, or deselect with -m 'not browser'", pytrace=False)
    async with async_playwright() as playwright:
        started = await launch_chromium(playwright, executable)
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page in a context (cookies, storage) of its own.

    Requests to other hosts than this machine are refused. The test fails at its end when the page made one,
    threw an exception or logged an error; a failed request's own line ("Failed to load resource") is no such
    error.
    """
    problems: list[str] = []

    def note_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            problems.append(f"console: {message.text}")

    def note_exception(error: Error) -> None:
        problems.append(f"exception: {error.message}")

    async def only_loopback(route: Route) -> None:
        address = urlsplit(route.request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.hostname not in LOOPBACK:
            problems.append(f"request to outside: {route.request.url}")
            await route.abort()
        else:
            await route.continue_()

    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    await context.route("**/*", only_loopback)
    opened = await context.new_page()
    opened.on("console", note_console)
    opened.on("pageerror", note_exception)
    yield opened
    await context.close()
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[SandboxClient]:
    """A stand-in Hummingbot API whose time runs faster, with its account client_sharp."""
    with sandbox_thread(speed=20.0) as client:
        yield client


@pytest.fixture(scope="session")
def bridge(sandbox: SandboxClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeThread]:
    """A running bridge; what tests make in it, they name apart."""
    with bridge_thread(bridge_settings(tmp_path_factory.mktemp("home"), sandbox.url)) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def operator(page: Page, bridge: BridgeThread) -> Page:
    """A page of somebody who is signed in."""
    await page.context.add_cookies([session_cookie(bridge)])
    return page
