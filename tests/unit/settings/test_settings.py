"""Settings from the environment: read once, told in words, never repeated."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_bridge.settings import (
    ConfigurationError,
    Settings,
    check_for_serving,
    described,
    is_loopback,
    load,
)

NAMES = [setting.name for setting in described()]
STRONG = "kJ8sd0fLq2Zx7Vb4Nm1Qw9Er6Ty3Ui5OpAs"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine gets in, and `.env` is looked for in an empty folder."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def problems(settings: Settings) -> str:
    with pytest.raises(ConfigurationError) as caught:
        check_for_serving(settings)
    return str(caught.value)


def test_defaults_can_serve_on_this_machine(tmp_path: Path) -> None:
    settings = load()

    check_for_serving(settings)
    assert (settings.host, settings.port, settings.sandbox_port) == ("127.0.0.1", 8080, 8000)
    assert settings.database_address == f"sqlite+aiosqlite:///{tmp_path.resolve()}/.trading-bridge/bridge.db"
    assert settings.hummingbot_api_url == "http://127.0.0.1:8000"


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=9001\nTRADING_BRIDGE_LOG_LEVEL=debug\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("PORT", "9002")
    monkeypatch.setenv("TRADING_BRIDGE_ADMIN_EMAIL", "")

    settings = load()

    assert (settings.port, settings.log_level, settings.admin_email) == (9002, "DEBUG", "admin@localhost")


def test_built_directly_it_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9002")

    assert Settings().port == 8080
    assert Settings(port=1234).port == 1234


@pytest.mark.parametrize(
    ("given_url", "address"),
    [
        ("sqlite:///bridge.db", "sqlite+aiosqlite:///bridge.db"),
        ("sqlite:////var/lib/bridge.db", "sqlite+aiosqlite:////var/lib/bridge.db"),
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p@h:5433/d?sslmode=require", "postgresql+psycopg://u:p@h:5433/d?sslmode=require"),
        ("postgresql+psycopg:///d?host=/run/pg", "postgresql+psycopg:///d?host=/run/pg"),
    ],
)
def test_database_addresses_get_their_driver(given_url: str, address: str) -> None:
    assert Settings(database_url=given_url).database_address == address


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "eighty", "PORT must be a whole number."),
        ("PORT", "70000", "PORT must be 65535 or less."),
        ("PORT", "-1", "PORT must be 0 or more."),
        ("SANDBOX_PORT", "8000.5", "SANDBOX_PORT must be a whole number."),
        ("TRADING_BRIDGE_POLL_SECONDS", "0.01", "TRADING_BRIDGE_POLL_SECONDS must be 0.2 or more."),
        ("TRADING_BRIDGE_POLL_SECONDS", "nan", "TRADING_BRIDGE_POLL_SECONDS must be"),
        ("TRADING_BRIDGE_DATABASE_URL", "mysql://u:hush-hush@h/d", "must start with sqlite:///, postgresql://"),
        ("TRADING_BRIDGE_DATABASE_URL", "sqlite:///", "names no file"),
        ("TRADING_BRIDGE_DATABASE_URL", "hush-hush", "must start with sqlite:///"),
        ("HUMMINGBOT_API_URL", "http://u:hush-hush@h:8000", "must not carry credentials"),
        ("HUMMINGBOT_API_URL", "ftp://h", "must start with http:// or https://"),
        ("HUMMINGBOT_API_URL", "http://", "needs a host name"),
        ("HUMMINGBOT_API_URL", "http://h:hush-hush", "needs a host name"),
        ("HUMMINGBOT_API_URL", "http://h/?key=hush-hush", "leave ? and # away"),
        ("TRADING_BRIDGE_LOG_LEVEL", "LOUD", "must be one of 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("TRADING_BRIDGE_LOG_FORMAT", "xml", "must be one of 'console' or 'json'"),
        ("TRADING_BRIDGE_ADMIN_EMAIL", "nobody", "TRADING_BRIDGE_ADMIN_EMAIL"),
        ("TRADING_BRIDGE_HOST", "http://h", "TRADING_BRIDGE_HOST"),
        ("HUMMINGBOT_IMAGE", "a b", "HUMMINGBOT_IMAGE"),
    ],
)
def test_a_malformed_value_is_told_by_its_rule(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError) as caught:
        load()

    assert name in str(caught.value)
    assert words in str(caught.value)
    assert "hush-hush" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_all_malformed_values_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("HUMMINGBOT_API_URL", "x")

    with pytest.raises(ConfigurationError) as caught:
        load()

    assert len(caught.value.problems) == 2


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PORT=\xff\xfe")

    with pytest.raises(ConfigurationError, match=r"\.env can't be read"):
        load()


PLACEHOLDERS = [
    "change-me", "changeme", "CHANGE_ME", "please-change-me-now", "placeholder", "<secret>", "your-secret-key",
    "example", "secret", "password", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "${SECRET}", "replace-this",
    "example-token",
]  # fmt: skip


@pytest.mark.parametrize("value", PLACEHOLDERS)
@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("secret_key", "TRADING_BRIDGE_SECRET_KEY"),
        ("admin_password", "TRADING_BRIDGE_ADMIN_PASSWORD"),
        ("admin_token", "TRADING_BRIDGE_ADMIN_TOKEN"),
        ("hummingbot_api_key", "HUMMINGBOT_API_KEY"),
    ],
)
def test_placeholders_are_refused(field: str, name: str, value: str) -> None:
    settings = Settings.model_validate({field: value})

    assert f"{name} is a placeholder" in problems(settings)


@pytest.mark.parametrize("value", ["correct-horse-1", "Secretariat1973", "tokenring-of-fire", "my example of 1"])
def test_real_ones_are_not(value: str) -> None:
    check_for_serving(Settings(admin_password=value, admin_token=value))


def test_a_placeholder_in_the_database_url_is_refused() -> None:
    words = problems(Settings(database_url="postgresql://bridge:change-me@db/bridge"))

    assert "TRADING_BRIDGE_DATABASE_URL holds a placeholder password" in words


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "bridge.example.test"])  # noqa: S104
def test_other_machines_need_a_secret_key(host: str) -> None:
    words = problems(Settings(host=host))

    assert "set TRADING_BRIDGE_SECRET_KEY" in words
    assert "or bind to 127.0.0.1" in words
    check_for_serving(Settings(host=host, secret_key=STRONG))


@pytest.mark.parametrize("key", ["short", "abababab" * 8, "x" * 64])
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104
def test_a_weak_secret_key_is_refused(host: str, key: str) -> None:
    assert "TRADING_BRIDGE_SECRET_KEY is" in problems(Settings(host=host, secret_key=key))


def test_short_secrets_are_for_this_machine_only() -> None:
    check_for_serving(Settings(admin_password="short", admin_token="short1"))
    words = problems(
        Settings(host="0.0.0.0", secret_key=STRONG, admin_password="short", admin_token="short1")  # noqa: S104
    )

    assert "TRADING_BRIDGE_ADMIN_PASSWORD is too short" in words
    assert "TRADING_BRIDGE_ADMIN_TOKEN is too short" in words


@pytest.mark.parametrize("url", ["http://hummingbot-api:8000", "https://hb.example.test/api", "http://10.0.0.4:8000"])
def test_the_default_login_is_for_an_upstream_on_this_machine(url: str) -> None:
    assert "HUMMINGBOT_API_PASSWORD" in problems(Settings(hummingbot_api_url=url))
    check_for_serving(Settings(hummingbot_api_url=url, hummingbot_api_password="kx-29-vv"))
    check_for_serving(Settings(hummingbot_api_url=url, hummingbot_api_key="kx-29-vv"))
    placeholder = Settings(hummingbot_api_url=url, hummingbot_api_key="kx-29-vv", hummingbot_api_password="changeme")
    assert "HUMMINGBOT_API_PASSWORD" in problems(placeholder)


def test_everything_wrong_is_listed() -> None:
    words = problems(Settings(host="0.0.0.0", admin_password="changeme", hummingbot_api_url="http://far:1"))  # noqa: S104

    assert words.count("\n- ") == 4, words


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True), ("127.8.8.8", True), ("localhost", True), ("LOCALHOST.", True), ("::1", True),
        ("[::1]", True), ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("", False),  # noqa: S104
        ("localhost.evil.test", False), ("127.0.0.1.evil.test", False),
    ],
)  # fmt: skip
def test_what_counts_as_this_machine(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@given(st.text(min_size=6).filter(lambda text: "\x00" not in text))
def test_no_secret_is_in_a_repr(secret: str) -> None:
    fields = ("secret_key", "admin_password", "admin_token", "hummingbot_api_password", "hummingbot_api_key")
    settings = Settings.model_validate(dict.fromkeys(fields, secret))
    other = Settings.model_validate(dict.fromkeys(fields, "another one"))

    assert (repr(settings), str(settings)) == (repr(other), str(other))


def test_the_database_password_is_in_no_repr() -> None:
    assert "hush-hush" not in repr(Settings(database_url="postgresql://u:hush-hush@h/d"))


def test_secrets_are_known_to_the_redaction() -> None:
    settings = Settings(
        secret_key=STRONG,
        admin_password="pw-123456",
        hummingbot_api_key="key-123456",
        database_url="postgresql://u:hush-hush@h/d",
    )

    assert {STRONG, "pw-123456", "key-123456", "hush-hush"} <= set(settings.secret_values())


def test_the_home_is_its_owners_only(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "a" / "home")

    assert settings.open_home().stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="TRADING_BRIDGE_HOME"):
        Settings(home=tmp_path / "file").open_home()


def test_a_sealing_key_is_made_once_and_kept(tmp_path: Path) -> None:
    key = Settings(home=tmp_path).sealing_key()

    assert len(key) >= 48
    assert Settings(home=tmp_path).sealing_key() == key
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("secret")] == ["secret.key"]
    assert Settings(home=tmp_path, secret_key=STRONG).sealing_key() == STRONG.encode()


def test_every_setting_is_described() -> None:
    assert len(NAMES) == len(set(NAMES)) == len(Settings.model_fields)
    for setting in described():
        assert re.fullmatch(r"[A-Z][A-Z_]+", setting.name)
        assert setting.description.endswith(".")
