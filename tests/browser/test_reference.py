"""/docs in a real browser: Swagger UI from our own files, under the same policy as every page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.support.bridge_server import EMAIL, PASSWORD, TOKEN, BridgeThread, bridge_settings, bridge_thread
from tests.support.sandbox_server import sandbox_thread


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[BridgeThread]:
    """A bridge on a sandbox."""
    with sandbox_thread(speed=20) as sandbox, bridge_thread(bridge_settings(tmp_path, sandbox.url)) as running:
        yield running


async def test_a_request_can_be_tried_from_the_reference(page: Page, bridge: BridgeThread) -> None:
    await page.goto(f"{bridge.url}/docs")
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/docs")

    await page.get_by_text("/bots/create").wait_for()
    assert await page.get_by_text("/accounts/{account}/credentials/{connector}").count() == 1
    await page.get_by_role("button", name="Authorize").click()
    await page.locator(".auth-container input").fill(TOKEN)
    await page.locator(".auth-btn-wrapper").get_by_role("button", name="Apply credentials").click()
    await page.locator(".auth-btn-wrapper").get_by_role("button", name="Close").click()
    listing = page.locator("#operations-Status-status_status_get")
    await listing.locator(".opblock-summary").click()
    await listing.get_by_role("button", name="Try it out").click()
    await listing.get_by_role("button", name="Execute").click()
    await listing.get_by_text('"reachable": true').first.wait_for()
