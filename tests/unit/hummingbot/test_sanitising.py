"""No address, path or secret survives, and what a person needs does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_bridge.hummingbot.sanitising import LONGEST, safe_text


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("see https://errors.pydantic.dev/2.14/v/int_parsing now", "pydantic.dev"),
        ("404 Client Error for http+docker://localhost/v1.43/images/create?tag=x: Not Found", "v1.43"),
        ("connect to postgresql://hbot:pw123@db:5432/api failed", "pw123"),
        ("Request IP not in whitelist: 203.0.113.9", "203.0.113.9"),
        ("Cannot connect to host api.internal.example:8000 ssl:default", "internal.example"),
        ("UnixHTTPConnectionPool(host='docker-host', port=None): Read timed out.", "docker-host"),
        ("at [2001:db8:0:1:2:3:4:5]:443 refused", "2001:db8"),
        ("listening on ::1 now", "::1"),
        ("via fe80::1ff:fe23:4567:890a", "fe80"),
        ("listening on localhost:8000", "8000"),
        ("No such file or directory: 'bots/credentials/nosuch'", "credentials/nosuch"),
        ('File "/hummingbot-api/services/x.py", line 3', "services"),
        (r"cannot open C:\Users\bob\keys.txt", "bob"),
        ("Authorization: Basic YWRtaW46YWRtaW4=", "YWRtaW4"),
        ("used Bearer eyJhbGciOi.JIUzI1.NiJ9", "eyJ"),
        ("password=hunter22 rejected", "hunter22"),
        ('{"api_key": "k-12345"}', "k-12345"),
        ("gate_io_secret_key='zzz999'", "zzz999"),
        ("container 1904b272bb9497c65df9a2c3769c8780e21e71c32d9992b9520d60774b27c8a2 died", "1904b272"),
        ("line one\r\nX-Injected: 1\x00\u202e", "\n"),
        ("bad\u202etxt", "\u202e"),
        ("bad [type=int_parsing, input_value='abc', input_type=str]", "input_value"),
    ],
)
def test_what_must_not_survive(text: str, gone: str) -> None:
    assert gone not in safe_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "Account already exists.",
        "Order amount 1600 SHARP/USDT at 0.050154 is below the minimum of 5 USDT.",
        "Invalid account name: 'client sharp'. Only letters, numbers, underscores and hyphens are allowed.",
        "INVALID_SIGNATURE (Signature mismatch)",
        "The image hummingbot/hummingbot:latest is not there, and/or can't be pulled.",
        "leverage: Input should be a valid integer, unable to parse string as an integer",
        "Header X-BM-KEY not found at 12:30:05",
    ],
)
def test_what_must_survive(text: str) -> None:
    assert safe_text(text) == text


@given(
    st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=3, max_size=40),
    st.sampled_from(["{}", "Key {} is bad", '{{"msg": "{}"}}', "x={}&y", "https://h/{}?a={}", "a\n{}\nb"]),
)
def test_a_value_to_hide_never_survives(secret: str, frame: str) -> None:
    told = safe_text(frame.replace("{{", "{").replace("}}", "}").replace("{}", secret), hide=[secret])
    assert secret not in told.replace("[hidden]", "\0").replace("[host]", "\0").replace("[path]", "\0")


@given(st.text(max_size=2000))
def test_the_result_is_one_short_line(text: str) -> None:
    told = safe_text(text)
    assert len(told) <= LONGEST
    assert not any(char in told for char in "\n\r\x00\x1b\u2028")


def test_a_huge_text_is_cut_before_it_costs_anything() -> None:
    assert len(safe_text("a/" * 1_000_000)) <= LONGEST
