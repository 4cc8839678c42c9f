"""Ids can't be guessed and never collide with what people type."""

import re

from trading_bridge.services.identity import new_id


def test_the_form_of_an_id() -> None:
    assert re.fullmatch(r"bot_[0-9a-hjkmnp-tv-z]{20}", new_id("bot"))


def test_ids_differ() -> None:
    assert len({new_id("op") for _ in range(5000)}) == 5000


def test_every_character_of_the_alphabet_is_used_in_every_place() -> None:
    ids = [new_id("x")[2:] for _ in range(2000)]

    for place in range(20):
        assert len({one[place] for one in ids}) == 32
