"""The sandbox's memory on disk: one SQLite file that a kill -9 can't tear."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Store:
    """Named JSON documents, written together or not at all."""

    def __init__(self, directory: Path | None) -> None:
        """`None` keeps everything in memory. Raises sqlite3.Error or OSError when the directory is unusable."""
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
        path = ":memory:" if directory is None else str(directory / "sandbox.sqlite3")
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # WAL with NORMAL survives a killed process; only a power cut may lose the newest write.
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS document (name TEXT PRIMARY KEY, body TEXT NOT NULL)")
        self._written: dict[str, str] = {}

    def read(self) -> dict[str, Any]:
        """All documents; empty when the sandbox is new."""
        rows = self._db.execute("SELECT name, body FROM document").fetchall()
        self._written = dict(rows)
        return {name: json.loads(body) for name, body in rows}

    def write(self, documents: Mapping[str, Any]) -> None:
        """Store the documents in one transaction; those that did not change cost nothing."""
        changed = []
        for name, document in documents.items():
            body = json.dumps(document, separators=(",", ":"))
            if self._written.get(name) != body:
                changed.append((name, body))
        if not changed:
            return
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany(
            "INSERT INTO document (name, body) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body",
            changed,
        )
        self._db.execute("COMMIT")
        self._written.update(changed)

    def remove(self, names: list[str]) -> None:
        """Forget documents."""
        self._db.executemany("DELETE FROM document WHERE name = ?", [(name,) for name in names])
        for name in names:
            self._written.pop(name, None)

    def close(self) -> None:
        """Close the file; the store can't be used afterwards."""
        self._db.close()
