"""Reading settings from the environment and from `.env`, with errors in words."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from trading_bridge.settings.model import ConfigurationError, Settings

ENV_FILE = Path(".env")


class _FromEnvironment(BaseSettings, Settings):
    """Settings as the environment and `.env` give them; an empty variable counts as not set."""

    model_config = SettingsConfigDict(
        env_file_encoding="utf-8", env_ignore_empty=True, case_sensitive=True, extra="ignore"
    )


def load(env_file: Path | None = ENV_FILE) -> Settings:
    """Settings from the environment, then from `env_file`. Raises ConfigurationError."""
    try:
        found = _FromEnvironment(_env_file=env_file)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise ConfigurationError(
            [_in_words(str(item["loc"][0]), item["type"], item.get("ctx", {})) for item in details]
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{env_file} can't be read ({type(error).__name__})."]) from None
    # A plain Settings: what is passed around has no door to the environment.
    return Settings.model_construct(**{name: getattr(found, name) for name in Settings.model_fields})


def _in_words(name: str, kind: str, context: Mapping[str, Any]) -> str:
    """One line for one bad variable. Made from the rule alone: the value may be a secret."""
    rules = {
        "int_parsing": "must be a whole number",
        "float_parsing": "must be a number",
        "finite_number": "must be a number",
        "string_too_short": f"must have at least {context.get('min_length')} characters",
        "string_too_long": f"must have at most {context.get('max_length')} characters",
        "string_pattern_mismatch": "has characters or a form that can't be right",
        "greater_than_equal": f"must be {context.get('ge')} or more",
        "less_than_equal": f"must be {context.get('le')} or less",
        "literal_error": f"must be one of {context.get('expected')}",
    }
    if kind == "value_error":
        return f"{name} {context['error']}."
    return f"{name} {rules.get(kind, 'has a value that cannot be used')}."


def child_environment(changed: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with some variables changed, for a child that reads its own settings."""
    return {**os.environ, **changed}  # noqa: TID251 this room is the reader
