"""Small real servers on loopback: one that answers like a recording, one that misbehaves at will."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from aiohttp import web


@dataclass
class Recording:
    """Answers by "METHOD /path"; the last answer of a list repeats. Remembers every request."""

    answers: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def on(self, route: str, body: str, status: int = 200) -> None:
        self.answers.setdefault(route, []).append((status, body))

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append((request.method, request.raw_path, await request.read()))
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        path = request.raw_path.partition("?")[0]
        told = self.answers.get(f"{request.method} {path}")
        if not told:
            return web.json_response({"detail": "Not Found"}, status=404)
        status, body = told.pop(0) if len(told) > 1 else told[0]
        kind = "application/json" if body[:1] in tuple('{["ntf0123456789') else "text/plain"
        if body[:1] == "<":
            kind = "text/html"
        return web.Response(status=status, body=body.encode(), content_type=kind)


RawHandler: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]


@dataclass
class RawServer:
    """Connections and requests seen, and where to find it."""

    url: str = ""
    connections: int = 0
    requests: list[str] = field(default_factory=list)


@asynccontextmanager
async def raw_server(handler: RawHandler) -> AsyncIterator[RawServer]:
    """A TCP server whose `handler(reader, writer, nth connection)` does as it likes; then it hangs up."""
    seen = RawServer()
    open_tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_tasks.add(task)
        seen.connections += 1
        try:
            await handler(reader, writer, seen.connections)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            open_tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    seen.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield seen
    finally:
        server.close()
        for task in list(open_tasks):
            task.cancel()
        await asyncio.gather(*open_tasks, return_exceptions=True)


async def read_request(reader: asyncio.StreamReader) -> str:
    """Head and body of one request, as text."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    for line in head.split("\r\n"):
        if line.lower().startswith("content-length:"):
            head += (await reader.readexactly(int(line.partition(":")[2]))).decode()
    return head


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]"
