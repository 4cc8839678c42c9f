"""The only poller: when a server counts as down, what an outage leaves, and that it comes back by itself."""

import asyncio
import math
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support.books import NOON
from tests.support.fast_time import HandClock
from tests.support.scripted_transport import REFUSED, ScriptedTransport, broken, told
from tests.support.waiting import eventually
from trading_bridge.domain.fleet import Fleet, Reach
from trading_bridge.hummingbot.client import HummingbotReader
from trading_bridge.hummingbot.transport import Response
from trading_bridge.services.coordinator import SLOWEST, Coordinator
from trading_bridge.services.lane import Lane, Urgency

STATUS = "GET /bot-orchestration/status"
ACTIVE = "GET /docker/active-containers"
RUNNING = "GET /docker/running"
BOT = "hummingbot-sharp-00000001-g1-20261121-120000"


def bots(*names: str, active: bool = True) -> Response:
    """A status answer with these bots."""
    data = {name: {"status": "running", "recently_active": active, "performance": {}} for name in names}
    return told({"status": "success", "data": data})


def container(name: str) -> dict[str, str]:
    return {"id": "1", "name": name, "status": "running", "image": "hummingbot/hummingbot:latest"}


class Stage:
    """A coordinator, its script, its lane and its clock."""

    def __init__(self, interval: float = 60.0) -> None:
        self.clock = HandClock(NOON)
        self.lane = Lane()
        self.script = ScriptedTransport()
        self.coordinator = Coordinator("default", HummingbotReader(self.script), self.lane, self.clock, interval)

    async def poll(self, seconds: float = 1.0) -> Fleet:
        """One round, some seconds after the last."""
        self.clock.forward(seconds=seconds)
        return await self.coordinator.poll()


async def test_a_good_answer_makes_the_server_up_with_all_that_it_told() -> None:
    stage = Stage()
    stage.script.routes[STATUS] = bots(BOT)
    stage.script.routes[ACTIVE] = told([container(BOT)])

    fleet = await stage.poll()

    assert (fleet.reach, fleet.since, fleet.as_of) == (Reach.UP, stage.clock.now, stage.clock.now)
    assert set(fleet.bots) == {BOT}
    assert fleet.containers.active == {BOT}
    assert (fleet.docker, fleet.mqtt_flag, fleet.version) == (True, True, "1.0.1")
    assert fleet.heard == {BOT: stage.clock.now}
    assert stage.coordinator.latency_ms is not None


async def test_an_unreachable_server_is_down_at_once_and_its_last_answers_stay() -> None:
    stage = Stage()
    stage.script.routes[STATUS] = bots(BOT)
    before = await stage.poll()
    stage.script.everything = REFUSED

    fleet = await stage.poll()

    assert (fleet.reach, fleet.since) == (Reach.DOWN, stage.clock.now)
    assert fleet.failure_code == "upstream_unreachable"
    assert (fleet.bots, fleet.as_of, fleet.containers_as_of) == (before.bots, before.as_of, before.containers_as_of)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (told({"detail": "Incorrect username or password"}, 401), "upstream_unauthorized"),
        (told({"detail": "no"}, 400), "upstream_rejected"),
    ],
)
async def test_a_refusal_is_certain_too(answer: Response, code: str) -> None:
    stage = Stage()
    stage.script.everything = answer

    fleet = await stage.poll()

    assert (fleet.reach, fleet.failure_code) == (Reach.DOWN, code)


@pytest.mark.parametrize(
    "answer",
    [
        broken("read_timeout"),
        broken("disconnected"),
        told({"detail": "boom"}, 500),
        Response(502, {"content-type": "text/html"}, b"<html></html>"),
    ],
)
async def test_one_doubtful_answer_is_no_outage_two_are(answer: Response | Exception) -> None:
    stage = Stage()
    await stage.poll()
    stage.script.everything = answer

    assert (await stage.poll()).reach is Reach.UP
    assert (await stage.poll()).reach is Reach.DOWN


async def test_a_doubt_between_good_answers_never_adds_up() -> None:
    stage = Stage()
    for _ in range(5):
        stage.script.everything = None
        await stage.poll()
        stage.script.everything = broken()
        assert (await stage.poll()).reach is Reach.UP


async def test_a_server_that_our_own_call_keeps_busy_is_not_down() -> None:
    stage = Stage()
    await stage.poll()
    stage.script.everything = broken()
    async with stage.lane.turn(Urgency.STOP):
        for _ in range(5):
            assert (await stage.poll()).reach is Reach.UP

    assert (await stage.poll()).reach is Reach.UP  # the first miss that counts
    assert (await stage.poll()).reach is Reach.DOWN


async def test_a_refused_connection_counts_even_while_our_call_is_under_way() -> None:
    stage = Stage()
    await stage.poll()
    stage.script.everything = REFUSED
    async with stage.lane.turn(Urgency.STOP):
        assert (await stage.poll()).reach is Reach.DOWN


async def test_it_comes_back_with_a_new_since() -> None:
    stage = Stage()
    await stage.poll()
    stage.script.everything = REFUSED
    down = await stage.poll()
    stage.script.everything = told({"detail": "no"}, 401)
    still = await stage.poll()
    assert (still.since, still.failure_code) == (down.since, "upstream_unauthorized")  # the newest reason is shown
    stage.script.everything = None

    fleet = await stage.poll()

    assert (fleet.reach, fleet.since, fleet.failure_code) == (Reach.UP, stage.clock.now, None)
    assert fleet.failure is None


async def test_one_log_line_down_and_one_up() -> None:
    stage = Stage()
    with capture_logs() as lines:
        for answer in (None, None, REFUSED, REFUSED, broken(), REFUSED, None, None, REFUSED, None):
            stage.script.everything = answer
            await stage.poll()

    assert [line["event"] for line in lines] == [
        "upstream_up",
        "upstream_down",
        "upstream_up",
        "upstream_down",
        "upstream_up",
    ]


async def test_containers_may_fail_alone() -> None:
    stage = Stage()
    stage.script.routes[ACTIVE] = told([container(BOT)])
    first = await stage.poll()
    stage.script.routes[ACTIVE] = told("Error while fetching server API version")  # 200 with Docker's text [source]

    fleet = await stage.poll(11)

    assert (fleet.reach, fleet.as_of) == (Reach.UP, stage.clock.now)
    assert (fleet.containers, fleet.containers_as_of) == (first.containers, first.containers_as_of)


@pytest.mark.parametrize("answer", [told({"detail": "boom"}, 500), broken(), told({"detail": "no"}, 401)])
async def test_docker_may_fail_alone(answer: Response | Exception) -> None:
    stage = Stage()
    stage.script.routes[RUNNING] = answer

    fleet = await stage.poll()

    assert (fleet.reach, fleet.docker) == (Reach.UP, False)
    assert (fleet.mqtt_flag, fleet.version) == (True, "1.0.1")


async def test_version_and_mqtt_may_fail_alone() -> None:
    stage = Stage()
    await stage.poll()
    stage.script.routes["GET /bot-orchestration/mqtt"] = broken()
    stage.script.routes[RUNNING] = told(False)

    fleet = await stage.poll(16)

    assert (fleet.reach, fleet.docker) == (Reach.UP, False)
    assert (fleet.mqtt_flag, fleet.version) == (True, "1.0.1")  # as last known


async def test_slow_facts_are_asked_now_and_then_only() -> None:
    stage = Stage()
    for _ in range(31):
        await stage.poll()

    assert stage.script.count(STATUS) == 31
    assert stage.script.count(ACTIVE) == 4  # at 0, 10, 20, 30 s
    assert stage.script.count(RUNNING) == 3  # at 0, 15, 30 s


async def test_while_somebody_waits_containers_are_looked_at_each_time() -> None:
    stage = Stage()
    stage.coordinator.attend(True)
    for _ in range(5):
        await stage.poll()
    assert stage.script.count(ACTIVE) == 5

    stage.coordinator.attend(False)
    await stage.poll()
    assert stage.script.count(ACTIVE) == 5


async def test_what_was_heard_is_remembered_as_long_as_the_bot_is_listed() -> None:
    stage = Stage()
    stage.script.routes[STATUS] = bots(BOT)
    heard = (await stage.poll()).as_of
    stage.script.routes[STATUS] = bots(BOT, active=False)

    fleet = await stage.poll(40)
    assert (fleet.heard, fleet.mqtt_heard) == ({BOT: heard}, heard)

    stage.script.routes[STATUS] = bots()
    fleet = await stage.poll()
    assert (fleet.heard, fleet.mqtt_heard) == ({}, heard)


async def test_a_container_list_is_as_old_as_its_request() -> None:
    stage = Stage()

    def slow_answer() -> Response:
        stage.clock.forward(seconds=5)
        return told([container(BOT)])

    stage.script.routes[ACTIVE] = slow_answer
    fleet = await stage.poll()

    assert fleet.containers_as_of is not None
    assert (stage.clock.now - fleet.containers_as_of).total_seconds() == 5


async def test_a_listener_that_fails_keeps_none_of_the_others_from_hearing() -> None:
    stage = Stage()
    heard: list[tuple[str, Reach]] = []

    async def first(fleet: Fleet) -> None:
        heard.append(("first", fleet.reach))

    async def bad(fleet: Fleet) -> None:
        raise ZeroDivisionError

    async def last(fleet: Fleet) -> None:
        heard.append(("last", fleet.reach))

    for listener in (first, bad, last):
        stage.coordinator.listen(listener)
    with capture_logs() as lines:
        await stage.poll()
        stage.script.everything = REFUSED
        await stage.poll()

    assert heard == [("first", Reach.UP), ("last", Reach.UP), ("first", Reach.DOWN), ("last", Reach.DOWN)]
    failures = [line for line in lines if line["event"] == "listener_failed"]
    assert ["bad" in line["listener"] for line in failures] == [True, True]


def test_it_backs_off_from_a_silent_server_and_returns_to_its_pace() -> None:
    stage = Stage(interval=2.0)
    pauses = []
    for misses in range(8):
        stage.coordinator._misses = misses
        pauses.append(stage.coordinator._pause())

    for pause, plain in zip(pauses, (2, 2, 2, 4, 8, SLOWEST, SLOWEST, SLOWEST), strict=True):
        assert math.isclose(pause, plain, rel_tol=0.1)
    stage.coordinator._misses = 0
    stage.coordinator.attend(True)
    assert stage.coordinator._pause() <= 1.1


async def running(coordinator: Coordinator) -> asyncio.Task[None]:
    return asyncio.create_task(coordinator.run())


async def ended(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_attention_wakes_a_sleeping_poller() -> None:
    stage = Stage(interval=3600)
    loop = await running(stage.coordinator)
    await eventually(lambda: stage.script.count(STATUS) == 1)

    stage.coordinator.attend(True)

    await eventually(lambda: stage.script.count(STATUS) >= 2)
    await ended(loop)


async def test_a_shutdown_that_comes_with_a_wake_is_not_lost() -> None:
    stage = Stage(interval=3600)
    loop = await running(stage.coordinator)
    await eventually(lambda: stage.script.count(STATUS) == 1)

    stage.coordinator.attend(True)
    await asyncio.sleep(0)  # the wake has been given, the loop has not run yet
    loop.cancel()

    await eventually(loop.done, 5)


async def test_the_loop_outlives_an_outage_and_a_bug() -> None:
    stage = Stage(interval=0.01)
    with capture_logs() as lines:
        loop = await running(stage.coordinator)
        await eventually(lambda: stage.coordinator.fleet.up)
        stage.script.everything = REFUSED
        await eventually(lambda: stage.coordinator.fleet.reach is Reach.DOWN)
        stage.script.everything = RuntimeError("a bug")
        await eventually(lambda: any(line["event"] == "poll_broke" for line in lines))
        stage.script.everything = None
        await eventually(lambda: stage.coordinator.fleet.up)
        await ended(loop)
