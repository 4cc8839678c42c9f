"""What the program imports is what it declares: nothing comes along by chance with another package."""

import ast
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[3]
# Declared and loaded by name, never imported by our code.
BY_NAME = {
    "aiosqlite": "SQLAlchemy's driver",
    "httptools": "uvicorn's HTTP parser",
    "psycopg": "SQLAlchemy's driver",
    "python-multipart": "FastAPI's form parser",
    "uvloop": "uvicorn's event loop",
}


def imported() -> dict[str, set[str]]:
    """Top-level module -> the files that import it; our own and the standard library's left out."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
                names = [node.module]
            for name in names:
                top = name.partition(".")[0]
                if top != "trading_bridge" and top not in sys.stdlib_module_names:
                    found.setdefault(top, set()).add(str(path.relative_to(ROOT)))
    return found


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}


INSTALLED = cache(packages_distributions)  # reads every installed package's metadata


def providers(module: str) -> set[str]:
    """The installed packages that hold a top-level module."""
    return {canonicalize_name(name) for name in INSTALLED().get(module, [])}


def test_every_import_is_declared() -> None:
    there = declared()
    undeclared = {module: sorted(files) for module, files in imported().items() if not providers(module) & there}
    assert not undeclared


def test_every_declared_package_is_used() -> None:
    used = {package for module in imported() for package in providers(module)}
    assert declared() - used - set(BY_NAME) == set()
