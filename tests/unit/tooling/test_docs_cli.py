"""docs/cli.md explains every command and every option, with its default."""

import re
from pathlib import Path
from typing import Any

import typer

from trading_bridge.cli import app

PAGE = Path(__file__).resolve().parents[3] / "docs" / "cli.md"


def sections() -> dict[str, str]:
    """Text of the page by the first command that a heading names; "" for the program itself."""
    parts = re.split(r"^## `trading-bridge ?([a-z]*)[^\n]*$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def commands() -> dict[str, Any]:
    """Typer's own command objects by name (it brings its own click)."""
    found: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return found


def test_every_command_has_its_section() -> None:
    assert set(sections()) - {""} == set(commands())


def test_every_option_is_explained_where_it_belongs() -> None:
    for name, command in commands().items():
        options = {text for parameter in command.params for text in parameter.opts} - {"--help"}
        told = set(re.findall(r"^\| `(--[a-z-]+)", sections()[name], re.MULTILINE))
        assert told == options, name


def test_version_and_help_are_named() -> None:
    assert "trading-bridge --version" in PAGE.read_text("utf-8")
