"""The outcome table, row by row."""

import pytest

from trading_bridge.domain.errors import (
    UpstreamError,
    UpstreamNotHummingbot,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUncertain,
    UpstreamUnreachable,
)
from trading_bridge.hummingbot.outcome import detail_of, field_of, pydantic_errors, settle
from trading_bridge.hummingbot.transport import Response, TransportFailed

JSON = {"content-type": "application/json"}
PLAIN = {"content-type": "text/plain; charset=utf-8"}
HTML = {"content-type": "text/html"}
PAGE = b"<!DOCTYPE html><html><body>nginx at 10.0.0.7</body></html>"

ROWS: list[tuple[str, Response | TransportFailed, type[UpstreamError]]] = [
    ("refused", TransportFailed("connect_refused", sent=False), UpstreamUnreachable),
    ("dns", TransportFailed("dns", sent=False), UpstreamUnreachable),
    ("tls", TransportFailed("tls", sent=False), UpstreamUnreachable),
    ("timed out after sending", TransportFailed("read_timeout", sent=True), UpstreamUncertain),
    ("dropped after sending", TransportFailed("disconnected", sent=True), UpstreamUncertain),
    ("401", Response(401, JSON, b'{"detail":"Not authenticated"}'), UpstreamUnauthorized),
    ("403 of a proxy", Response(403, HTML, PAGE), UpstreamUnauthorized),
    ("redirect", Response(307, {"location": "/login"}, b""), UpstreamNotHummingbot),
    ("ngrok offline", Response(404, {"ngrok-error-code": "ERR_NGROK_3200"}, b"gone"), UpstreamNotHummingbot),
    ("page with 200", Response(200, HTML, PAGE), UpstreamNotHummingbot),
    ("page without a type", Response(200, {}, b"  <html></html>"), UpstreamNotHummingbot),
    ("proxy's 502 page", Response(502, HTML, PAGE), UpstreamNotHummingbot),
    ("plain 500", Response(500, PLAIN, b"Internal Server Error"), UpstreamUncertain),
    ("500 with a reason", Response(500, JSON, b'{"detail":"Read timed out."}'), UpstreamUncertain),
    ("504", Response(504, PLAIN, b"upstream request timeout"), UpstreamUncertain),
    ("408", Response(408, PLAIN, b"Request Timeout"), UpstreamUncertain),
    ("route missing", Response(404, JSON, b'{"detail":"Not Found"}'), UpstreamNotHummingbot),
    ("404 without a reason", Response(404, JSON, b"{}"), UpstreamNotHummingbot),
    ("405", Response(405, JSON, b'{"detail":"Method Not Allowed"}'), UpstreamNotHummingbot),
    ("400", Response(400, JSON, b'{"detail":"Invalid account name"}'), UpstreamRejected),
    ("409", Response(409, JSON, b'{"detail":"busy"}'), UpstreamRejected),
    (
        "422",
        Response(422, JSON, b'{"detail":[{"loc":["body","x"],"msg":"Field required"}]}'),
        UpstreamRejected,
    ),
    ("400 not in JSON", Response(400, PLAIN, b"Bad Request"), UpstreamNotHummingbot),
    ("200 not in JSON", Response(200, PLAIN, b"hello"), UpstreamNotHummingbot),
    ("200 that starts like JSON", Response(200, PLAIN, b"true story"), UpstreamNotHummingbot),
    ("404 in plain text", Response(404, PLAIN, b"not found"), UpstreamNotHummingbot),
    ("200 nested without end", Response(200, JSON, b"[" * 60_000), UpstreamNotHummingbot),
    ("200 large and not JSON", Response(200, PLAIN, b"x" * 100_000), UpstreamNotHummingbot),
    ("200 empty", Response(200, JSON, b""), UpstreamNotHummingbot),
]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(("name", "result", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_each_row_raises_its_error_whatever_the_method(
    method: str, name: str, result: Response | TransportFailed, expected: type[UpstreamError]
) -> None:
    with pytest.raises(UpstreamError) as caught:
        settle(method, result)
    assert type(caught.value) is expected, name
    assert caught.value.message


@pytest.mark.parametrize("body", [b"null", b"true", b"[]", b'{"a":1}', b' "text"', b"-1", b"NaN"])
@pytest.mark.parametrize("status", [200, 201])
def test_a_json_answer_is_done(status: int, body: bytes) -> None:
    assert settle("POST", Response(status, JSON, body)).body == body


def test_a_404_with_a_reason_is_for_the_caller() -> None:
    answer = settle("DELETE", Response(404, JSON, b'{"detail":"Configuration \'x\' not found"}'))
    assert answer.missing
    assert answer.reason == "Configuration 'x' not found"


def test_only_a_write_is_said_to_be_perhaps_done() -> None:
    lost = TransportFailed("read_timeout", sent=True)
    with pytest.raises(UpstreamUncertain) as write:
        settle("POST", lost)
    with pytest.raises(UpstreamUncertain) as read:
        settle("GET", lost)
    assert write.value.hint != read.value.hint  # a read that failed may simply be tried again
    assert "Try again" in (read.value.hint or "")


def test_a_422_names_the_field_and_never_repeats_the_request() -> None:
    body = (
        b'{"detail":[{"type":"missing","loc":["body","credentials_profile"],"msg":"Field required",'
        b'"input":{"gate_io_secret_key":"s3cr3t-value"}}]}'
    )
    with pytest.raises(UpstreamRejected) as caught:
        settle("POST", Response(422, JSON, body))
    assert caught.value.field == "credentials_profile"
    assert caught.value.message == "credentials_profile: Field required"


def test_server_text_in_an_error_is_made_safe() -> None:
    body = b'{"detail":"Error executing GET https://api.gateio.ws/api/v4/spot in /srv/x.py, token=abc123def"}'
    for status in (400, 500):
        with pytest.raises(UpstreamError) as caught:
            settle("POST", Response(status, JSON, body))
        for secret in ("gateio", "/srv", "abc123def"):
            assert secret not in caught.value.message


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"detail":"x"}', "x"),
        (b'{"message":"y"}', "y"),
        (b'"z"', "z"),
        (b'{"detail":{"a":1}}', ""),
        (b'{"detail":["odd"]}', ""),
        (b'{"detail":[{"msg":"Field required"}]}', "Field required"),
        (b"[1]", ""),
        (b"Internal Server Error", "Internal Server Error"),
        (b"<html>", ""),
    ],
)
def test_detail(body: bytes, expected: str) -> None:
    assert detail_of(body) == expected


PYDANTIC = (
    "2 validation errors for PMMV1Config\nbuy_spreads.0\n  Value error, Spread must be positive "
    "[type=value_error, input_value=-1, input_type=int]\n    For further information visit "
    "https://errors.pydantic.dev/2.14/v/value_error\nleverage\n  Input should be a valid integer "
    "[type=int_parsing, input_value='a\\nb', input_type=str]\n    For further information visit https://x.y/z"
)


def test_pydantic_text_is_taken_apart() -> None:
    assert pydantic_errors(PYDANTIC) == [
        ("buy_spreads.0", "Spread must be positive"),
        ("leverage", "Input should be a valid integer"),
    ]
    assert pydantic_errors("something else") == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"detail":"1 validation error for X\\nleverage\\n  Input bad [type=x]"}', "leverage"),
        (b'{"detail":"1 validation error for X\\n  Value error, a < b [type=value_error]"}', None),
        (b'{"detail":"plain"}', None),
        (b'{"detail":[]}', None),
        (b'{"detail":[{"loc":["query","account_name"],"msg":"m"}]}', "account_name"),
        (b'{"detail":[{"msg":"m"}]}', None),
        (b"[]", None),
        (b"oops", None),
    ],
)
def test_field(body: bytes, field: str | None) -> None:
    assert field_of(body) == field
