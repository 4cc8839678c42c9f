"""What browser tests do with pages: sessions, addresses, contrast, transferred bytes."""

from typing import Any

from playwright._impl._api_structures import SetCookieParam
from playwright.async_api import Page, Request

from tests.support.bridge_server import BridgeThread
from tests.support.sandbox_server import poll

SPREAD: dict[str, Any] = {"bid_spread": 0.003, "ask_spread": 0.003, "order_amount": 1600}

# Text whose contrast to what lies behind it is under AA: 4.5, or 3 for large text (WCAG 2.2, 1.4.3).
LOW_CONTRAST = """() => {
  const channel = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = (text) => { const p = text.match(/[\\d.]+/g).map(Number); return [p[0], p[1], p[2], p[3] ?? 1]; };
  const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a)];
  const behind = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const bad = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (element.closest(".vh, .skip, [disabled], svg")) continue;
    const style = getComputedStyle(element), back = behind(element);
    const a = light(over(parse(style.color), back)), b = light(back);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) bad.push(`${ratio.toFixed(2)} "${element.textContent.trim()}" ${style.color}`);
  }
  return bad;
}"""


def session_cookie(bridge: BridgeThread) -> SetCookieParam:
    """A fresh session of the administrator, for a browser context."""
    name, _, value = bridge.sign_in().partition("=")
    return {"name": name, "value": value, "url": bridge.url}


def create_bot(bridge: BridgeThread, name: str, *, start: bool = True, **changed: Any) -> str:
    """A bot on gate_io made over REST; its id."""
    body = {
        "name": name,
        "account": "client_sharp",
        "connector": "gate_io",
        "pair": "SHARP/USDT",
        "strategy": "spread",
        "config": SPREAD,
        "start": start,
        **changed,
    }
    answer = bridge.call("POST", "/bots/create", body)
    assert answer.status == 202, answer.body
    return str(answer.json()["id"])


def wait_status(bridge: BridgeThread, bot_id: str, status: str) -> None:
    """Until the bridge gives the bot this status."""
    poll(lambda: bridge.get(f"/bots/{bot_id}")["status"] == status, 60.0)


async def sideways(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return int(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


class Traffic:
    """Requests of one page, and the bytes they brought as sent over the wire (compressed, heads included)."""

    def __init__(self, page: Page) -> None:
        self.requests: list[Request] = []

        def note(request: Request) -> None:  # Playwright takes no method of a built-in
            self.requests.append(request)

        page.on("request", note)

    async def bytes(self) -> int:
        """Of all answers that have ended; the event stream never does."""
        total = 0
        for request in self.requests:
            if "/events" in request.url:
                continue
            sizes = await request.sizes()
            total += sizes["responseBodySize"] + sizes["responseHeadersSize"]
        return total
