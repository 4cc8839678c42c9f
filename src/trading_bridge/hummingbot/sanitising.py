"""Makes text of a foreign server fit to be shown: one line, not too long, no address, path or secret."""

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

LONGEST = 300
_HIDDEN = "[hidden]"
_HOST = "[host]"
_PATH = "[path]"

_FURTHER = re.compile(r"For further information visit \S+")
_PYDANTIC_TAIL = re.compile(r"\s*\[type=[^\]]*\]?(?=\s|$)")
_URL = re.compile(r"\b[a-z][a-z0-9+.\-]*://[^\s\"'<>)\]}]+", re.IGNORECASE)
_LABELLED = re.compile(
    r"((?:pass(?:word|phrase)?|secret|token|api[_\- ]?key|access[_\- ]?key|signature|authorization|memo)"
    r"[\w\-]*[\"']?\s*[:=]\s*)((?:basic|bearer)\s+)?[\"']?[^\s\"',;)}\]]+[\"']?",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"\b(?:basic|bearer)\s+[A-Za-z0-9+/=._\-]{6,}", re.IGNORECASE)
_NAMED_HOST = re.compile(r"(\bhost(?:name)?\s*[=:]\s*[\"']?)[\w.\-]+", re.IGNORECASE)
_IPV6 = re.compile(  # three colons at least, or a double one: 12:30:05 is a time
    r"(?<![\w:])\[?(?:(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{0,4}|(?:[0-9a-f]{1,4}:){0,6}:[0-9a-f:]{1,30})\]?(?::\d+)?(?![\w:])",
    re.IGNORECASE,
)
_IPV4 = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b")
_LOCAL = re.compile(r"\blocalhost(?::\d+)?\b", re.IGNORECASE)
_DOTTED = re.compile(r"\b(?:[a-z0-9](?:[a-z0-9\-]*[a-z0-9])?\.)+[a-z]{2,24}(?::\d+)?\b", re.IGNORECASE)
_RELATIVE = re.compile(r"(?<![\w./\-])[\w.\-]+(?:/[\w.\-@%+]+){2,}/?")
_ABSOLUTE = re.compile(r"(?<![\w/])(?:~|[A-Za-z]:)?(?:[/\\][\w.\-@%+]+){2,}[/\\]?")
_LONG_ID = re.compile(r"\b[0-9a-fA-F]{32,}\b")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_SPACES = re.compile(r"\s{2,}")


def safe_text(text: str, *, hide: Iterable[str] = (), longest: int = LONGEST) -> str:
    """`text` on one line without URLs, hosts, file paths, long ids and what looks like a secret; cut at
    `longest`.

    `hide` are values that must not appear whatever they look like (each of 3 characters or more is masked).
    """
    text = _masked(text[: 20 * LONGEST], hide)  # before anything is cut up, or half a secret might stay
    text = _FURTHER.sub(" ", text)
    text = _CONTROL.sub(" ", text)
    text = _PYDANTIC_TAIL.sub("", text)
    text = _URL.sub(_HOST, text)
    text = _LOGIN.sub(_HIDDEN, text)
    text = _LABELLED.sub(rf"\1{_HIDDEN}", text)
    text = _RELATIVE.sub(_PATH, text)
    text = _ABSOLUTE.sub(_PATH, text)
    text = _NAMED_HOST.sub(rf"\1{_HOST}", text)
    for pattern in (_IPV6, _IPV4, _LOCAL, _DOTTED):
        text = pattern.sub(_HOST, text)
    text = _LONG_ID.sub("[id]", text)
    text = _SPACES.sub(" ", text).strip()
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _masked(text: str, hide: Iterable[str]) -> str:
    spellings: set[str] = set()
    for value in hide:
        if len(value) >= 3:
            spellings |= {
                value,
                quote(value, safe=""),
                quote_plus(value),
                json.dumps(value)[1:-1],
                json.dumps(json.dumps(value)[1:-1])[1:-1],
                repr(value)[1:-1],
            }
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, _HIDDEN)
    return text
