"""The settings: every field of `Settings` is one, its alias is the name of the environment variable."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

_DATABASE_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


class ConfigurationError(Exception):
    """The settings can't be used. The message lists every problem, each with what to set."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(["The settings can't be used:", *(f"- {line}" for line in problems)]))
        self.problems = problems


def _database_url(text: str) -> str:
    """The address with an asynchronous driver. Raises ValueError with words for the operator."""
    scheme, separator, rest = text.partition("://")
    driver = _DATABASE_DRIVERS.get(scheme.lower())
    if driver is None or not separator:
        raise ValueError("must start with sqlite:///, postgresql:// or postgres://")
    if driver.startswith("sqlite") and (not rest.startswith("/") or rest == "/"):
        raise ValueError("names no file: write sqlite:///relative/path.db or sqlite:////absolute/path.db")
    return f"{driver}://{rest}"


def _http_url(text: str) -> str:
    """The address without a slash at its end. Raises ValueError with words for the operator."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https"):
        raise ValueError("must start with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "must not carry credentials (user:password@); use HUMMINGBOT_API_USERNAME and HUMMINGBOT_API_PASSWORD"
        )
    try:
        complete = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        complete = False
    if not complete:
        raise ValueError("needs a host name and, if any, a port from 1 to 65535, like http://127.0.0.1:8000")
    if parts.query or parts.fragment:
        raise ValueError("must end with the host or a path; leave ? and # away")
    return text.rstrip("/")


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


_Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseModel):
    """All settings, checked for form. `load()` reads the environment; the constructor reads nothing.

    Addresses are normalised: `database_url` has an asynchronous driver, `hummingbot_api_url` no end slash.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True, hide_input_in_errors=True, extra="ignore")

    home: Annotated[Path, AfterValidator(lambda path: path.expanduser())] = Field(
        Path(".trading-bridge"),
        validation_alias="TRADING_BRIDGE_HOME",
        description="Folder where all state lives. Made when missing, readable by its owner only.",
    )
    host: Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9.:_-]+$")] = Field(
        "127.0.0.1",
        validation_alias="TRADING_BRIDGE_HOST",
        description="Address to listen on. Anything but this machine's own (127.0.0.1) needs a secret key.",
    )
    port: _Port = Field(
        8080,
        validation_alias="PORT",
        description="Port of the pages and of REST, 1 to 65535 (0: any free one).",
    )
    database_url: Annotated[str | None, AfterValidator(lambda url: url and _database_url(url))] = Field(
        None,
        validation_alias="TRADING_BRIDGE_DATABASE_URL",
        description="sqlite:///file.db or postgresql://user:password@host/name. Default: SQLite in the home folder.",
        repr=False,
    )
    secret_key: SecretStr | None = Field(
        None,
        validation_alias="TRADING_BRIDGE_SECRET_KEY",
        description="Seals browser sessions; at least 32 characters. Default: one made once and kept in the "
        "home folder, enough while only this machine can reach the bridge. A new one signs all out.",
    )
    admin_email: Annotated[str, Field(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] = Field(
        "admin@localhost",
        validation_alias="TRADING_BRIDGE_ADMIN_EMAIL",
        description="E-mail address that the administrator signs in with.",
    )
    admin_password: SecretStr | None = Field(
        None,
        validation_alias="TRADING_BRIDGE_ADMIN_PASSWORD",
        description="The administrator's password. A changed one replaces the stored one at the next start.",
    )
    admin_token: SecretStr | None = Field(
        None,
        validation_alias="TRADING_BRIDGE_ADMIN_TOKEN",
        description="An API token of the administrator for REST. Only its hash is stored.",
    )
    hummingbot_api_url: Annotated[str, AfterValidator(_http_url)] = Field(
        "http://127.0.0.1:8000",
        validation_alias="HUMMINGBOT_API_URL",
        description="Address of the Hummingbot API, without credentials.",
    )
    hummingbot_api_username: str = Field(
        "admin",
        validation_alias="HUMMINGBOT_API_USERNAME",
        description="User name of the Hummingbot API (its USERNAME).",
    )
    hummingbot_api_password: SecretStr = Field(
        SecretStr("admin"),
        validation_alias="HUMMINGBOT_API_PASSWORD",
        description="Password of the Hummingbot API (its PASSWORD).",
    )
    hummingbot_api_key: SecretStr | None = Field(
        None,
        validation_alias="HUMMINGBOT_API_KEY",
        description="Sent as X-API-KEY, for a Hummingbot API behind a gateway that asks for one.",
    )
    hummingbot_image: Annotated[str | None, Field(pattern=r"^[a-z0-9][A-Za-z0-9._/:@-]{0,254}$")] = Field(
        None,
        validation_alias="HUMMINGBOT_IMAGE",
        description="Docker image of new bots, with its tag. Default: what the Hummingbot API takes by itself.",
    )
    poll_seconds: Annotated[float, Field(ge=0.2, le=60, allow_inf_nan=False)] = Field(
        2.0,
        validation_alias="TRADING_BRIDGE_POLL_SECONDS",
        description="Seconds between two looks at the Hummingbot API, 0.2 to 60. Browsers never cause one.",
    )
    sandbox_port: _Port = Field(
        8000,
        validation_alias="SANDBOX_PORT",
        description="Port of the sandbox on 127.0.0.1.",
    )
    log_format: Annotated[Literal["console", "json"], BeforeValidator(_lower)] = Field(
        "console",
        validation_alias="TRADING_BRIDGE_LOG_FORMAT",
        description="console: for people. json: one JSON object per line.",
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = Field(
        "INFO",
        validation_alias="TRADING_BRIDGE_LOG_LEVEL",
        description="DEBUG, INFO, WARNING or ERROR.",
    )

    @property
    def database_address(self) -> str:
        """SQLAlchemy address with an asynchronous driver; SQLite in the home folder when none is set."""
        return self.database_url or f"sqlite+aiosqlite:///{self.home.resolve() / 'bridge.db'}"

    def secret_values(self) -> list[str]:
        """Every secret in clear, for the log's redaction and for nothing else."""
        fields = (getattr(self, name) for name in type(self).model_fields)
        found = [field.get_secret_value() for field in fields if isinstance(field, SecretStr)]
        password = urlsplit(self.database_url or "").password
        return [*found, password] if password else found

    def open_home(self) -> Path:
        """The home folder, made when missing, closed to others (0700). Raises ConfigurationError."""
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.home.chmod(0o700)
        except OSError as error:
            raise ConfigurationError(
                [f"TRADING_BRIDGE_HOME can't be made or closed to others ({error.strerror}): {self.home}"]
            ) from None
        return self.home

    def sealing_key(self) -> bytes:
        """The secret key, or the one kept in the home folder, made at first use (0600)."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value().encode()
        path = self.open_home() / "secret.key"
        if not path.exists():
            draft = path.with_name(f"secret.key.{secrets.token_hex(4)}")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
            try:
                os.link(draft, path)  # whoever comes first wins, whole or not at all
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_bytes()


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as documented. `default` in words; None = not set."""

    name: str
    default: str | None
    secret: bool
    description: str


def described() -> list[Setting]:
    """All settings in the order of the documentation."""
    listed: list[Setting] = []
    for field in Settings.model_fields.values():
        secret = "SecretStr" in str(field.annotation)
        default = field.default
        words = None if default is None else "admin" if isinstance(default, SecretStr) else str(default)
        listed.append(Setting(str(field.validation_alias), words, secret, field.description or ""))
    return listed
