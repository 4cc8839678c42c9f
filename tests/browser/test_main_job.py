"""The main job as an operator does it: sign in, create a bot, watch it start, see its first fill, stop it."""

import re

from playwright.async_api import Page, expect

from tests.support.bridge_server import EMAIL, PASSWORD, BridgeThread

# A deploy, its first quotes and the first taker: seconds here, but a busy machine may take its time.
LONG_MS = 60_000


async def test_from_sign_in_to_first_fill_to_stop_without_a_reload(page: Page, bridge: BridgeThread) -> None:
    await page.goto(bridge.url)
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()

    await page.get_by_role("link", name="New bot").first.click()
    await page.get_by_label("Pair").fill("SHARP/USDT")
    await expect(page.get_by_label("Name")).to_have_value("SHARP-USDT spread")
    await page.get_by_label("Name").fill("Main job")
    await page.get_by_label("Account").select_option("client_sharp")
    await expect(page.get_by_label("Exchange")).to_have_value("gate_io")
    await page.get_by_label("Bid spread").fill("0.003")
    await page.get_by_label("Ask spread").fill("30 bps")
    await page.get_by_label("Order amount").fill("1600")
    check = page.locator("#check")
    await expect(check.get_by_text("Keys.")).to_be_visible()
    await expect(check.locator(".preflight .fail")).to_have_count(0)
    await expect(check.locator(".ladder")).to_contain_text(re.compile(r"Ask.*\+(29|30)\.\d"))
    await page.get_by_role("button", name="Create and start").click()

    await expect(page.get_by_role("heading", name="Main job")).to_be_visible()
    await page.evaluate("window.sameDocument = true")
    steps = page.get_by_role("region", name="Start: steps")
    await expect(steps.locator("li.done").first).to_contain_text("Asked")
    await expect(steps.locator("#step-reporting.done")).to_be_visible(timeout=LONG_MS)
    await expect(page.locator(".title .st")).to_have_text("Trading", timeout=LONG_MS)
    await expect(steps.locator("#step-order.done")).to_be_visible(timeout=LONG_MS)
    await expect(steps.locator("#step-fill.done")).to_be_visible(timeout=LONG_MS)
    await expect(steps.locator("#step-fill")).to_contain_text(re.compile(r"\d+\s(s|min)"))
    await expect(page.locator("#figures")).to_contain_text(re.compile(r"[1-9]\d* fills? in all"))
    await expect(page.locator("#chart canvas")).to_be_visible()

    await page.get_by_role("link", name="Fills").click()
    await expect(page.locator("#tab-fills tbody tr").first).to_contain_text(re.compile("Buy|Sell"))

    await page.get_by_role("link", name="Stop…").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("heading")).to_have_text("Stop “Main job”?")
    await expect(dialog).to_contain_text("cancelled")
    await dialog.get_by_role("link", name="Keep it trading").click()
    await expect(dialog).to_be_hidden()
    assert await page.evaluate("window.sameDocument"), "everything up to here came without a reload"

    await page.get_by_role("link", name="Stop…").click()
    async with page.expect_event("domcontentloaded"):
        await dialog.get_by_role("button", name="Stop and cancel orders").click()
    await page.evaluate("window.sameDocument = true")
    await expect(page.locator(".title .st")).to_have_text("Stopped", timeout=LONG_MS)
    await expect(page.get_by_role("button", name="Start again")).to_be_visible()
    await expect(page.get_by_role("link", name="Archive…")).to_be_visible()
    await expect(page.locator("#announce")).to_have_text("Main job: Stopped")
    await page.get_by_role("link", name="Fills").click()
    await expect(page.locator("#tab-fills tbody tr").first).to_contain_text(re.compile("Buy|Sell"))
    assert await page.evaluate("window.sameDocument")
