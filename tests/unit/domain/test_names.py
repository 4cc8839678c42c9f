"""Display names are free text, upstream names are safe, recognisable and never collide."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_bridge.domain.errors import InvalidName
from trading_bridge.domain.names import (
    check_account_name,
    check_display_name,
    instance_pattern,
    instance_stem,
    upstream_key,
)

SAFE = re.compile(r"^[A-Za-z0-9_-]+$")
ids = st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=20, max_size=20).map(lambda tail: f"bot_{tail}")


@given(st.text(max_size=80), ids, st.integers(1, 999))
def test_upstream_names_are_safe_and_recognised(name: str, bot_id: str, generation: int) -> None:
    key = upstream_key(name, bot_id)
    stem = instance_stem(key, generation)
    full = f"{stem}-20261121-120000"
    assert SAFE.match(full)
    assert full.startswith("hummingbot-")
    assert len(full) <= 63
    found = instance_pattern(key).match(full)
    assert found is not None
    assert int(found[1]) == generation
    assert instance_pattern(key, generation).match(full)
    assert not instance_pattern(key, generation + 1).match(full)


@given(ids, ids)
def test_same_name_never_collides(one: str, other: str) -> None:
    if one[-8:] != other[-8:]:
        assert not instance_pattern(upstream_key("Sharp", one)).match(
            f"{instance_stem(upstream_key('Sharp', other), 1)}-20261121-120000"
        )


def test_generation_is_matched_whole() -> None:
    assert not instance_pattern("sharp-00000000", 1).match("hummingbot-sharp-00000000-g11-20261121-120000")
    assert not instance_pattern("sharp-00000000").match("x-hummingbot-sharp-00000000-g1-20261121-120000")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "\u200b",
        "\u200d\ufe0f",
        "x" * 61,
        "a\nb",
        "../../etc",
        "a/..",
        "/etc/passwd",
        "a\\b",
        "a\x00b",
        "abc\u202edef",
        "\ud800",
    ],
)
def test_bad_display_names(name: str) -> None:
    with pytest.raises(InvalidName) as caught:
        check_display_name(name)
    assert caught.value.field == "name"
    assert caught.value.hint


@pytest.mark.parametrize(
    "name", ["Sharp Spread", "SHARP/USDT maker", "v1..2", "Ñandú 1", "旗舰 market", "🚀 moon", "x" * 60, "مثال"]
)
def test_good_display_names(name: str) -> None:
    assert check_display_name(f" {name} ") == name


@pytest.mark.parametrize("name", ["", "client sharp", "../x", "a" * 51, "master_account", "é", "a.b"])
def test_bad_account_names(name: str) -> None:
    with pytest.raises(InvalidName):
        check_account_name(name)
