"""Everything that CI runs, one stage after the other: `make check`. Given names of stages, only those.

Stops at the first stage that fails and says which. The last line is `N passed, N failed`, counted by pytest.
"""

import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
# The rooms whose branches must be covered, each for itself: a well-tested room does not make up for another.
COVERED_ROOMS = ("domain", "services", "hummingbot")
COVERAGE_PERCENT = 90


@dataclass(frozen=True)
class Stage:
    """A named command; its output goes straight to the terminal."""

    name: str
    command: list[str]


def stages(report: Path) -> list[Stage]:
    """The stages in order, cheap ones first. `report` is where pytest writes its JUnit file."""
    python = [sys.executable, "-m"]
    pytest = [*python, "pytest", "-n", "2", "--dist", "loadfile", "--durations=10", f"--junit-xml={report}"]
    # A worker that died (a test hung, see faulthandler_timeout) is a failure, not something to try again.
    pytest.append("--max-worker-restart=0")
    coverage = [*python, "coverage", "report", f"--fail-under={COVERAGE_PERCENT}"]
    rooms = [
        Stage(
            f"coverage of {room}",
            [*coverage, f"--include=src/trading_bridge/{room}/*"],
        )
        for room in COVERED_ROOMS
    ]
    return [
        Stage("format", [str(BIN / "ruff"), "format", "--check", "--quiet", "."]),
        Stage("lint", [str(BIN / "ruff"), "check", "--quiet", "."]),
        Stage("import contracts", [str(BIN / "lint-imports")]),
        Stage("types", [str(BIN / "mypy")]),
        Stage("migrations", [*python, "pytest", "-q", "tests/integration/storage/test_migrations.py"]),
        Stage("tests", [*pytest, "--cov", "--cov-report="]),
        *rooms,
    ]


def chosen(everything: list[Stage], names: list[str]) -> list[Stage]:
    """The stages called `names` in their usual order, or all. Raises SystemExit at an unknown name."""
    known = [stage.name for stage in everything]
    if unknown := sorted(set(names) - set(known)):
        raise SystemExit(f"no stage {', '.join(unknown)}; there are: {', '.join(known)}")
    return [stage for stage in everything if not names or stage.name in names]


def run(stage: Stage) -> tuple[bool, float]:
    """Run a stage; whether it passed, and its seconds."""
    print(f"\n== {stage.name}", flush=True)
    started = time.monotonic()
    code = subprocess.run(stage.command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode
    return code == 0, time.monotonic() - started


def closing_line(report: Path) -> str | None:
    """`N passed, N failed` from pytest's JUnit file, None before the tests ran."""
    if not report.is_file():
        return None
    count = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in ET.parse(report).getroot().iter("testsuite"):  # noqa: S314  (our own file)
        for name in count:
            count[name] += int(suite.get(name, "0"))
    failed = count["failures"] + count["errors"]
    line = f"{count['tests'] - failed - count['skipped']} passed, {failed} failed"
    return f"{line}, {count['skipped']} skipped" if count["skipped"] else line


def main() -> int:
    """Run the stages; 0 when all passed."""
    with TemporaryDirectory(prefix="trading-bridge-check-") as folder:
        report = Path(folder, "junit.xml")
        summary: list[str] = []
        failed: str | None = None
        for stage in chosen(stages(report), sys.argv[1:]):
            passed, seconds = run(stage)
            summary.append(f"  {'ok    ' if passed else 'FAILED'} {seconds:7.1f} s  {stage.name}")
            if not passed:
                failed = stage.name
                break
        print("\n== summary", *summary, sep="\n")
        print(f"FAILED at: {failed}" if failed else "Everything passed.")
        if (line := closing_line(report)) is not None:
            print(line, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
