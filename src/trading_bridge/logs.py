"""Logging: structlog on the standard library, one line per event, and nothing secret in any of them.

Three nets, each enough for most leaks: keys that name a secret lose their value at any depth, texts lose what
looks like a credential, and every secret that the process knows (`register_secret`) is cut out.
"""

import json
import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from decimal import Decimal
from pathlib import PurePath
from typing import Any, Literal, TextIO
from urllib.parse import quote
from uuid import UUID

import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars

MASK = "[redacted]"
DEPTH = 8
# Their ordinary lines (each statement with its values, each request) are noise, and values may be secret.
_NOISY = (
    "aiohttp.access",
    "aiosqlite",
    "alembic",
    "asyncio",
    "psycopg",
    "python_multipart",
    "sqlalchemy",
    "uvicorn.access",
)
SHORTEST_SECRET = 6  # shorter ones ("admin", Hummingbot's default) would tear holes into ordinary words

_SECRET_KEY = re.compile(
    r"passw|passphrase|passwd|secret|token|authori[sz]ation|cookie|api[-_]?key|apikey|memo|credential|private[-_]?key"
    r"|signature|session[-_]?id|csrf",
    re.IGNORECASE,
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(Bearer)\s+[A-Za-z0-9+/=._~\-]{4,}", re.IGNORECASE), rf"\1 {MASK}"),
    # unlike "basic strategy", a login in base64 has more than small letters
    (re.compile(r"\b((?i:Basic|Digest))\s+(?=[a-z]*[A-Z0-9+/=])[A-Za-z0-9+/=._~\-]{6,}"), rf"\1 {MASK}"),
    # user:password@ in an address
    (re.compile(r"([a-z][a-z0-9+.\-]*://)[^\s/@:]*:[^\s@]*@", re.IGNORECASE), rf"\1{MASK}@"),
    # ?token=..., password=..., "api_key": "...", 'x-api-key': '...'
    (
        re.compile(
            r"""(["']?\b[\w-]*(?:passw(?:or)?d|passphrase|secret|token|api[-_]?key|authorization|cookie|memo|signature)"""
            r"""[\w-]*["']?\s*[=:]\s*)(?:(?:Bearer|Basic|Digest|Token)\s+)?(\[redacted\]|"[^"]*"|'[^']*'|[^\s&,;"'}\])]+)""",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
)
_registered: set[str] = set()
_hidden: ContextVar[frozenset[str]] = ContextVar("hidden", default=frozenset())  # by one request, for its duration

Event = MutableMapping[str, Any]


def register_secret(*values: str) -> None:
    """From now on these values appear in no log line, in whatever field or text."""
    _registered.update(_forms(values))


@contextmanager
def hiding(*values: str) -> Iterator[Callable[[str], str]]:
    """While the block runs these values appear in no log line of its task, nor in a text put through the result."""
    forms = _forms(values)
    token = _hidden.set(_hidden.get() | forms)
    try:
        yield lambda text: _without(text, forms)
    finally:
        _hidden.reset(token)


def _forms(values: Iterable[str]) -> frozenset[str]:
    """Each value as it is and as quoting leaves it."""
    return frozenset(
        form
        for value in values
        if len(value) >= SHORTEST_SECRET
        for form in (value, repr(value)[1:-1], json.dumps(value)[1:-1], quote(value, safe=""))
    )


def _without(text: str, values: Iterable[str]) -> str:
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, MASK)
    return text


def scrub(text: str) -> str:
    """The text without registered secrets and without what looks like a credential."""
    text = _without(text, _registered | _hidden.get())
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redacted(value: Any, depth: int = DEPTH) -> Any:
    """A copy that is safe to print: mappings and sequences walked, other objects as their scrubbed repr."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, datetime | Decimal | UUID | PurePath):
        return scrub(str(value))
    if isinstance(value, bytes | bytearray):
        return scrub(bytes(value).decode("utf-8", "replace"))
    if depth == 0:
        return "..."
    if isinstance(value, Mapping):
        return {scrub(str(key)): _redacted_item(str(key), item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted_pair_or_item(item, depth - 1) for item in value]
    return scrub(repr(value))


def _redacted_item(key: str, value: Any, depth: int) -> Any:
    return MASK if _SECRET_KEY.search(key) and value not in (None, "") else redacted(value, depth)


def _redacted_pair_or_item(item: Any, depth: int) -> Any:
    """Headers travel as (name, value) pairs of str or bytes: the name tells whether the value is secret."""
    if isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str | bytes):
        name = item[0].decode("latin-1") if isinstance(item[0], bytes) else item[0]
        return [scrub(name), _redacted_item(name, item[1], depth)]
    return redacted(item, depth)


def _redact(_logger: Any, _method: str, event: Event) -> Event:
    """structlog processor: the last one before rendering, after exceptions have become text."""
    event.pop("color_message", None)  # uvicorn's line a second time, in colours
    for key in list(event):
        if key in ("_record", "_from_structlog"):
            continue
        event[key] = _redacted_item(key, event[key], DEPTH)
    return event


class _Scrubbed:
    """A renderer's output once more through `scrub` for registered values: quoting can't hide one."""

    def __init__(self, renderer: Any) -> None:
        self._renderer = renderer

    def __call__(self, logger: Any, method: str, event: Event) -> str:
        line: str = self._renderer(logger, method, event)
        return _without(line, _registered | _hidden.get())


def configure(
    log_format: Literal["console", "json"] = "console",
    level: str = "INFO",
    stream: TextIO | None = None,
) -> None:
    """Route every logger of the process, the libraries' too, to one stream; stderr by default.

    Called once at start; calling it again replaces the former configuration.
    """
    output = stream or sys.stderr
    # Plain tracebacks: the coloured ones print local variables, keys included.
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=output.isatty(), exception_formatter=structlog.dev.plain_traceback)
    )
    shared: list[Any] = [
        merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _redact,
                _Scrubbed(renderer),
            ],
        )
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old.formatter, structlog.stdlib.ProcessorFormatter):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.NOTSET)  # the root decides, whatever a server in this process has set
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger: `log.info("bot_deployed", bot=bot.id)`; the event is a word, facts are keywords."""
    found: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return found


bound = bound_contextvars  # `with bound(request_id=...)`: every line inside carries it
