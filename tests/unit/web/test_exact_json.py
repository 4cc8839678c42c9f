"""JSON without floats, and without surprises for whatever comes after it."""

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_bridge.domain.errors import InvalidInput, MalformedBody
from trading_bridge.web.exact_json import DEEPEST, JsonAnswer, as_number, parse, parse_object

plain_decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=12)


@given(plain_decimals)
def test_a_number_goes_in_and_out_digit_for_digit(number: Decimal) -> None:
    text = f"{number:f}"

    read = parse(f'{{"n": {text}}}'.encode())["n"]
    answer = JsonAnswer({"n": as_number(text)}).body

    assert Decimal(read) == number
    assert not isinstance(read, float)
    assert answer == f'{{"n":{text}}}'.encode()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_that_is_no_number_stays_text(text: str) -> None:
    answered = json.loads(bytes(JsonAnswer({"n": as_number(text)}).body), parse_int=Decimal, parse_float=Decimal)["n"]

    assert answered == (Decimal(text) if isinstance(answered, Decimal) else text)


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "1.", ".5", "01", "1_000", "0x10", "1e", "+1", " 1", "1 ", "", "１"]
)
def test_what_json_knows_as_no_number_is_quoted(text: str) -> None:
    assert as_number(text) == text


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(MalformedBody, InvalidInput):
        parse(body)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | plain_decimals | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max((1 + _depth(item) for item in inner), default=int(isinstance(value, dict | list)))


@given(json_values)
def test_whatever_json_holds_is_read_as_it_is(value: Any) -> None:
    text = json.dumps(value, default=str)
    storable = "\\u0000" not in text and not any(0xD800 <= ord(char) < 0xE000 for char in str(value))
    try:
        read = parse(text.encode())
    except MalformedBody:
        assert _depth(value) >= DEEPEST
    except InvalidInput:
        assert not storable
    else:
        assert read == json.loads(text)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"), (b" \n", "empty"), (b"{", "line 1, column 2"), (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"), (b"\xff", "UTF-8"), (b"[" * 200_000, "deep"),
        (b"[" * 20 + b"]" * 20, "deep"),
        (b'{"a": 1e31}', "range"), (b'{"a": 1E-400}', "range"), (b"1" * 61, "range"),
        (b'{"a": 0.' + b"1" * 60 + b"}", "range"),
    ],
)  # fmt: skip
def test_what_can_not_be_read_is_told_why(body: bytes, words: str) -> None:
    with pytest.raises(MalformedBody, match=words) as caught:
        parse(body)

    assert caught.value.hint
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("body", [b"[]", b"null", b"7", b'"x"', b"true"])
def test_only_objects_are_requests(body: bytes) -> None:
    with pytest.raises(MalformedBody, match="not a JSON object"):
        parse_object(body)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"a": "\\u0000"}', "a"), (b'{"a": {"b": ["\\ud800"]}}', "a.b"), (b'{"\\u0000": 1}', None),
        (b'"\\u0000"', None),
    ],
)  # fmt: skip
def test_characters_that_nobody_can_store_are_told_with_their_field(body: bytes, field: str | None) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(body)

    assert caught.value.field == field
