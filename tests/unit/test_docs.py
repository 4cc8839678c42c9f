"""The documentation names everything there is, and nothing that is not."""

import re
from io import StringIO
from pathlib import Path

import pytest
import typer
from dotenv import dotenv_values
from fastapi import FastAPI

from trading_bridge.cli import app as cli
from trading_bridge.domain.bots import Status
from trading_bridge.domain.errors import every_error
from trading_bridge.settings import ConfigurationError, Settings, check_for_serving, described, load
from trading_bridge.web import api, events

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def text(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def test_every_setting_is_documented_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.+?) \|", text("configuration.md"), re.MULTILINE))

    assert set(rows) == {setting.name for setting in described()}
    for setting in described():
        if setting.default is not None:
            assert rows[setting.name] == f"`{setting.default}`", setting.name


def test_every_setting_is_in_the_example_file() -> None:
    example = (ROOT / ".env.example").read_text("utf-8")

    assert set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)) == {setting.name for setting in described()}


def test_the_example_file_is_refused_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in described():
        monkeypatch.delenv(setting.name, raising=False)
    settings = load(ROOT / ".env.example")

    with pytest.raises(ConfigurationError) as caught:
        check_for_serving(settings)

    for name in ("TRADING_BRIDGE_SECRET_KEY", "TRADING_BRIDGE_ADMIN_PASSWORD", "TRADING_BRIDGE_ADMIN_TOKEN"):
        assert f"{name} is a placeholder" in str(caught.value)


def test_every_placeholder_of_the_example_file_is_one() -> None:
    uncommented = re.sub(r"^#([A-Z_]+=)", r"\1", (ROOT / ".env.example").read_text("utf-8"), flags=re.MULTILINE)
    values = dotenv_values(stream=StringIO(uncommented))
    settings = Settings.model_validate(values | {"HUMMINGBOT_API_URL": "http://elsewhere.test:8000"})

    with pytest.raises(ConfigurationError) as caught:
        check_for_serving(settings)

    told = {line.partition(" ")[0] for line in caught.value.problems}
    assert told == {name for name, value in values.items() if value is not None and "<" in value}


def test_every_error_code_is_documented_with_its_status() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| (\d{3}) \|", text("errors.md"), re.MULTILINE)

    assert len(rows) == len(set(rows))
    assert set(rows) == {(error.code, str(error.status)) for error in every_error()}


def test_every_route_is_documented() -> None:
    app = FastAPI()
    app.include_router(api.router())
    app.include_router(events.router)
    guide = text("rest.md")
    for path, item in app.openapi()["paths"].items():
        for method in item:
            address = re.escape(path)
            named = rf"`{method.upper()} {address}`" if method != "get" else rf"`?GET \S*{address}[`?\"]"
            called = re.escape("curl -s -X POST $BRIDGE" + path + " ")
            assert re.search(f"{named}|{called}", guide), (method, path)


def test_every_status_of_a_bot_is_documented() -> None:
    named = re.findall(r"`([a-z]+)`", text("rest.md"))
    assert {status.value for status in Status} <= set(named)


def test_every_command_is_documented() -> None:
    commands = set(typer.main.get_command(cli).commands)  # type: ignore[attr-defined]

    assert set(re.findall(r"^\| `trading-bridge (\w+)` \|", text("configuration.md"), re.MULTILINE)) == commands


def test_examples_use_an_exchange_that_trades() -> None:
    for page in DOCS.glob("*.md"):
        assert '"connector":"bitmart"' not in page.read_text("utf-8").replace(" ", ""), page.name


def test_links_lead_somewhere() -> None:
    for page in [*DOCS.rglob("*.md"), ROOT / "README.md"]:
        for target in re.findall(r"\]\(([^)#\s]+?)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), (page.name, target)
