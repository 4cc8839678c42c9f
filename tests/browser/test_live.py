"""Live pages: a hint changes what it is about and nothing else, an outage is told and blanks nothing."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.support.bridge_server import BridgeThread, bridge_settings, bridge_thread
from tests.support.pages import create_bot, session_cookie, wait_status
from tests.support.sandbox_server import sandbox_process

# Nothing but the stream of hints may refresh the page then.
NO_TIMERS = "window.setInterval = () => 0;"
LONG_MS = 60_000


async def test_hint_updates_a_row_without_reload_focus_or_scroll(operator: Page, bridge: BridgeThread) -> None:
    bot = create_bot(bridge, "Hinted row", start=False)
    for number in range(30):
        create_bot(bridge, f"Filler {number:02}", start=False)
    await operator.add_init_script(NO_TIMERS)
    async with operator.expect_response("**/events*"):
        await operator.goto(f"{bridge.url}/app/bots?sort=-name")
    row = operator.locator(f"#{bot}")
    await expect(row.locator(".st")).to_have_text("Stopped")
    link = row.get_by_role("link").first
    await link.focus()
    await operator.evaluate("scrollTo(0, 120); window.sameDocument = true")
    assert bridge.call("POST", f"/bots/{bot}/start").status == 202
    await expect(row.locator(".st")).to_have_text(re.compile("Starting|Trading"))
    await expect(row.locator(".st")).to_have_text("Trading", timeout=LONG_MS)
    await expect(link).to_be_focused()
    assert await operator.evaluate("scrollY") == 120
    assert await operator.evaluate("window.sameDocument")
    assert await operator.evaluate("location.search") == "?sort=-name"


async def test_updates_move_nothing_and_keep_open_panels(operator: Page, bridge: BridgeThread) -> None:
    bot = create_bot(bridge, "Still page")
    wait_status(bridge, bot, "running")
    await operator.add_init_script(
        "window.moved = 0; new PerformanceObserver((list) => { for (const e of list.getEntries()) "
        "if (!e.hadRecentInput) window.moved += e.value; }).observe({type: 'layout-shift', buffered: true});"
    )
    await operator.goto(f"{bridge.url}/app/bots")
    await operator.locator("#q").fill("Still")
    await expect(operator).to_have_url(re.compile("q=Still"))
    await expect(operator.locator("tbody tr")).to_have_count(1)
    await operator.locator("#q").press("End")
    await operator.evaluate("window.moved = 0")
    for _ in range(3):
        async with operator.expect_response(lambda answer: "/app/bots?" in answer.url):
            pass
    await expect(operator.locator("#q")).to_be_focused()
    await expect(operator.locator("#q")).to_have_value("Still")
    assert await operator.evaluate("window.moved") < 0.01


async def test_changed_figures_flash_unless_motion_is_unwanted(operator: Page, bridge: BridgeThread) -> None:
    bot = create_bot(bridge, "Flashing")
    wait_status(bridge, bot, "running")
    await operator.add_init_script(
        "addEventListener('animationstart', (e) => { if (e.animationName === 'flash') "
        "document.documentElement.dataset.flashed = 'yes'; });"
    )
    await operator.goto(f"{bridge.url}/app/bots/{bot}")
    await expect(operator.locator("html")).to_have_attribute("data-flashed", "yes", timeout=LONG_MS)
    await operator.emulate_media(reduced_motion="reduce")
    assert await operator.evaluate("getComputedStyle(document.querySelector('dd')).animationName") == "none"
    await operator.evaluate("document.querySelector('dd').classList.add('flash')")
    assert await operator.evaluate("getComputedStyle(document.querySelector('dd')).animationName") == "none"


async def test_without_a_stream_the_page_polls_our_server(operator: Page, bridge: BridgeThread) -> None:
    await operator.route("**/events*", lambda route: route.abort())
    await operator.clock.install()
    await operator.goto(f"{bridge.url}/app/bots")
    async with operator.expect_response(lambda answer: answer.url.endswith("/app/bots")) as polled:
        await operator.clock.fast_forward(16_000)
    assert (await polled.value).status == 200


async def test_lost_session_leads_to_the_sign_in_page(operator: Page, bridge: BridgeThread) -> None:
    await operator.goto(f"{bridge.url}/app/system")
    await operator.context.clear_cookies()
    await operator.evaluate("htmx.trigger('#live', 'refresh')")
    await expect(operator.get_by_role("button", name="Sign in")).to_be_visible()


@pytest.mark.slow
async def test_silent_server_blanks_nothing_and_is_told_everywhere(page: Page, tmp_path: Path) -> None:
    with sandbox_process(tmp_path / "sandbox", speed=20.0) as sandbox:
        settings = bridge_settings(tmp_path / "home", sandbox.url)
        with bridge_thread(settings) as bridge:
            bot = create_bot(bridge, "Cut off")
            wait_status(bridge, bot, "running")
            await page.context.add_cookies([session_cookie(bridge)])
            await page.goto(f"{bridge.url}/app/bots")
            row = page.locator(f"#{bot}")
            await expect(row.locator("[data-f=volume]")).to_have_text(re.compile(r"[1-9]"), timeout=LONG_MS)
            await page.evaluate("window.sameDocument = true")

            sandbox.kill9()
            await expect(row.locator(".st")).to_have_text("Unknown", timeout=LONG_MS)
            await expect(page.locator("#bars")).to_contain_text("Hummingbot API silent since")
            await expect(row).to_have_class(re.compile("old"))
            await expect(row.locator("[data-f=volume]")).to_have_text(re.compile(r"[1-9]"))
            assert await page.evaluate("window.sameDocument")
            await expect(page.locator("#fresh")).to_contain_text("Stale", timeout=LONG_MS)

            await page.goto(f"{bridge.url}/app/bots/{bot}")
            await expect(page.locator(".title")).to_contain_text("(was Trading)")
            await page.get_by_role("link", name="Stop…").click()
            await expect(page.get_by_role("dialog")).to_contain_text("sent as soon as it answers")
            await page.goto(f"{bridge.url}/app/bots/new?pair=SHARP/USDT")
            await expect(page.get_by_role("button", name="Create and start")).to_be_disabled()
            await expect(page.locator("#no-server")).to_be_visible()
            await page.get_by_label("Name").fill("Typed during the outage")

            sandbox.start()
            await expect(page.get_by_role("button", name="Create and start")).to_be_enabled(timeout=LONG_MS)
            await expect(page.locator("#bars")).to_be_empty()
            await expect(page.get_by_label("Name")).to_have_value("Typed during the outage")
