"""Entry of the sandbox's own process in tests: `python tests/support/sandbox_process.py '<settings as JSON>'`."""

import json
import sys
from pathlib import Path

from trading_bridge.sandbox.server import SandboxSettings, run

if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    if given.get("state_dir"):
        given["state_dir"] = Path(given["state_dir"])
    run(SandboxSettings(**given))
