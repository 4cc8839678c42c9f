"""Takes the README's pictures: starts a sandbox and a bridge, lets some gate_io bots trade, and looks at the pages.

    .venv/bin/python scripts/screenshots.py            # writes docs/images/*.png

Needs Chromium (`make check` installs it). Times on the pictures are real: the sandbox's own time runs faster.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect  # noqa: E402

from tests.support.bridge_server import BridgeThread, bridge_settings, bridge_thread  # noqa: E402
from tests.support.chromium import find_chromium, launch_chromium  # noqa: E402
from tests.support.pages import session_cookie  # noqa: E402
from tests.support.sandbox_server import poll, sandbox_thread  # noqa: E402

IMAGES = ROOT / "docs" / "images"
DESK = ViewportSize(width=1440, height=900)
PHONE = ViewportSize(width=390, height=844)
PATIENCE = 500.0
FLEET: tuple[tuple[str, str, float, str], ...] = (
    ("Sharp Spread", "SHARP/USDT", 0.003, "1600"),
    ("Sharp wide", "SHARP/USDT", 0.006, "2400"),
    ("BTC desk", "BTC/USDT", 0.0005, "0.002"),
    ("BTC careful", "BTC/USDT", 0.002, "0.004"),
    ("ETH desk", "ETH/USDT", 0.0006, "0.05"),
    ("ETH careful", "ETH/USDT", 0.0025, "0.08"),
    ("SOL desk", "SOL/USDT", 0.0008, "0.8"),
)


def create(bridge: BridgeThread, name: str, pair: str, spread: float, amount: str, *, start: bool) -> str:
    """One bot of the fleet; its id."""
    config: dict[str, Any] = {"bid_spread": spread, "ask_spread": spread, "order_amount": float(amount)}
    config |= {"order_refresh_time": 12, "filled_order_delay": 1}
    body = {
        "name": name,
        "account": "client_sharp",
        "connector": "gate_io",
        "pair": pair,
        "strategy": "spread",
        "config": config,
        "start": start,
    }
    answer = bridge.call("POST", "/bots/create", body)
    assert answer.status == 202, answer.body
    return str(answer.json()["id"])


def fleet(bridge: BridgeThread) -> str:
    """Bots that trade, one that was stopped and a draft. The id of the one whose page is shown."""
    ids = [create(bridge, *bot, start=True) for bot in FLEET]
    create(bridge, "SOL next week", "SOL/USDT", 0.002, "1", start=False)
    poll(lambda: bridge.get(f"/bots/{ids[0]}")["figures"]["fills"] >= 40, PATIENCE, every=0.5)
    poll(lambda: all(bridge.get(f"/bots/{bot}")["status"] == "running" for bot in ids), PATIENCE, every=0.5)
    assert bridge.call("POST", f"/bots/{ids[-1]}/stop").status == 202
    poll(lambda: bridge.get(f"/bots/{ids[-1]}")["status"] == "stopped", PATIENCE, every=0.5)
    return ids[0]


async def opened(
    browser: Browser, bridge: BridgeThread, size: ViewportSize, scheme: Literal["light", "dark"] = "light"
) -> Page:
    """A signed-in page."""
    context = await browser.new_context(
        viewport=size, color_scheme=scheme, reduced_motion="reduce", device_scale_factor=1.5, has_touch=size is PHONE
    )
    await context.add_cookies([session_cookie(bridge)])
    return await context.new_page()


async def take(bridge: BridgeThread, bot: str) -> None:
    """All pictures."""
    executable = find_chromium()
    if executable is None:
        raise SystemExit("Chromium is missing: run `make check` once.")
    async with async_playwright() as playwright:
        browser = await launch_chromium(playwright, executable)
        schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for scheme in schemes:
            page = await opened(browser, bridge, DESK, scheme)
            await page.goto(f"{bridge.url}/app/bots")
            await expect(page.locator("tbody tr")).to_have_count(len(FLEET) + 1)
            await page.screenshot(path=IMAGES / f"fleet-{scheme}.png")
        page = await opened(browser, bridge, DESK)
        await page.goto(f"{bridge.url}/app/bots/{bot}?tab=fills")
        await expect(page.locator("#chart canvas")).to_be_visible()
        await page.screenshot(path=IMAGES / "bot.png")
        await page.goto(f"{bridge.url}/app/bots/new?pair=SHARP/USDT")
        await page.get_by_label("Bid spread").fill("0.003")
        await page.get_by_label("Ask spread").fill("0.003")
        await page.get_by_label("Order amount").fill("1600")
        await expect(page.locator(".preflight .pass").nth(4)).to_be_visible()
        await page.screenshot(path=IMAGES / "new-bot.png")
        page = await opened(browser, bridge, PHONE)
        await page.goto(f"{bridge.url}/app/bots")
        await expect(page.locator("tbody tr")).to_have_count(len(FLEET) + 1)
        await page.screenshot(path=IMAGES / "phone.png")
        await browser.close()


def main() -> None:
    """Start everything, take the pictures, end everything."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        sandbox_thread(speed=1.5) as sandbox,
        bridge_thread(bridge_settings(Path(home), sandbox.url)) as bridge,
    ):
        bot = fleet(bridge)
        asyncio.run(take(bridge, bot))
    for picture in sorted(IMAGES.glob("*.png")):
        print(f"{picture.relative_to(ROOT)}  {picture.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
