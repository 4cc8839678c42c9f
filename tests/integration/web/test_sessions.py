"""Sign-in from a browser's side: cookies, forged requests, and pages that ask for it."""

import re

import pytest

from tests.support.bridge_server import EMAIL, PASSWORD, BridgeThread

LOGIN = {"email": EMAIL, "password": PASSWORD}


def csrf_of(bridge: BridgeThread, cookie: str) -> str:
    page = bridge.call("GET", "/app", token=None, headers={"Cookie": cookie}).body.decode()
    found = re.search(r'name="csrf_token" value="([^"]+)"|"X-CSRF-Token": ?"([^"]+)"', page.replace("&#34;", '"'))
    assert found is not None, page[:2000]
    return found[1] or found[2]


def test_the_cookie_on_this_machine(bridge: BridgeThread) -> None:
    cookie = bridge.form("/app/login", LOGIN).headers["Set-Cookie"]

    assert cookie.startswith("trading_bridge=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize("headers", [{"Host": "bridge.example.test"}, {"X-Forwarded-Proto": "https"}])
def test_the_cookie_from_elsewhere_is_bound_to_https(bridge: BridgeThread, headers: dict[str, str]) -> None:
    cookie = bridge.form("/app/login", LOGIN, headers).headers["Set-Cookie"]

    assert cookie.startswith("__Host-trading_bridge=")
    assert "Secure" in cookie
    assert "Path=/" in cookie


def test_a_page_without_a_session_leads_to_sign_in_and_back(bridge: BridgeThread) -> None:
    sent = bridge.call("GET", "/app/bots?status=running", token=None)
    partial = bridge.call("GET", "/app/bots", token=None, headers={"HX-Request": "true"})
    docs = bridge.call("GET", "/docs", token=None)

    assert (sent.status, sent.headers["Location"]) == (303, "/app/login?next=%2Fapp%2Fbots%3Fstatus%3Drunning")
    assert (partial.status, partial.headers["HX-Redirect"]) == (401, "/app/login")
    assert (docs.status, docs.headers["Location"]) == (303, "/app/login?next=%2Fdocs")
    signed_in = bridge.form("/app/login", {**LOGIN, "next": "/app/bots?status=running"})
    assert signed_in.headers["Location"] == "/app/bots?status=running"
    assert bridge.call("GET", "/", token=None).headers["Location"] == "/app"


@pytest.mark.parametrize(
    "where", ["https://evil.test/", "//evil.test", "/\\evil.test", "/app/\\evil", "javascript:alert(1)", "/apple", ""]
)
def test_signing_in_never_leads_to_another_site(bridge: BridgeThread, where: str) -> None:
    assert bridge.form("/app/login", {**LOGIN, "next": where}).headers["Location"] == "/app"


def test_a_session_ends_with_signing_out(bridge: BridgeThread) -> None:
    cookie = bridge.sign_in()
    assert bridge.call("GET", "/app", token=None, headers={"Cookie": cookie}).status == 200

    out = bridge.form("/app/logout", {"csrf_token": csrf_of(bridge, cookie)}, {"Cookie": cookie})

    assert out.status == 303
    assert 'trading_bridge=""' in out.headers["Set-Cookie"]
    assert bridge.call("GET", "/app", token=None, headers={"Cookie": cookie}).status == 303


def test_signing_in_again_ends_the_session_before(bridge: BridgeThread) -> None:
    before = bridge.sign_in()
    after = bridge.form("/app/login", LOGIN, {"Cookie": before}).headers["Set-Cookie"].partition(";")[0]

    assert before != after
    assert bridge.call("GET", "/app", token=None, headers={"Cookie": before}).status == 303
    assert bridge.call("GET", "/app", token=None, headers={"Cookie": after}).status == 200


@pytest.mark.parametrize(
    "forged",
    [
        {"fields": {}},
        {"fields": {"csrf_token": "wrong"}},
        {"fields": {"csrf_token": "é"}},
        {"headers": {"Sec-Fetch-Site": "cross-site"}},
        {"headers": {"Sec-Fetch-Site": "same-site"}},
        {"headers": {"Origin": "https://evil.test"}},
        {"headers": {"Origin": "null"}},
    ],
)
def test_a_forged_request_changes_nothing(bridge: BridgeThread, forged: dict[str, dict[str, str]]) -> None:
    cookie = bridge.sign_in()
    fields = forged.get("fields", {"csrf_token": csrf_of(bridge, cookie)})

    answer = bridge.form("/app/logout", fields, {"Cookie": cookie, **forged.get("headers", {})})

    assert answer.status == 403
    assert bridge.call("GET", "/app", token=None, headers={"Cookie": cookie}).status == 200


def test_a_session_of_another_token_does_not_fit(bridge: BridgeThread) -> None:
    mine, other = bridge.sign_in(), bridge.sign_in()

    answer = bridge.form("/app/logout", {"csrf_token": csrf_of(bridge, other)}, {"Cookie": mine})

    assert answer.status == 403


@pytest.mark.parametrize("origin", ["https://evil.test", "null"])
def test_another_site_can_not_sign_anybody_in(bridge: BridgeThread, origin: str) -> None:
    answer = bridge.form("/app/login", LOGIN, {"Origin": origin})

    assert answer.status == 403
    assert answer.headers["Set-Cookie"] is None


def test_wrong_name_and_wrong_password_are_one_answer(lone_bridge: BridgeThread) -> None:
    wrong_name = lone_bridge.form("/app/login", {"email": "nobody@firm.test", "password": PASSWORD})
    wrong_password = lone_bridge.form("/app/login", {"email": EMAIL, "password": "wrong"})

    assert (wrong_name.status, wrong_password.status) == (401, 401)
    assert wrong_name.body.replace(b"nobody@firm.test", b"") == wrong_password.body.replace(EMAIL.encode(), b"")


def test_guessing_is_slowed_down_and_says_for_how_long(lone_bridge: BridgeThread) -> None:
    for _ in range(5):
        assert lone_bridge.form("/app/login", {"email": EMAIL, "password": "wrong"}).status == 401

    blocked = lone_bridge.form("/app/login", LOGIN)

    assert blocked.status == 429
    assert 1 <= int(blocked.headers["Retry-After"]) <= 10
    assert re.search(rb"Try again in \d+ s", blocked.body)
    assert lone_bridge.call("GET", "/bots").status == 200
