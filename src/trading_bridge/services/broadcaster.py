"""Hints to whoever watches: "something of this topic changed". No data: the watcher asks again, so that a slow or lost
watcher loses nothing and no tenant's figures travel where they shouldn't."""

import asyncio
from dataclasses import dataclass
from types import TracebackType


@dataclass(frozen=True, slots=True)
class Hint:
    """`version` grows by one with each change anywhere; `topic` is "bots", "bot:<id>", "server" or "accounts"."""

    version: int
    topic: str


class Subscription:
    """One watcher's stream. Hints of one topic that wait are merged into the newest: the queue is bounded by topics."""

    def __init__(self, broadcaster: "Broadcaster") -> None:
        self._broadcaster = broadcaster
        self._pending: dict[str, int] = {}
        self._wake = asyncio.Event()
        self._closed = False

    async def __aenter__(self) -> "Subscription":
        self._broadcaster._subscriptions.add(self)
        if self._broadcaster._closed:
            self._close()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._broadcaster._subscriptions.discard(self)

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> Hint:
        while not self._pending:
            if self._closed:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        topic = next(iter(self._pending))
        return Hint(self._pending.pop(topic), topic)

    def _offer(self, hint: Hint) -> None:
        self._pending.pop(hint.topic, None)
        self._pending[hint.topic] = hint.version
        self._wake.set()

    def _close(self) -> None:
        self._closed = True
        self._wake.set()


class Broadcaster:
    """Fans hints out to the open subscriptions."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._closed = False
        self.version = 0

    @property
    def viewers(self) -> int:
        return len(self._subscriptions)

    def subscribe(self) -> Subscription:
        """`async with broadcaster.subscribe() as hints: async for hint in hints: ...`"""
        return Subscription(self)

    def publish(self, *topics: str) -> None:
        """Tell all watchers that these topics changed."""
        if not topics:
            return
        self.version += 1
        for subscription in self._subscriptions:
            for topic in topics:
                subscription._offer(Hint(self.version, topic))

    def close(self) -> None:
        """End every stream: called first at shutdown, since an open stream would hold it up."""
        self._closed = True
        for subscription in list(self._subscriptions):
            subscription._close()
