"""A transport that plays a script: the one seam to the network, without a network."""

import json
from collections.abc import Callable
from typing import Any

from trading_bridge.hummingbot.transport import FailureCode, Params, Response, TransportFailed

Play = Response | Exception | Callable[[], Response]
REFUSED = TransportFailed("connect_refused", sent=False)


def told(value: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(status, {"content-type": "application/json"}, json.dumps(value).encode())


def broken(code: FailureCode = "read_timeout") -> TransportFailed:
    """Sent, and no whole answer."""
    return TransportFailed(code, sent=True)


class ScriptedTransport:
    """Answers each route by what is set for it now; notes every request as "METHOD /path"."""

    def __init__(self) -> None:
        self.routes: dict[str, Play] = {
            "GET /bot-orchestration/status": told({"status": "success", "data": {}}),
            "GET /docker/active-containers": told([]),
            "GET /docker/exited-containers": told([]),
            "GET /docker/running": told(True),
            "GET /bot-orchestration/mqtt": told({"status": "success", "data": {"mqtt_connected": True}}),
            "GET /": told({"name": "Hummingbot API", "version": "1.0.1", "status": "running"}),
        }
        self.everything: Play | None = None  # set: what every route answers
        self.asked: list[str] = []

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: bytes | None = None,
        timeout: float,  # noqa: ASYNC109 - as the protocol has it
    ) -> Response:
        """The route's part of the script."""
        route = f"{method} {path}"
        self.asked.append(route)
        play = self.everything or self.routes[route]
        if isinstance(play, Exception):
            raise play
        return play if isinstance(play, Response) else play()

    async def close(self) -> None:
        """Nothing is open."""

    def count(self, route: str) -> int:
        """How often a route was asked."""
        return self.asked.count(route)
