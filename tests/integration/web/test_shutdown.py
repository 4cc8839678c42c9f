"""The console script's `serve`, ended by a signal while streams are open."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.bridge_server import TOKEN, BridgeClient
from tests.support.sandbox_server import free_port, poll

STREAMS = 100


def serves(client: BridgeClient, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "it ended instead of starting"
    try:
        return client.call("GET", "/health").status == 200
    except OSError:
        return False


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_open_streams_hold_no_shutdown_up(tmp_path: Path, how: signal.Signals) -> None:
    port = free_port()
    environment = os.environ | {  # noqa: TID251  (a child process gets ours)
        "PORT": str(port),
        "TRADING_BRIDGE_HOME": str(tmp_path / "home"),
        "TRADING_BRIDGE_ADMIN_TOKEN": TOKEN,
        "TRADING_BRIDGE_LOG_FORMAT": "json",
        "HUMMINGBOT_API_URL": f"http://127.0.0.1:{free_port()}",
    }
    script = Path(sys.executable).with_name("trading-bridge")
    log = tmp_path / "log"
    with ExitStack() as stack:
        output = stack.enter_context(log.open("wb"))
        process = subprocess.Popen(
            [str(script), "serve"], cwd=tmp_path, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        stack.callback(process.kill)
        poll(lambda: serves(BridgeClient("127.0.0.1", port), process), 60)
        streams = [stack.enter_context(socket.create_connection(("127.0.0.1", port), 30)) for _ in range(STREAMS)]
        for stream in streams:
            head = f"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
            stream.sendall(head.encode())
            assert stream.recv(4096).startswith(b"HTTP/1.1 200")

        process.send_signal(how)

        assert process.wait(60) == 0  # ended by itself, and not by the signal
    text = log.read_text("utf-8")
    assert "Traceback" not in text
    # nothing had to be cut off
    assert "timeout graceful shutdown exceeded" not in text
