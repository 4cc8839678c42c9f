"""Rows of the Bots table: filtered, sorted and cut into pages of 50, with totals over the filter and not the page."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from trading_bridge.domain.bots import Status
from trading_bridge.domain.errors import BridgeError
from trading_bridge.domain.strategies import strategy
from trading_bridge.domain.views import BotView, Shown, shown
from trading_bridge.web import presentation

PAGE = 50
EVERY = 100_000  # the services hold the whole fleet in memory; pages sort all of it before they cut
_ORDER = {word: rank for rank, word in enumerate((
    Shown.FAILED, Shown.ATTENTION, Shown.UNKNOWN, Shown.STOPPING, Shown.STARTING, Shown.TRADING, Shown.STOPPED
))}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A bot with what the table derives. Spreads in bps of mid: `quoted` now, `goal` by its settings."""

    view: BotView
    quoted: Decimal | None
    goal: Decimal | None
    last_known: Shown  # what it would be called if the server answered
    old: bool  # figures are shown greyed

    @property
    def rank(self) -> int:
        return _ORDER[self.view.shown]

    @property
    def orders(self) -> int | None:
        own = self.view.figures.own_orders
        return None if own is None else len(own)


@lru_cache(maxsize=4096)
def _goal(name: str, config: tuple[tuple[str, str], ...]) -> Decimal | None:
    """Width between the best quotes that the settings ask for, in bps of mid."""
    try:
        entry = strategy(name)
        quotes = entry.preview(entry.read_config(dict(config)), Decimal(1), None)
    except BridgeError:
        return None
    asks = [quote.price for quote in quotes if quote.side == "sell"]
    bids = [quote.price for quote in quotes if quote.side == "buy"]
    return (min(asks) - max(bids)) * 10_000 if asks and bids else None


def row_of(view: BotView) -> Row:
    """The table's row of one bot."""
    figures, bot = view.figures, view.bot
    config = tuple(sorted((key, str(value)) for key, value in bot.config.items()))
    return Row(
        view=view,
        quoted=presentation.spread_bps(figures.own_bid, figures.own_ask, figures.mid),
        goal=_goal(bot.strategy, config),
        last_known=shown(bot.status, server_up=True),
        old=view.stale or view.shown is Shown.UNKNOWN,
    )


Key = Callable[[Row], Decimal | str | datetime | int | None]
SORTS: dict[str, Key] = {
    "status": lambda row: row.rank,
    "name": lambda row: row.view.bot.name.casefold(),
    "account": lambda row: row.view.bot.account,
    "market": lambda row: f"{row.view.bot.connector} {row.view.bot.pair}",
    "spread": lambda row: row.quoted,
    "pnl": lambda row: row.view.figures.pnl_today,
    "net": lambda row: row.view.figures.net,
    "volume": lambda row: row.view.figures.volume_24h,
    "position": lambda row: row.view.figures.position.amount,
    "orders": lambda row: row.orders,
    "fill": lambda row: row.view.figures.position.last_fill_at,
}


@dataclass(frozen=True, slots=True)
class TableQuery:
    """What the address asks for. `sort` is a key of SORTS, with "-" in front for descending."""

    q: str = ""
    status: str = ""
    account: str = ""
    connector: str = ""
    archived: bool = False
    sort: str = ""
    page: int = 1

    def admits(self, row: Row) -> bool:
        """Whether the filter lets this bot through."""
        bot = row.view.bot
        if bot.status is Status.ARCHIVED and not self.archived:
            return False
        if self.status and row.view.shown != self.status:
            return False
        if (self.account and bot.account != self.account) or (self.connector and bot.connector != self.connector):
            return False
        text = f"{bot.name} {bot.pair} {bot.pair.wire} {bot.account} {bot.connector} {bot.id}".casefold()
        return all(word in text for word in self.q.casefold().split())

    @property
    def active(self) -> bool:
        return bool(self.q or self.status or self.account or self.connector)


@dataclass(frozen=True, slots=True)
class Total:
    """Sums over one quote token. `known` of `bots` have a P&L; None = none has."""

    unit: str
    bots: int
    known: int
    pnl_today: Decimal | None
    net: Decimal | None
    volume_24h: Decimal


@dataclass(frozen=True, slots=True)
class TablePage:
    """One page of the table. `first` and `last` count from 1; `one_unit` = the only quote token, if there is one."""

    rows: Sequence[Row]
    total: int
    first: int
    last: int
    page: int
    pages: int
    totals: Sequence[Total]
    one_unit: str | None
    numbers: Sequence[int] = field(default_factory=list)  # page numbers to show; 0 = a gap


def sort_rows(rows: Iterable[Row], sort: str) -> list[Row]:
    """Problems first, then by name; or by one column with unknown values last in both directions."""
    ordered = sorted(rows, key=lambda row: (row.rank, row.view.bot.name.casefold(), row.view.bot.id))
    key = SORTS.get(sort.removeprefix("-"))
    if key is None:
        return ordered
    known = [row for row in ordered if key(row) is not None]
    unknown = [row for row in ordered if key(row) is None]
    known.sort(key=key, reverse=sort.startswith("-"))  # type: ignore[arg-type]  # one column is of one type
    return known + unknown


def totals(rows: Iterable[Row]) -> list[Total]:
    """Sums per quote token, the one with the most bots first: different tokens are never added up."""
    groups: dict[str, list[BotView]] = {}
    for row in rows:
        groups.setdefault(row.view.bot.pair.quote, []).append(row.view)
    result = []
    for unit, views in groups.items():
        today = [v.figures.pnl_today for v in views if v.figures.pnl_today is not None]
        net = [v.figures.net for v in views if v.figures.net is not None]
        result.append(
            Total(
                unit,
                len(views),
                len(today),
                sum(today, Decimal(0)) if today else None,
                sum(net, Decimal(0)) if net else None,
                sum((v.figures.volume_24h for v in views), Decimal(0)),
            )
        )
    return sorted(result, key=lambda total: (-total.bots, total.unit))


def table(views: Iterable[BotView], query: TableQuery) -> TablePage:
    """The page of the table that the query asks for; a page number out of range gives the nearest page."""
    rows = [row for row in map(row_of, views) if query.admits(row)]
    sums = totals(rows)
    rows = sort_rows(rows, query.sort)
    pages = max(1, -(-len(rows) // PAGE))
    page = min(max(1, query.page), pages)
    start = (page - 1) * PAGE
    shown_rows = rows[start : start + PAGE]
    return TablePage(
        rows=shown_rows,
        total=len(rows),
        first=start + 1 if rows else 0,
        last=start + len(shown_rows),
        page=page,
        pages=pages,
        totals=sums,
        one_unit=sums[0].unit if len(sums) == 1 else None,
        numbers=_numbers(page, pages),
    )


def _numbers(page: int, pages: int) -> list[int]:
    """1 … 4 5 6 … 10, with 0 for a gap."""
    wanted = sorted({1, pages, page - 1, page, page + 1} & set(range(1, pages + 1)))
    result: list[int] = []
    for number in wanted:
        if result and number - result[-1] > 1:
            result.append(0)
        result.append(number)
    return result
