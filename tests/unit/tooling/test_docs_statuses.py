"""docs/start-stop-archive.md explains every status, every step and every reason code that a bot can show.

The codes are read out of the source, by the places where a code is made, so that a new one can't be forgotten.
"""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from trading_bridge.domain.bots import Status
from trading_bridge.domain.errors import UpstreamError, every_error
from trading_bridge.domain.operations import Step

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "start-stop-archive.md"
SOURCE = ROOT / "src"
MODULES = (
    "domain.operations",
    "domain.planning",
    "domain.watch",
    "services.creation",
    "services.ending",
    "services.journal",
    "services.reconciler",
    "services.starting",
)
# Calls that are given a code: name of what is called -> position of the code among the positional arguments.
CODE_ARGUMENTS = {"Verdict": 1, "Decision": 3, "failed": 1, "delayed": 1, "uncertain": 0, "set_status": 2}
CODE_KEYWORDS = ("code", "reason_code", "error_code")


def explained() -> set[str]:
    """Words in code type in the first column of the page's tables."""
    return set(re.findall(r"^\| `([a-z_]+)`", PAGE.read_text("utf-8"), re.MULTILINE))


def codes_of(module: str) -> set[str]:
    """Codes that a module makes: literals, and names of its own constants."""
    path = SOURCE / "trading_bridge" / Path(*module.split(".")).with_suffix(".py")
    loaded = importlib.import_module(f"trading_bridge.{module}")
    found = set()
    for node in _code_expressions(ast.parse(path.read_text("utf-8"))):
        for part in _alternatives(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
                found.add(part.value)
            elif isinstance(part, ast.Name) and isinstance(getattr(loaded, part.id, None), str):
                found.add(getattr(loaded, part.id))
    return found


def _alternatives(node: ast.expr) -> list[ast.expr]:
    """`a or b` is both."""
    return [part for value in node.values for part in _alternatives(value)] if isinstance(node, ast.BoolOp) else [node]


def _code_expressions(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            position = CODE_ARGUMENTS.get(name)
            if position is not None and len(node.args) > position:
                yield node.args[position]
            yield from (keyword.value for keyword in node.keywords if keyword.arg in CODE_KEYWORDS)
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) == 3:
            yield node.value.elts[1]  # status_of: (status, code, reason)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "_OVERDUE":
            yield from (e.elts[0] for e in ast.walk(node) if isinstance(e, ast.Tuple) and len(e.elts) == 2)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "_STOPPED":
            yield from (key for e in ast.walk(node) if isinstance(e, ast.Dict) for key in e.keys if key is not None)


@pytest.mark.parametrize("status", Status)
def test_every_status_is_explained(status: Status) -> None:
    assert f"| `{status}` (" in PAGE.read_text("utf-8")


@pytest.mark.parametrize("step", Step)
def test_every_step_is_explained(step: Step) -> None:
    assert step.value in explained()


@pytest.mark.parametrize("module", MODULES)
def test_every_code_is_explained(module: str) -> None:
    assert codes_of(module) - explained() == set()


def test_errors_of_the_server_are_explained() -> None:
    """A step that can't be done now shows the error's own code."""
    codes = {error.code for error in every_error() if issubclass(error, UpstreamError)}
    assert codes - explained() == set()


def test_nothing_is_explained_that_does_not_exist() -> None:
    known = {code for module in MODULES for code in codes_of(module)}
    known |= {word.value for word in (*Status, *Step)} | {error.code for error in every_error()}
    assert explained() - known == set()


def test_the_reader_of_the_source_sees_codes() -> None:
    """So that a change of the source's form can't make the tests above empty."""
    assert {"silent", "trading", "orders_refused", "container_gone"} <= codes_of("domain.watch")
    assert {"container_exited", "never_connected", "stop_unconfirmed", "superseded"} <= codes_of("domain.planning")
    assert {"clearing", "deploy_uncertain", "stopped", "container_stopped", "ended_before", "archived"} <= codes_of(
        "services.journal"
    )
    assert {"credentials_missing", "deploy_retried", "deploy_unanswered"} <= codes_of("services.starting")
    assert {"deploy_refused", "restarted"} <= codes_of("services.reconciler")
    assert "archive_missing" in codes_of("services.ending")
    assert "draft" in codes_of("services.creation")
