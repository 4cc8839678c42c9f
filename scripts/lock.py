"""Locks the Python packages (requirements/*.txt) and the npm packages with hashes: `make lock`.

One resolution for every platform and every supported Python: dev.txt is resolved first and bounds the others,
so that a package is never in two versions. The files name no index and no local path.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = "3.11"

# file -> what `uv pip compile` is asked for, in this order
LOCKS: dict[str, list[str]] = {
    "dev": ["pyproject.toml", "--group", "dev"],
    "runtime": ["pyproject.toml"],
    "build": ["--group", "build"],
    "node": ["--group", "node"],
    "postgres": ["--group", "postgres"],
}


def clean_environment() -> dict[str, str]:
    """The environment without this machine's own package sources, which must not reach a lock."""
    inherited = os.environ  # noqa: TID251  (a tool's environment, not the program's)
    return {name: value for name, value in inherited.items() if not name.startswith(("PIP_", "UV_"))}


def lock_python(upgrade: bool) -> None:
    """Resolve each file of LOCKS; what is locked already stays unless `upgrade`."""
    for name, wanted in LOCKS.items():
        target = Path("requirements", f"{name}.txt")
        command = [sys.executable, "-m", "uv", "--no-config", "pip", "compile", "--quiet", *wanted]
        command += ["--universal", "--python-version", OLDEST_PYTHON, "--generate-hashes"]
        command += ["--no-emit-index-url", "--no-emit-find-links", "--no-annotate"]
        command += ["--custom-compile-command", "make lock", "--output-file", str(target)]
        if name != "dev":
            command += ["--constraint", "requirements/dev.txt"]
        if upgrade:
            command.append("--upgrade")
        subprocess.run(command, cwd=ROOT, env=clean_environment(), check=True)
        print(f"locked {target}")


def lock_npm() -> None:
    """Bring package-lock.json up to package.json, whose versions are exact (.npmrc: no registry address)."""
    subprocess.run(["npm", "install", "--package-lock-only"], cwd=ROOT, check=True)


if __name__ == "__main__":
    lock_python(upgrade="--upgrade" in sys.argv[1:])
    lock_npm()
