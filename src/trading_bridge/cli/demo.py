"""`trading-bridge demo`: sandbox and bridge together, two processes under one Ctrl-C."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

import typer

from trading_bridge.cli.stopping import plain_errors, require_free
from trading_bridge.settings import Settings, child_environment, load

READY_WITHIN = 60.0
END_WITHIN = 20.0


def demo() -> None:
    """Run the bridge with its sandbox: nothing else needed. State is kept in TRADING_BRIDGE_HOME."""
    with plain_errors():
        settings = load()
        login = _login(settings)
        for name, port in (("PORT", settings.port), ("SANDBOX_PORT", settings.sandbox_port)):
            require_free(name, port)
        raise typer.Exit(_Pair(settings, login).run())


def _login(settings: Settings) -> dict[str, str]:
    """E-mail, password and token: as set, else made up once and kept (0600) for the next demo."""
    path = settings.open_home() / "demo-login.json"
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    password, token = settings.admin_password, settings.admin_token
    login = {
        "email": settings.admin_email,
        "password": password.get_secret_value() if password else kept.get("password") or secrets.token_urlsafe(12),
        "token": token.get_secret_value() if token else kept.get("token") or f"tb_{secrets.token_urlsafe(24)}",
    }
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(login, file)
    return login


class _Pair:
    """Two children. Either may be killed and the other stays up; Ctrl-C or SIGTERM ends both."""

    def __init__(self, settings: Settings, login: dict[str, str]) -> None:
        self._settings = settings
        self._login = login
        self._ending = threading.Event()

    def run(self) -> int:
        """Exit code 0 after a wanted end, 1 when a child could not start."""
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        children = {"sandbox": self._start("sandbox"), "serve": self._start("serve")}
        try:
            if not self._ready(children):
                return 0 if self._ending.is_set() else 1
            self._greet()
            return self._watch(children)
        finally:
            _finish(children.values())

    def _start(self, command: str) -> subprocess.Popen[bytes]:
        """Its own session: a Ctrl-C of the terminal reaches us alone, and we end the children in order."""
        return subprocess.Popen(  # noqa: S603 our own program, with a command of ours
            [sys.executable, "-m", "trading_bridge", command],
            env=child_environment(self._environment()),
            start_new_session=True,
            stdout=subprocess.DEVNULL if command == "serve" else None,
        )

    def _environment(self) -> dict[str, str]:
        settings, login = self._settings, self._login
        return {
            "TRADING_BRIDGE_HOME": str(Path(settings.home).resolve()),
            "PORT": str(settings.port),
            "SANDBOX_PORT": str(settings.sandbox_port),
            "TRADING_BRIDGE_ADMIN_EMAIL": login["email"],
            "TRADING_BRIDGE_ADMIN_PASSWORD": login["password"],
            "TRADING_BRIDGE_ADMIN_TOKEN": login["token"],
            "HUMMINGBOT_API_URL": f"http://127.0.0.1:{settings.sandbox_port}",
            "HUMMINGBOT_API_USERNAME": "admin",
            "HUMMINGBOT_API_PASSWORD": "admin",
            # a line per request would bury the login; DEBUG is there for who wants all
            "TRADING_BRIDGE_LOG_LEVEL": "WARNING" if settings.log_level == "INFO" else settings.log_level,
        }

    def _ready(self, children: dict[str, subprocess.Popen[bytes]]) -> bool:
        deadline = time.monotonic() + READY_WITHIN
        ports = {"sandbox": self._settings.sandbox_port, "serve": self._settings.port}
        while not self._ending.is_set() and time.monotonic() < deadline:
            for name, child in children.items():
                if child.poll() is not None:
                    typer.echo(f"The {name} process ended with code {child.returncode}; see above.", err=True)
                    return False
            if all(_answers(port) for port in ports.values()):
                return True
            self._ending.wait(0.1)
        return False

    def _greet(self) -> None:
        typer.echo(
            f"\n  Trading Bridge   http://127.0.0.1:{self._settings.port}\n"
            f"  Administrator    {self._login['email']}   password  {self._login['password']}\n"
            f"  API token        {self._login['token']}\n"
            f"  Sandbox          http://127.0.0.1:{self._settings.sandbox_port}   (admin / admin)\n"
            f"  State            {self._settings.home}\n\n"
            "  Ctrl-C ends both. The next start finds everything as it was.\n"
        )

    def _watch(self, children: dict[str, subprocess.Popen[bytes]]) -> int:
        told: set[str] = set()
        while not self._ending.is_set():
            for name, child in children.items():
                if child.poll() is not None and name not in told:
                    told.add(name)
                    typer.echo(
                        f"The {name} process has ended (code {child.returncode}); the other one goes on.", err=True
                    )
            if len(told) == len(children):
                return 1
            self._ending.wait(0.2)
        return 0

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self._ending.set()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _finish(children: Iterable[subprocess.Popen[bytes]]) -> None:
    """Bridge first, so that its last words still find the sandbox."""
    for child in reversed(list(children)):
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
            try:
                child.wait(END_WITHIN)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
