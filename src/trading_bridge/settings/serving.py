"""What `serve` refuses: settings that are well-formed but not safe to serve with."""

import ipaddress
import re
from urllib.parse import urlsplit

from pydantic import SecretStr

from trading_bridge.settings.model import ConfigurationError, Settings

SHORTEST_SECRET_KEY = 32
_DEFAULT_PASSWORD = "admin"  # noqa: S105 Hummingbot API's own
SHORTEST_REMOTE_SECRET = 12  # admin password and token, once other machines can reach us
_NEW_KEY = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"

# What people leave in a file that they copied. Compared in lower case, without blanks, "-" and "_".
_WORDS = frozenset(
    [
        "changeme",
        "changeit",
        "change",
        "example",
        "secret",
        "secretkey",
        "password",
        "passwd",
        "admin",
        "token",
    ]
)
_FORMS = re.compile(
    r"^<.*>$|^\[.*\]$|^\$\{.*\}$|^(.)\1*$|change[-_ ]?(me|it|this)|placeholder|replace[-_ ]?(me|this|with)"
    r"|^your[-_ ]|^example[-_ ]",
    re.IGNORECASE,
)


def is_loopback(host: str) -> bool:
    """Whether only this machine can be meant by `host`; a name other than localhost may be anybody's."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_placeholder(value: str) -> bool:
    """Whether a secret is plainly one that was never chosen."""
    return re.sub(r"[\s_-]", "", value).lower() in _WORDS or _FORMS.search(value.strip()) is not None


def check_for_serving(settings: Settings) -> None:
    """Raises ConfigurationError that lists everything that `serve` must not start with."""
    problems = [*_placeholders(settings), *_exposure(settings), *_upstream(settings)]
    if problems:
        raise ConfigurationError(problems)


def _clear(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()


def _placeholders(settings: Settings) -> list[str]:
    ways = {
        "TRADING_BRIDGE_SECRET_KEY": (settings.secret_key, f"set a random one: {_NEW_KEY}"),
        "TRADING_BRIDGE_ADMIN_PASSWORD": (settings.admin_password, "choose a password"),
        "TRADING_BRIDGE_ADMIN_TOKEN": (settings.admin_token, f"set a random one: {_NEW_KEY}"),
        "HUMMINGBOT_API_KEY": (settings.hummingbot_api_key, "set the gateway's key, or leave it away"),
    }
    problems = [
        f"{name} is a placeholder; {way}."
        for name, (secret, way) in ways.items()
        if secret is not None and is_placeholder(_clear(secret))
    ]
    if is_placeholder(urlsplit(settings.database_url or "").password or "chosen"):
        problems.append("TRADING_BRIDGE_DATABASE_URL holds a placeholder password; set the database user's password.")
    return problems


def _exposure(settings: Settings) -> list[str]:
    """Rules that hold once machines other than this one can connect."""
    key = _clear(settings.secret_key)
    problems: list[str] = []
    if key and (len(key) < SHORTEST_SECRET_KEY or len(set(key)) < 8) and not is_placeholder(key):
        problems.append(
            f"TRADING_BRIDGE_SECRET_KEY is too weak; set at least {SHORTEST_SECRET_KEY} random characters: {_NEW_KEY}."
        )
    if is_loopback(settings.host):
        return problems
    if not key:
        problems.append(
            f"TRADING_BRIDGE_HOST is {settings.host}, which other machines can reach: set "
            f"TRADING_BRIDGE_SECRET_KEY ({_NEW_KEY}), or bind to 127.0.0.1."
        )
    for name, secret in (
        ("TRADING_BRIDGE_ADMIN_PASSWORD", settings.admin_password),
        ("TRADING_BRIDGE_ADMIN_TOKEN", settings.admin_token),
    ):
        if secret is not None and len(_clear(secret)) < SHORTEST_REMOTE_SECRET:
            problems.append(
                f"{name} is too short for an address that other machines can reach; set at least "
                f"{SHORTEST_REMOTE_SECRET} characters."
            )
    return problems


def _upstream(settings: Settings) -> list[str]:
    """The login of the Hummingbot API moves money; its default is fine on this machine only."""
    password = _clear(settings.hummingbot_api_password)
    if is_loopback(urlsplit(settings.hummingbot_api_url).hostname or "") and password == _DEFAULT_PASSWORD:
        return []
    if settings.hummingbot_api_key is not None and password in ("", _DEFAULT_PASSWORD):
        return []  # a gateway's key protects it instead; a placeholder of one is told above
    if password and not is_placeholder(password):
        return []
    problem = (
        "HUMMINGBOT_API_PASSWORD is a placeholder, or Hummingbot's default for a server on another machine; set the "
        "password that protects it (its PASSWORD), there and here (or HUMMINGBOT_API_KEY, when a gateway in front asks "
        "for one)."
    )
    return [problem]
