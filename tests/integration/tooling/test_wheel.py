"""The wheel, built for real, holds what a machine without npm and without this checkout needs."""

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
VENDOR = "trading_bridge/web/static/vendor"


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    return subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a build reads, copied: a build never writes into the real tree."""
    copy = tmp_path / "checkout"
    shutil.copytree(ROOT / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "scripts", copy / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", ".gitignore"):
        shutil.copy(ROOT / name, copy / name)
    return copy


def test_the_wheel_holds_the_browser_files_unchanged(checkout: Path, tmp_path: Path) -> None:
    built = build(checkout, tmp_path)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("trading_bridge-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        manifest = json.loads(archive.read(f"{VENDOR}/manifest.json"))
        digests = {name: hashlib.sha256(archive.read(f"{VENDOR}/{name}")).hexdigest() for name in manifest}
        names = set(archive.namelist())
    assert {"htmx.min.js", "idiomorph-ext.min.js", "uPlot.iife.min.js", "uPlot.min.css", "pico.min.css"} <= set(
        manifest
    )
    assert {name for name in names if name.startswith(VENDOR)} == {
        f"{VENDOR}/{x}" for x in [*manifest, "manifest.json"]
    }
    assert digests == {name: entry["sha256"] for name, entry in manifest.items()}
    # Everything that git keeps of the package is in the wheel: templates, styles, migrations, data.
    tracked = subprocess.run(
        ["git", "ls-files", "src/trading_bridge"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    there = {name.removeprefix("src/") for name in tracked if (ROOT / name).is_file()}
    assert there
    assert there <= names


def test_no_wheel_without_the_browser_files(checkout: Path, tmp_path: Path) -> None:
    shutil.rmtree(checkout / "src" / VENDOR)
    built = build(checkout, tmp_path)
    assert built.returncode != 0
    assert "make install" in built.stderr
    assert not list(tmp_path.glob("*.whl"))
