"""The only poller of one Hummingbot server. However many people watch, this is what the server is asked."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from trading_bridge.domain.errors import BridgeError, UpstreamUncertain, UpstreamUnreachable
from trading_bridge.domain.fleet import BotReport, Fleet, OwnOrder, Reach, open_orders_from_logs
from trading_bridge.hummingbot.client import HummingbotReader
from trading_bridge.services.clock import Clock
from trading_bridge.services.lane import Lane

log = structlog.get_logger(__name__)

Listener = Callable[[Fleet], Awaitable[None]]
SLOWEST = 15.0
HEALTH_EVERY = timedelta(seconds=15)
CONTAINERS_EVERY = timedelta(seconds=10)
MISSES_UNTIL_DOWN = 2


class Coordinator:
    """Polls, keeps the last good answers with their age, and tells its listeners, in their order, after each poll.

    `interval` in seconds; while `attend(True)` holds, somebody waits for evidence and a poll comes each second.
    """

    def __init__(self, server_id: str, reader: HummingbotReader, lane: Lane, clock: Clock, interval: float) -> None:
        self.fleet = Fleet(server_id)
        self.latency_ms: float | None = None
        self._reader = reader
        self._lane = lane
        self._clock = clock
        self._interval = interval
        self._listeners: list[Listener] = []
        self._misses = 0
        self._health_at: datetime | None = None
        self._wake = asyncio.Event()
        self._attentive = False
        self._announced: Reach = Reach.UNKNOWN

    def listen(self, listener: Listener) -> None:
        """Call `listener(fleet)` after every poll, good or bad."""
        self._listeners.append(listener)

    def attend(self, attentive: bool) -> None:
        """While somebody waits for evidence: poll each second (or each interval, if that is shorter)."""
        if attentive and not self._attentive:
            self._wake.set()
        self._attentive = attentive

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            try:
                await self.poll()
            except Exception:  # a bug must not end the only poller; the figures go stale and say so
                log.exception("poll_broke", server=self.fleet.server_id)
                self._misses += 1
            self._wake.clear()
            # not wait_for: before Python 3.12 it loses a cancellation that comes together with the wake
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._wake.wait()

    def _pause(self) -> float:
        pause = min(self._interval, 1.0) if self._attentive else self._interval
        if self._misses:
            pause = min(SLOWEST, max(pause, 0.5 * 2 ** min(self._misses, 6)))
        return pause * random.uniform(0.9, 1.1)  # noqa: S311 jitter: several bridges must not knock at once

    async def poll(self) -> Fleet:
        """One round: statuses always; containers when due or attended to; health now and then."""
        started = time.perf_counter()
        asked = self._clock()
        try:
            bots = await self._reader.bots()
            latency = (time.perf_counter() - started) * 1000
            fleet = self._fresh(replace(self.fleet, bots=bots, as_of=asked))
            heard = {name: asked for name, report in bots.items() if report.recently_active}
            fleet = replace(
                fleet,
                heard={name: at for name, at in (dict(fleet.heard) | heard).items() if name in bots},
                orders={name: self._orders(name, report) for name, report in bots.items()},
                mqtt_heard=asked if heard else fleet.mqtt_heard,
            )
            if self._attentive or _due(fleet.containers_as_of, CONTAINERS_EVERY, asked):
                fleet = await self._look(fleet)
            if _due(self._health_at, HEALTH_EVERY, asked):
                fleet = await self._health(fleet)
                self._health_at = asked
            self.latency_ms = latency
            self.fleet = fleet
            self._misses = 0
        except BridgeError as error:
            self._missed(error)
        self._announce()
        for listener in self._listeners:
            try:
                await listener(self.fleet)
            except Exception:
                log.exception("listener_failed", listener=getattr(listener, "__qualname__", "?"))
        return self.fleet

    def _orders(self, name: str, report: BotReport) -> tuple[OwnOrder, ...] | None:
        """What the log tells now, on top of what it told before: an unchanged log is not read twice."""
        before, known = self.fleet.bots.get(name), self.fleet.orders.get(name)
        if before is not None and before.logs == report.logs:
            return known
        return open_orders_from_logs(report.logs, known)

    async def _look(self, fleet: Fleet) -> Fleet:
        """The containers. With Docker down this call alone fails: the statuses just read are good all the same."""
        looked = self._clock()  # before the call: a list can't be newer than its request
        try:
            containers = await self._reader.containers()
        except UpstreamUncertain:
            return fleet
        return replace(fleet, containers=containers, containers_as_of=looked)

    def _fresh(self, fleet: Fleet) -> Fleet:
        if fleet.reach is Reach.UP:
            return fleet
        return replace(fleet, reach=Reach.UP, since=self._clock(), failure_code=None, failure=None)

    def _missed(self, error: BridgeError) -> None:
        if (self._lane.busy or self._lane.frozen) and isinstance(error, UpstreamUncertain):
            return  # our own call keeps the server busy (a container stop freezes it for 10 s): no verdict
        self._misses += 1
        certain = isinstance(error, UpstreamUnreachable) or not isinstance(error, UpstreamUncertain)
        if self.fleet.reach is not Reach.DOWN and (certain or self._misses >= MISSES_UNTIL_DOWN):
            self.fleet = replace(
                self.fleet,
                reach=Reach.DOWN,
                since=self._clock(),
                failure_code=error.code,
                failure=error.message,
            )
        elif self.fleet.reach is Reach.DOWN:
            self.fleet = replace(self.fleet, failure_code=error.code, failure=error.message)

    async def _health(self, fleet: Fleet) -> Fleet:
        """Slow facts. Each may fail alone: a server whose Docker is down still answers the rest."""
        docker: bool | None
        try:
            docker = await self._reader.docker_running()
        except BridgeError:
            docker = False
        try:
            flag = await self._reader.mqtt_flag()
            version = await self._reader.server_version()
        except BridgeError:
            return replace(fleet, docker=docker)
        return replace(fleet, docker=docker, mqtt_flag=flag, version=version)

    def _announce(self) -> None:
        """One log line when the server goes down, one when it is back."""
        reach = self.fleet.reach
        if reach is self._announced:
            return
        if reach is Reach.DOWN:
            log.warning("upstream_down", server=self.fleet.server_id, code=self.fleet.failure_code)
        elif reach is Reach.UP:
            back = self._announced is Reach.DOWN  # whoever was warned wants to hear of the end, too
            tell = log.warning if back else log.info
            tell("upstream_up", server=self.fleet.server_id, version=self.fleet.version)
        self._announced = reach


def _due(last: datetime | None, every: timedelta, now: datetime) -> bool:
    return last is None or now - last >= every
