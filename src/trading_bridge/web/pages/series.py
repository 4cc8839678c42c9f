"""Chart data of one bot: mid price, own quotes and fills, thinned out to what a screen can show."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from trading_bridge.domain.fills import Fill
from trading_bridge.domain.views import Sample

WINDOWS: dict[str, timedelta] = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
}
DEFAULT_WINDOW = "1h"
MOST_POINTS = 400
MOST_FILLS = 500
LEAST_SPAN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Series:
    """`since`..`until` is the window asked for; samples and fills oldest first."""

    since: datetime
    until: datetime
    samples: Sequence[Sample]
    fills: Sequence[Fill]

    @property
    def empty(self) -> bool:
        return not self.fills and all(sample.mid is None for sample in self.samples)

    @property
    def start(self) -> datetime:
        """Where the chart begins: a bot younger than the window is not pressed to its right edge."""
        times = [sample.at for sample in self.samples[:1]] + [fill.at for fill in self.fills[:1]]
        return max(self.since, min([*times, self.until - LEAST_SPAN])) if times else self.since


def thin(samples: Sequence[Sample], since: datetime, until: datetime, most: int = MOST_POINTS) -> list[Sample]:
    """The newest sample of each of `most` equal spans; what was quoted last in a span is what the chart shows."""
    span = (until - since) / most
    kept: dict[int, Sample] = {}
    for sample in samples:
        kept[int((sample.at - since) / span)] = sample
    return [kept[index] for index in sorted(kept)]


def as_json(series: Series) -> str:
    """`{"from","to","t":[s],"mid":[],"bid":[],"ask":[],"fills":[[s, price, "buy"|"sell", amount]]}`, unknown = null.

    Prices are written from their exact decimals; the browser reads them as floats, good enough for pixels.
    """
    fills = ",".join(
        f'[{_seconds(fill.at)},{_number(fill.price)},"{fill.side.value}",{_number(fill.amount)}]'
        for fill in series.fills
    )
    return (
        f'{{"from":{_seconds(series.start)},"to":{_seconds(series.until)},'
        f'"t":[{",".join(_seconds(sample.at) for sample in series.samples)}],'
        f'"mid":[{_numbers(sample.mid for sample in series.samples)}],'
        f'"bid":[{_numbers(sample.own_bid for sample in series.samples)}],'
        f'"ask":[{_numbers(sample.own_ask for sample in series.samples)}],'
        f'"fills":[{fills}]}}'
    )


def _seconds(at: datetime) -> str:
    return f"{at.timestamp():.1f}"


def _number(value: Decimal | None) -> str:
    return "null" if value is None or not value.is_finite() else f"{value:f}".removesuffix(".")


def _numbers(values: Iterable[Decimal | None]) -> str:
    return ",".join(map(_number, values))


@dataclass(frozen=True, slots=True)
class Still:
    """The same chart as SVG paths in a box of 1000 x 280, for browsers without JavaScript."""

    mid: str
    bid: str
    ask: str
    low: Decimal
    high: Decimal


def still(series: Series) -> Still | None:
    """None without a single price."""
    prices = [
        price
        for sample in series.samples
        for price in (sample.mid, sample.own_bid, sample.own_ask)
        if price is not None
    ]
    if not prices:
        return None
    low, high = min(prices), max(prices)
    height = (high - low) or Decimal(1)
    width = (series.until - series.start) / 1000

    def path(values: Iterable[Decimal | None]) -> str:
        """Straight lines between neighbours; a gap where a value is unknown."""
        parts: list[str] = []
        pen = "M"
        for sample, value in zip(series.samples, values, strict=True):
            if value is None:
                pen = "M"
                continue
            x, y = (sample.at - series.start) / width, 270 - (value - low) / height * 260
            parts.append(f"{pen}{x:.1f} {y:.1f}")
            pen = "L"
        return "".join(parts)

    return Still(
        mid=path(sample.mid for sample in series.samples),
        bid=path(sample.own_bid for sample in series.samples),
        ask=path(sample.own_ask for sample in series.samples),
        low=low,
        high=high,
    )
