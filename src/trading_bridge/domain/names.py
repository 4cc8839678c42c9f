"""Display names are free text; upstream names are derived from them, safe and recognisable.

Hummingbot API appends `-YYYYMMDD-HHMMSS` to the instance name we send, and the result names the container, the MQTT
client, the instance directory and the key in its status (measured: hummingbot-api.md, "Names"). Its name filter is a
substring, so ours are found by an exact pattern. `/docker/remove-container` works for `hummingbot-...` only.
Docker's host name limit is 63: 11 + 20 + 1 + 8 + 5 + 16 = 61.
"""

import re
import unicodedata

from trading_bridge.domain.errors import InvalidName

MAX_DISPLAY_NAME = 60
_SLUG_LENGTH = 20
_INVISIBLE = frozenset({"Cf", "Zs", "Zl", "Zp", "Mn", "Me"})
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # can disguise a name
_PATH = re.compile(r"^/|\\|(^|/)\.\.(/|$)")  # never used as one, but nobody means a name by it
_ACCOUNT = re.compile(r"^[A-Za-z0-9_-]{1,50}$")


def check_display_name(name: str) -> str:
    """The name without outer blanks. Raises InvalidName for an empty, overlong or control-character name."""
    cleaned = name.strip()
    if all(unicodedata.category(char) in _INVISIBLE for char in cleaned):
        raise InvalidName("The name is empty.", field="name", hint="Give the bot a name that people know it by.")
    if len(cleaned) > MAX_DISPLAY_NAME:
        raise InvalidName(
            f"The name has {len(cleaned)} characters; {MAX_DISPLAY_NAME} is the most.",
            field="name",
            hint="Shorten it.",
        )
    if any(unicodedata.category(char) in ("Cc", "Cs", "Co") or char in _BIDI_CONTROLS for char in cleaned):
        raise InvalidName("The name has characters that can't be shown.", field="name", hint="Remove them.")
    if _PATH.search(cleaned):
        raise InvalidName(
            "The name reads like a path.", field="name", hint="Leave backslashes, “..” and a slash at its start away."
        )
    return cleaned


def check_account_name(name: str) -> str:
    """An account is a directory on the Hummingbot host: letters, digits, `_` and `-`. Raises InvalidName."""
    if not _ACCOUNT.match(name):
        raise InvalidName(
            "An account name is 1 to 50 letters, digits, underscores or hyphens.",
            field="name",
            hint="For example client_sharp.",
        )
    if name == "master_account":
        raise InvalidName(
            "master_account is Hummingbot's own account and is never used for a client.",
            field="name",
            hint="Choose another name.",
        )
    return name


def upstream_key(display_name: str, bot_id: str) -> str:
    """Unique, safe stem of all upstream names of a bot: a readable slug and the tail of its id."""
    plain = unicodedata.normalize("NFKD", display_name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:_SLUG_LENGTH].strip("-") or "bot"
    return f"{slug}-{bot_id[-8:].lower()}"


def instance_stem(key: str, generation: int) -> str:
    """The instance name that we send with a deploy; upstream appends its time stamp."""
    return f"hummingbot-{key}-g{generation}"


def instance_pattern(key: str, generation: int | None = None) -> re.Pattern[str]:
    """Exact pattern of the full names of one attempt, or of all attempts (group 1 = generation)."""
    number = r"(\d+)" if generation is None else f"({generation})"
    return re.compile(rf"^hummingbot-{re.escape(key)}-g{number}-\d{{8}}-\d{{6}}$")
