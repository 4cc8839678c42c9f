"""Finds a Chromium on this machine and starts it for browser tests.

Playwright's own browser download is not needed: it drives Debian's Chromium just as well.
"""

import os
import shutil
from pathlib import Path

from playwright.async_api import Browser, Playwright
from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_APP = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")

# It must not look for anything outside: updates, proxies, sync, QUIC.
ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    # A container's /dev/shm may be too small for a page.
    "--disable-dev-shm-usage",
)


def find_chromium() -> Path | None:
    """CHROMIUM from the environment, the machine's own, or one that Playwright downloaded. None: missing."""
    if named := os.environ.get("CHROMIUM"):  # noqa: TID251  (a setting of the tests, not of the program)
        return Path(named) if Path(named).is_file() else None
    for name in NAMES:
        if (found := shutil.which(name)) is not None:
            return Path(found)
    if MAC_APP.is_file():
        return MAC_APP
    with sync_playwright() as playwright:
        downloaded = Path(playwright.chromium.executable_path)
    return downloaded if downloaded.is_file() else None


async def launch_chromium(playwright: Playwright, executable: Path) -> Browser:
    """Start `executable` without a window. As root without its sandbox, which root cannot have."""
    arguments = list(ARGUMENTS)
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    return await playwright.chromium.launch(executable_path=executable, headless=True, args=arguments)
