"""The lock files keep their promise: every wanted package, by hash, from no particular place."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[3]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)")
HASH = re.compile(r"^ {4}--hash=sha256:[0-9a-f]{64}( \\)?$")


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def wanted(group: str) -> list[Requirement]:
    """What a dependency group asks for, included groups too; `runtime` is the project itself."""
    content = project()
    if group == "runtime":
        return [Requirement(line) for line in content["project"]["dependencies"]]
    found: list[Requirement] = []
    for line in content["dependency-groups"][group]:
        found += wanted(line["include-group"]) if isinstance(line, dict) else [Requirement(line)]
    return found


def pins(lock: Path) -> dict[str, set[str]]:
    """Package -> its versions; more than one where Python versions need different ones."""
    found: dict[str, set[str]] = {}
    for line in lock.read_text("utf-8").splitlines():
        if match := PINNED.match(line):
            found.setdefault(canonicalize_name(match["name"]), set()).add(match["version"])
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_what_pyproject_asks_for_is_locked(lock: Path) -> None:
    locked = pins(lock)
    asked = wanted(lock.stem) + (wanted("runtime") if lock.stem == "dev" else [])
    assert asked
    for requirement in asked:
        versions = locked.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement.name} is not in {lock.name}: run `make lock`"
        assert all(version in requirement.specifier for version in versions), f"{requirement}: run `make lock`"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_package_has_hashes_and_no_address(lock: Path) -> None:
    unhashed: list[str] = []
    lines = [line for line in lock.read_text("utf-8").splitlines() if not line.startswith("#")]
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if PINNED.match(line):
            if not HASH.match(following):
                unhashed.append(line)
        else:
            assert HASH.match(line), f"neither a package nor a hash: {line}"
    assert not unhashed


def test_no_package_is_in_two_versions_across_the_locks() -> None:
    everything = pins(ROOT / "requirements" / "dev.txt")
    for lock in LOCKS:
        for name, versions in pins(lock).items():
            assert versions <= everything.get(name, versions), f"{name} in {lock.name} differs from dev.txt"


def test_npm_packages_are_exact_with_integrity_and_no_address() -> None:
    asked = json.loads((ROOT / "package.json").read_text("utf-8"))["dependencies"]
    locked = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    for name, version in asked.items():
        assert locked[f"node_modules/{name}"]["version"] == version
    for path, entry in locked.items():
        if path:
            assert entry["integrity"].startswith("sha512-"), path
            assert "resolved" not in entry, path
