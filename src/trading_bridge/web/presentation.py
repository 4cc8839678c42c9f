"""How numbers, times and names are written on pages. Pure: `now` is always an argument.

Rules (shared/ui.md, sections 1.6 and 1.7): tabular figures, grouping by a thin space, a true minus sign, “–” for
unknown and a zero only for a known zero, relative times in lists with the exact UTC time on hover.
"""

import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

UNKNOWN = "–"
MINUS = "\u2212"
THIN = "\u202f"  # narrow no-break space: groups digits and never breaks the line
STALE_AFTER = timedelta(seconds=30)

_JOINERS = frozenset("\u200d\ufe0e\ufe0f")
_MAX_PLACES = 18


def number(value: Decimal | None, places: int = 2, *, sign: bool = False) -> str:
    """`-1234.5` -> `−1 234.50`; with `sign` a positive value gets `+`.

    A zero is written for a known zero only: what merely rounds to it becomes `<0.01` or `>−0.01`.
    """
    if value is None or not value.is_finite():
        return UNKNOWN
    unit = Decimal(1).scaleb(-places)
    rounded = value.quantize(unit, rounding=ROUND_HALF_EVEN)
    if rounded == 0 and value != 0:
        return f"<{unit:f}" if value > 0 else f">{MINUS}{unit:f}"
    digits = f"{abs(rounded):,f}".replace(",", THIN)
    if rounded == 0:
        return digits
    if rounded < 0:
        return MINUS + digits
    return f"+{digits}" if sign else digits


def money(value: Decimal | None, unit: str = "", *, sign: bool = False) -> str:
    """Two decimals and the unit, the sign before the figure: `−9.23 USDT`."""
    text = number(value, 2, sign=sign)
    return f"{text} {unit}" if unit and text != UNKNOWN else text


def exact(value: Decimal | None, unit: str = "") -> str:
    """Every digit we know, for tooltips and CSV: no grouping, a plain minus, no exponent."""
    if value is None or not value.is_finite():
        return ""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text} {unit}".rstrip()


def decimals(values: Iterable[Decimal | None]) -> int | None:
    """The most decimals that any of the values really uses: the tick, as far as quoted prices tell it."""
    seen = [
        max(0, -exponent)
        for value in values
        if value is not None
        and value.is_finite()
        and isinstance(exponent := value.normalize().as_tuple().exponent, int)
    ]
    return min(_MAX_PLACES, max(seen)) if seen else None


def price(value: Decimal | None, tick: Decimal | None = None, places: int | None = None) -> str:
    """A price by the market's tick, else with `places` decimals, else with five significant digits."""
    if value is None or not value.is_finite():
        return UNKNOWN
    if tick is not None and tick > 0:
        places = decimals([tick])
    if places is None:
        places = 2 if value == 0 else min(_MAX_PLACES, max(2, 4 - value.copy_abs().adjusted()))
    return number(value, places)


def amount(value: Decimal | None, step: Decimal | None = None, *, sign: bool = False) -> str:
    """An amount of base: by the lot step, else at most eight significant digits, without trailing zeros."""
    if value is None or not value.is_finite():
        return UNKNOWN
    if step is not None and step > 0:
        return number(value, decimals([step]) or 0, sign=sign)
    places = min(_MAX_PLACES, max(0, 7 - value.copy_abs().adjusted())) if value else 0
    rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    return number(rounded, decimals([rounded]) or 0, sign=sign)


def percent(fraction: Decimal | None, places: int = 2, *, sign: bool = False) -> str:
    """A fraction as per cent: `0.0031` -> `0.31 %`."""
    if fraction is None or not fraction.is_finite():
        return UNKNOWN
    return f"{number(fraction * 100, places, sign=sign)}{THIN}%"


def bps(value: Decimal | None, places: int = 1) -> str:
    """Basis points, given in basis points: `42.35` -> `42.4`. The unit stands in the column head."""
    return number(value, places)


def spread_bps(bid: Decimal | None, ask: Decimal | None, mid: Decimal | None) -> Decimal | None:
    """(ask - bid) / mid x 10^4; None when one-sided or without a mid price."""
    if bid is None or ask is None or mid is None or mid <= 0:
        return None
    return (ask - bid) / mid * 10_000


def duration(span: timedelta) -> str:
    """The two largest units: `42 s`, `6 min`, `3 h 20 min`, `2 d 4 h`. Never negative."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return f"{seconds}{THIN}s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if hours == 0:
        return f"{minutes}{THIN}min"
    if days == 0:
        rest = minutes % 60
        return f"{hours}{THIN}h {rest}{THIN}min" if rest else f"{hours}{THIN}h"
    rest = hours % 24
    return f"{days}{THIN}d {rest}{THIN}h" if rest else f"{days}{THIN}d"


def age(at: datetime | None, now: datetime) -> str:
    """How long ago, in one unit, for lists: `4 s`, `11 min`, `3 h`, `2 d`."""
    if at is None:
        return UNKNOWN
    seconds = max(0, int((now - at).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size}{THIN}{unit}"
    return f"{seconds}{THIN}s"


def stale(at: datetime | None, now: datetime) -> bool:
    """True when the evidence is older than 30 s, or there is none."""
    return at is None or now - at > STALE_AFTER


def clock(at: datetime | None) -> str:
    """Time of day in UTC: `12:03:41`."""
    return UNKNOWN if at is None else at.astimezone(UTC).strftime("%H:%M:%S")


def day_clock(at: datetime | None, now: datetime) -> str:
    """The time of day, with the date before it unless it is today's (UTC)."""
    if at is None:
        return UNKNOWN
    at = at.astimezone(UTC)
    if at.date() == now.astimezone(UTC).date():
        return at.strftime("%H:%M:%S")
    return f"{at.day} {at.strftime('%b %H:%M:%S')}"


def stamp(at: datetime | None) -> str:
    """The exact time with its zone: `2026-11-21 12:03:41 UTC`."""
    return UNKNOWN if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def iso(at: datetime | None) -> str:
    """For `<time datetime>`: `2026-11-21T12:03:41.250Z`."""
    if at is None:
        return ""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def middle(name: str, limit: int = 28) -> str:
    """A long name cut in the middle, so that what tells it from its neighbours at either end stays readable.

    Never cuts between a letter and its accents, or inside a joined emoji.
    """
    units = _graphemes(name)
    if len(units) <= limit:
        return name
    tail = (limit - 1) // 3
    return "".join(units[: limit - 1 - tail]) + "…" + "".join(units[len(units) - tail :])


def _graphemes(text: str) -> list[str]:
    units: list[str] = []
    for char in text:
        joins = unicodedata.combining(char) or char in _JOINERS or "\U0001f3fb" <= char <= "\U0001f3ff"
        if units and (joins or units[-1].endswith("\u200d")):
            units[-1] += char
        else:
            units.append(char)
    return units


def csv_text(text: str) -> str:
    """Text for a CSV cell: what a spreadsheet would run as a formula is made plain text."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
