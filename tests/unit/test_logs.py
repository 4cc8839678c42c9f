"""Logging: one line per event, and no secret in any of them, wherever it was put."""

import json
import logging
from base64 import b64encode
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_bridge import logs

SECRET = 'hush "hush" \\ é/1'
SECRET_KEYS = [
    "password", "new_password", "passphrase", "secret", "gate_io_secret_key", "token", "access_token",
    "Authorization", "cookie", "Set-Cookie", "api_key", "X-API-KEY", "apiKey", "memo", "bitmart_memo",
    "credentials", "private_key", "signature", "session_id", "csrf_token",
]  # fmt: skip


@pytest.fixture(params=["console", "json"])
def written(request: pytest.FixtureRequest) -> Iterator[StringIO]:
    """What is logged, in each format."""
    stream = StringIO()
    logs.configure(request.param, "DEBUG", stream)
    yield stream
    logs.configure()


def nested(value: Any) -> st.SearchStrategy[Any]:
    """`value` somewhere inside lists, tuples and mappings."""
    return st.recursive(
        st.just(value),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=2),
            st.tuples(st.text(max_size=5), inner),
            st.dictionaries(st.text(max_size=5), inner, min_size=1, max_size=2),
        ),
        max_leaves=5,
    )


@given(st.sampled_from(SECRET_KEYS), nested("s3cr3t-v4lue"))
def test_a_key_that_names_a_secret_loses_its_value(key: str, value: Any) -> None:
    for given_value in ({key: value}, [{key: value}], {"headers": [(key, value)]}, {"a": {"b": {key: value}}}):
        assert "s3cr3t-v4lue" not in str(logs.redacted(given_value))


SHAPES = [
    "Authorization: Bearer {}",
    "authorization=Basic {}",
    "GET /x?token={}&a=1",
    "GET /x?a=1&api_key={}",
    "postgresql://bridge:{}@db/bridge",
    "https://admin:{}@hb.example.test/",
    '{{"password": "{}"}}',
    "{{'gate_io_api_key': '{}'}}",
    "password={}",
    "secret: {}",
    "X-API-KEY: {}",
    "memo={}",
]


@given(
    st.sampled_from(SHAPES), st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-", min_size=8)
)
def test_what_looks_like_a_credential_is_cut_out(shape: str, value: str) -> None:
    scrubbed = logs.scrub(shape.format(value))

    assert value not in scrubbed
    assert logs.MASK in scrubbed


@given(st.text(min_size=6, max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_a_value_that_is_hidden_is_in_no_text(secret: str, before: str, after: str) -> None:
    with logs.hiding(secret) as without_it:
        for text in (before + secret + after, repr(secret), json.dumps(secret), str([secret])):
            assert secret not in logs.scrub(text).replace(logs.MASK, "")
            assert secret not in without_it(text).replace(logs.MASK, "")


def test_ordinary_words_stay() -> None:
    for text in (
        "Created LIMIT BUY order 1 for 1600 SHARP-USDT at 0.04988.",
        "http://127.0.0.1:8000/bot-orchestration/status",
        "The exchange keys are found",
        "basic spread strategy",
    ):
        assert logs.scrub(text) == text
    assert logs.redacted({"bot": "bot_1", "count": 3, "ok": True, "none": None}) == {
        "bot": "bot_1",
        "count": 3,
        "ok": True,
        "none": None,
    }
    assert logs.redacted({"password": None, "token": ""}) == {"password": None, "token": ""}


class Carrier:
    """Something whose repr tells a secret."""

    def __repr__(self) -> str:
        return f"<Carrier {SECRET}>"


def test_a_known_secret_is_in_no_line(written: StringIO) -> None:
    logs.register_secret(SECRET)
    ours, theirs = logs.logger("ours"), logging.getLogger("theirs")
    encoded = b64encode(f"admin:{SECRET}".encode()).decode()
    with logs.bound(request_id=f"r-{SECRET}"):
        ours.info(
            "event", value=SECRET, inside=[{"x": (SECRET, SECRET.encode())}], carrier=Carrier(), error=OSError(SECRET)
        )
        ours.info(f"event {SECRET}")
        ours.info("event %s", SECRET)
        theirs.warning("%s and %r and %s", SECRET, SECRET, {"k": SECRET}, extra={"more": SECRET})
        theirs.warning("Authorization: Basic %s", encoded)
        for logger in (ours, theirs):
            try:
                _raise_with_locals(SECRET)
            except ValueError:
                logger.exception("failed")
    text = written.getvalue()

    assert text.count("request_id") == 7
    for form in (SECRET, repr(SECRET)[1:-1], json.dumps(SECRET)[1:-1], encoded):
        assert form not in text
    assert "hush" not in text
    assert "Traceback" in text


def _raise_with_locals(secret: str) -> None:
    inner = {"held": secret}
    raise ValueError(f"inside: {inner}") from KeyError(secret)


def test_json_lines_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    stream = StringIO()
    logs.configure("json", "INFO", stream)
    with logs.bound(request_id="r-1"):
        logs.logger("a.b").info("bot_deployed", bot="bot_1")
        logs.logger("a.b").debug("not_this")
        logging.getLogger("uvicorn.error").info("Started %s", "it")
    logs.configure()

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["bot_deployed", "Started it"]
    assert lines[0] | {"timestamp": None} == {
        "event": "bot_deployed",
        "bot": "bot_1",
        "request_id": "r-1",
        "logger": "a.b",
        "level": "info",
        "timestamp": None,
    }
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert capsys.readouterr().out == ""


def test_values_of_statements_are_never_logged(written: StringIO) -> None:
    for name in ("aiosqlite", "sqlalchemy.engine.Engine", "psycopg.pool", "uvicorn.access", "aiohttp.access"):
        logging.getLogger(name).debug("executing with values")
        logging.getLogger(name).info("executing with values")

    assert written.getvalue() == ""


def test_configuring_again_replaces_the_former() -> None:
    first, second = StringIO(), StringIO()
    logs.configure("json", "INFO", first)
    logs.configure("json", "INFO", second)
    logs.logger("x").info("once")
    logs.configure()

    assert first.getvalue() == ""
    assert second.getvalue().count("once") == 1
