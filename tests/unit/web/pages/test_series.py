"""Chart data and the ladder."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from trading_bridge.domain.fills import Fill, FillSource, Side
from trading_bridge.domain.views import Sample
from trading_bridge.web.pages.ladder import ladder
from trading_bridge.web.pages.series import Series, as_json, still, thin

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def sample(seconds_ago: float, mid: str | None = "0.05", ask: str | None = "0.0502") -> Sample:
    price = None if mid is None else Decimal(mid)
    return Sample(NOW - timedelta(seconds=seconds_ago), price, None, None if ask is None else Decimal(ask), None)


FILL = Fill("t1", "gate_io", "a", "SHARP/USDT", Side.BUY, Decimal("0.0498"), Decimal("1600."), None, None,
            NOW - timedelta(seconds=30), FillSource.HISTORY)  # fmt: skip


def test_a_week_is_thinned_to_what_a_screen_can_show_and_keeps_the_newest() -> None:
    week = timedelta(days=7)
    samples = [sample(seconds) for seconds in range(int(week.total_seconds()) - 1, 0, -60)]
    found = thin(samples, NOW - week, NOW, 400)
    assert len(found) == 400
    assert found[-1] == samples[-1]
    assert [s.at for s in found] == sorted(s.at for s in found)


def test_json_holds_exact_digits_null_for_unknown_and_fills() -> None:
    text = as_json(Series(NOW - HOUR, NOW, [sample(3000), sample(5, None, None)], [FILL]))
    found = json.loads(text, parse_float=str)
    assert found["mid"] == ["0.05", None]
    assert found["bid"] == [None, None]
    assert found["fills"] == [[f"{FILL.at.timestamp():.1f}", "0.0498", "buy", 1600]]
    assert found["from"] == f"{(NOW - timedelta(seconds=3000)).timestamp():.1f}", "where the bot's record begins"


def test_a_chart_never_begins_before_its_window_nor_shrinks_to_seconds() -> None:
    assert Series(NOW - HOUR, NOW, [sample(9000)], []).start == NOW - HOUR
    assert Series(NOW - HOUR, NOW, [sample(5)], []).start == NOW - timedelta(minutes=2)
    assert Series(NOW - HOUR, NOW, [], []).start == NOW - HOUR


def test_empty_is_without_any_price_and_any_fill() -> None:
    assert Series(NOW - HOUR, NOW, [sample(9, None, None)], []).empty
    assert not Series(NOW - HOUR, NOW, [], [FILL]).empty
    assert still(Series(NOW - HOUR, NOW, [], [FILL])) is None


def test_still_picture_breaks_its_line_where_a_price_is_unknown() -> None:
    found = still(Series(NOW - HOUR, NOW, [sample(300), sample(200, None), sample(100), sample(50)], []))
    assert found is not None
    assert found.mid.count("M") == 2
    assert found.bid == ""
    assert (found.low, found.high) == (Decimal("0.05"), Decimal("0.0502"))


def test_ladder_has_the_highest_price_on_top_and_distances_from_mid() -> None:
    found = ladder(
        [
            ("buy", Decimal(99), Decimal(2)),
            ("sell", Decimal(102), Decimal(4)),
            ("sell", Decimal("101.5"), Decimal(1)),
        ],
        Decimal(100),
    )
    assert [rung.price for rung in found.asks] == [Decimal(102), Decimal("101.5")]
    assert [(rung.bps, rung.share) for rung in found.bids] == [(Decimal(-100), 29)]
    assert found.places == 1
    assert ladder([("buy", Decimal(1), Decimal(0))], None).bids[0].bps is None
