"""Every page: nothing foreign, nothing blocked, small, readable, and usable at phone width and without JavaScript.

The `page` fixture fails a test whose page asks another host, throws, or has an error in its console: a breach of the
content policy is one.
"""

import re
from collections.abc import AsyncIterator
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.support.bridge_server import EMAIL, BridgeThread
from tests.support.pages import LOW_CONTRAST, Traffic, create_bot, session_cookie, sideways, wait_status

PHONE: ViewportSize = {"width": 390, "height": 844}
LONG_NAME = "market-maker-for-the-sharp-token-on-the-gate-io-desk-nr-0002"
NAMES = (LONG_NAME, "سوق الذهب المركزي", "🦊🚀 fox to the moon 👩‍👩‍👧‍👦")
PATHS = (
    "/app/login",
    "/app",
    "/app/bots",
    "/app/bots/{bot}",
    "/app/bots/{bot}?tab=fills",
    "/app/bots/{bot}?tab=timeline",
    "/app/bots/{bot}?tab=settings",
    "/app/bots/{bot}?tab=logs",
    "/app/bots/{bot}/stop",
    "/app/bots/new?pair=SHARP/USDT",
    "/app/bots/new?pair=SHARP/USDT&connector=bitmart",
    "/app/accounts",
    "/app/accounts/client_sharp/keys",
    "/app/system",
    "/app/no-such-page",
)


@pytest.fixture(scope="module")
def bot(bridge: BridgeThread) -> str:
    """A bot that trades, among drafts with difficult names."""
    for name in NAMES:
        create_bot(bridge, name, start=False)
    trading = create_bot(bridge, "Pages")
    wait_status(bridge, trading, "running")
    return trading


@pytest_asyncio.fixture(loop_scope="session")
async def plain(browser: Browser, bridge: BridgeThread) -> AsyncIterator[Page]:
    """A signed-in page without JavaScript."""
    context = await browser.new_context(java_script_enabled=False)
    await context.add_cookies([session_cookie(bridge)])
    yield await context.new_page()
    await context.close()


async def visit(page: Page, bridge: BridgeThread, path: str, bot: str) -> None:
    """Open the page; the sign-in page only shows itself to strangers."""
    if path == "/app/login":
        await page.context.clear_cookies()
    await page.goto(bridge.url + path.format(bot=bot))
    await expect(page.locator("h1").first).to_be_attached()


@pytest.mark.parametrize("path", PATHS)
async def test_page_is_small_and_needs_few_requests(operator: Page, bridge: BridgeThread, bot: str, path: str) -> None:
    traffic = Traffic(operator)
    await visit(operator, bridge, path, bot)
    assert len(traffic.requests) < 12, [request.url for request in traffic.requests]
    assert await traffic.bytes() < 200_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
async def test_text_has_contrast_and_nothing_scrolls_sideways_on_a_phone(
    operator: Page, bridge: BridgeThread, bot: str, path: str, scheme: Literal["light", "dark"]
) -> None:
    await operator.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await visit(operator, bridge, path, bot)
    assert await operator.evaluate(LOW_CONTRAST) == []
    assert await sideways(operator) <= 0
    for size in ({"width": 1024, "height": 768}, PHONE):
        await operator.set_viewport_size(ViewportSize(width=size["width"], height=size["height"]))
        assert await sideways(operator) <= 0, size


@pytest.mark.parametrize("path", PATHS)
async def test_every_page_reads_without_javascript(plain: Page, bridge: BridgeThread, bot: str, path: str) -> None:
    await visit(plain, bridge, path, bot)
    assert (await plain.title()).endswith("Trading Bridge")


async def test_phone_has_a_bar_of_four_words_and_cards(operator: Page, bridge: BridgeThread, bot: str) -> None:
    await operator.set_viewport_size(PHONE)
    await operator.goto(f"{bridge.url}/app/bots")
    bar = operator.get_by_role("navigation", name="Main, at the bottom")
    await expect(bar.get_by_role("link")).to_have_text(["Overview", "Bots", "Accounts", "System"])
    await expect(bar.get_by_role("link", name="Bots")).to_have_attribute("aria-current", "page")
    card = operator.locator(f"#{bot}")
    box = await card.bounding_box()
    assert box is not None
    assert box["height"] > 60, "two lines"
    await expect(card.locator(".k")).to_have_count(3)


async def test_wrong_password_says_so_and_keeps_the_name(page: Page, bridge: BridgeThread) -> None:
    await page.goto(f"{bridge.url}/app/system")
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password").fill("not the password")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("E-mail address or password is wrong.")
    await expect(page.get_by_label("E-mail")).to_have_value(EMAIL)
    await expect(page.get_by_label("Password")).to_have_value("")
    await expect(page.locator("input[name=next]")).to_have_value("/app/system")


async def test_sign_out_ends_the_session(operator: Page, bridge: BridgeThread) -> None:
    await operator.goto(f"{bridge.url}/app")
    await operator.get_by_role("button", name="Sign out").click()
    await expect(operator.get_by_role("button", name="Sign in")).to_be_visible()
    await operator.goto(f"{bridge.url}/app/bots")
    await expect(operator).to_have_url(f"{bridge.url}/app/login?next=%2Fapp%2Fbots")


async def test_theme_follows_the_system_until_it_is_fixed(operator: Page, bridge: BridgeThread) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    await operator.emulate_media(color_scheme="dark")
    await operator.goto(f"{bridge.url}/app")
    assert await operator.evaluate(ground) == "rgb(20, 23, 28)"
    await operator.get_by_role("button", name="System").click()
    assert await operator.evaluate(ground) == "rgb(255, 255, 255)"
    await operator.reload()
    assert await operator.evaluate(ground) == "rgb(255, 255, 255)", "kept in this browser"
    await operator.get_by_role("button", name="Light").click()
    await operator.emulate_media(color_scheme="light")
    assert await operator.evaluate(ground) == "rgb(20, 23, 28)"


async def test_theme_can_be_fixed_without_javascript(plain: Page, bridge: BridgeThread) -> None:
    await plain.goto(f"{bridge.url}/app/system")
    await plain.get_by_role("button", name="System").click()
    await expect(plain).to_have_url(f"{bridge.url}/app/system")
    await expect(plain.locator("html")).to_have_attribute("data-theme", "light")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("Name", "../../etc", "reads like a path"),
        ("Name", "x" * 300, "60 is the most"),
        ("Pair", "NOSUCH/USDT", "does not list NOSUCH/USDT"),
        ("Pair", "nonsense", "two token symbols"),
        ("Bid spread", "0.3", "allowed is 0.0001 to 0.1"),
        ("Ask spread", "-0.003", "allowed is 0.0001 to 0.1"),
        ("Bid spread", "half", "not a number"),
        ("Order amount", "0.001", "minimum"),
        ("Order amount", "", "missing"),
    ],
)
async def test_form_keeps_what_was_typed_and_says_what_is_wrong_at_the_field(
    operator: Page, bridge: BridgeThread, field: str, value: str, message: str
) -> None:
    before = bridge.get("/bots")["total"]
    typed = {
        "Name": "Kept",
        "Pair": "SHARP/USDT",
        "Bid spread": "0.004",
        "Ask spread": "0.005",
        "Order amount": "1700",
        field: value,
    }
    await operator.goto(f"{bridge.url}/app/bots/new")
    await operator.get_by_label("Account").select_option("client_sharp")
    for label, text in typed.items():
        await operator.get_by_label(label, exact=True).fill(text)
    await operator.get_by_role("button", name="Create and start").click()
    wrong = operator.get_by_label(field, exact=True)
    await expect(operator.get_by_role("alert")).to_contain_text("Not created.")
    await expect(wrong).to_have_attribute("aria-invalid", "true")
    name = (await wrong.get_attribute("id")) or ""
    await expect(operator.locator(f"#err-{name}")).to_contain_text(message)
    for label, text in typed.items():
        await expect(operator.get_by_label(label, exact=True)).to_have_value(text)
    await expect(operator.get_by_label("Account")).to_have_value("client_sharp")
    assert bridge.get("/bots")["total"] == before, "nothing was created"


async def test_several_wrong_fields_are_all_marked_at_once(plain: Page, bridge: BridgeThread) -> None:
    await plain.goto(f"{bridge.url}/app/bots/new")
    await plain.get_by_label("Bid spread").fill("7")
    await plain.get_by_label("Ask spread").fill("0.003")
    await plain.get_by_role("button", name="Create and start").click()
    marked = plain.locator("[aria-invalid=true]")
    await expect(marked).to_have_count(4)  # name, pair, bid spread, amount


async def test_fields_are_checked_while_typing_before_anything_is_sent(operator: Page, bridge: BridgeThread) -> None:
    await operator.goto(f"{bridge.url}/app/bots/new")
    await operator.get_by_label("Bid spread").fill("0.3")
    await expect(operator.locator("#err-config-bid_spread")).to_contain_text("allowed is 0.0001 to 0.1")
    await expect(operator.get_by_label("Bid spread")).to_have_attribute("aria-invalid", "true")
    await operator.get_by_label("Bid spread").fill("0.3 %")
    await expect(operator.locator("#err-config-bid_spread")).to_be_empty()
    await expect(operator.locator("#echo-bid_spread")).to_have_text(re.compile(r"= 0\.30\s% = 30\.0 bps"))
    await expect(operator.get_by_label("Bid spread")).to_be_focused()


async def test_closed_venue_is_named_on_the_form_as_soon_as_it_is_chosen(operator: Page, bridge: BridgeThread) -> None:
    await operator.goto(f"{bridge.url}/app/bots/new")
    notice = operator.locator("#venue").get_by_role("note")
    await expect(notice).to_have_count(0)
    await operator.get_by_label("Exchange").select_option("bitmart")
    await expect(notice).to_contain_text("BitMart has ended trading")
    await operator.get_by_label("Exchange").select_option("gate_io")
    await expect(notice).to_have_count(0)


async def test_new_bot_form_has_at_most_nine_fields(operator: Page, bridge: BridgeThread) -> None:
    await operator.goto(f"{bridge.url}/app/bots/new")
    fields = operator.locator("#new-bot").locator("input:not([type=hidden]), select, textarea")
    assert 0 < await fields.count() <= 9


async def test_bot_is_made_and_stopped_without_javascript(plain: Page, bridge: BridgeThread) -> None:
    await plain.goto(f"{bridge.url}/app/bots/new?pair=SHARP/USDT")
    await plain.get_by_label("Name").fill("Plain")
    await plain.get_by_label("Bid spread").fill("0.003")
    await plain.get_by_label("Ask spread").fill("0.003")
    await plain.get_by_label("Order amount").fill("1600")
    await plain.get_by_role("button", name="Create and start").click()
    await expect(plain.get_by_role("heading", name="Plain")).to_be_visible()
    wait_status(bridge, plain.url.rpartition("/")[2], "running")
    await plain.reload()
    await expect(plain.locator(".title .st")).to_have_text("Trading")
    await plain.get_by_role("link", name="Stop…").click()
    await expect(plain.get_by_role("heading", name="Stop “Plain”?")).to_be_visible()
    await plain.get_by_role("button", name="Stop and cancel orders").click()
    wait_status(bridge, plain.url.rpartition("/")[2], "stopped")
    await plain.reload()
    await expect(plain.locator(".title .st")).to_have_text("Stopped")


async def test_refused_action_is_explained_on_the_bot_page(operator: Page, bridge: BridgeThread) -> None:
    draft = create_bot(bridge, "Only a draft", start=False)
    await operator.goto(f"{bridge.url}/app/bots/{draft}/stop")
    await operator.get_by_role("button", name="Stop and cancel orders").click()
    await expect(operator.get_by_role("alert")).to_contain_text("there is nothing to stop")
    await expect(operator.get_by_role("heading", name="Only a draft")).to_be_visible()


async def test_account_gets_keys_and_never_shows_them_again(operator: Page, bridge: BridgeThread) -> None:
    await operator.goto(f"{bridge.url}/app/accounts")
    await operator.get_by_label("Name").fill("two words")
    await operator.get_by_role("button", name="Create account").click()
    await expect(operator.locator("#err-name")).to_contain_text("letters, digits")
    await expect(operator.get_by_label("Name")).to_have_value("two words")
    await operator.get_by_label("Name").fill("client_fox")
    await operator.get_by_role("button", name="Create account").click()
    await expect(operator.get_by_role("heading", name="Keys of client_fox")).to_be_visible()
    await operator.get_by_label("Gate io api key").fill("not-a-known-key")
    await operator.get_by_label("Gate io secret key").fill("not-a-known-secret")
    await operator.get_by_role("button", name="Save keys").click()
    await expect(operator.get_by_role("alert")).to_contain_text("were not taken")
    await expect(operator.get_by_label("Gate io secret key")).to_have_value("")
    assert "not-a-known-secret" not in await operator.content()
