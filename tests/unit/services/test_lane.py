"""One mutation at a time, the urgent first."""

import asyncio

import pytest

from trading_bridge.services.lane import Lane, Urgency


class Entrants:
    """Tasks that take a turn, note that they have it, and leave when told."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.order: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._leave: dict[str, asyncio.Event] = {}

    async def enter(self, name: str, urgency: Urgency) -> None:
        """Start the entrant and let it reach the lane."""
        self._leave[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._turn(name, urgency))
        await settle()

    async def leave(self, name: str) -> None:
        self._leave[name].set()
        await settle()

    async def _turn(self, name: str, urgency: Urgency) -> None:
        async with self.lane.turn(urgency):
            self.order.append(name)
            await self._leave[name].wait()


async def settle() -> None:
    """Let every task run as far as it can: each needs a handful of turns of the loop at most."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_one_holds_it_and_then_the_urgent_go_first() -> None:
    entrants = Entrants(Lane())
    await entrants.enter("first", Urgency.UPKEEP)
    for name, urgency in (
        ("upkeep", Urgency.UPKEEP),
        ("start", Urgency.START),
        ("later start", Urgency.START),
        ("stop", Urgency.STOP),
    ):
        await entrants.enter(name, urgency)

    assert entrants.order == ["first"]
    assert entrants.lane.busy
    for name in ("first", "stop", "start", "later start", "upkeep"):
        assert entrants.order[-1] == name
        await entrants.leave(name)

    assert entrants.order == ["first", "stop", "start", "later start", "upkeep"]
    assert not entrants.lane.busy


async def test_a_waiter_that_gives_up_is_passed_over() -> None:
    entrants = Entrants(Lane())
    for name in ("first", "gives up", "last"):
        await entrants.enter(name, Urgency.START)
    entrants.tasks["gives up"].cancel()
    await settle()

    await entrants.leave("first")

    assert entrants.order == ["first", "last"]
    await entrants.leave("last")
    assert not entrants.lane.busy


async def test_a_waiter_that_is_cancelled_as_its_turn_comes_passes_it_on() -> None:
    lane, release = Lane(), asyncio.Event()
    entrants = Entrants(lane)

    async def first() -> None:
        async with lane.turn(Urgency.START):
            await release.wait()
        entrants.tasks["chosen"].cancel()  # the turn is given to it, and it has not run yet

    holder = asyncio.create_task(first())
    await settle()
    await entrants.enter("chosen", Urgency.START)
    await entrants.enter("last", Urgency.START)
    release.set()
    await holder
    await settle()

    assert entrants.tasks["chosen"].cancelled()
    assert entrants.order == ["last"]
    await entrants.leave("last")
    assert not lane.busy


async def test_a_holder_that_fails_or_is_cancelled_leaves_the_lane_free() -> None:
    lane = Lane()
    with pytest.raises(ZeroDivisionError):
        async with lane.turn(Urgency.STOP):
            raise ZeroDivisionError
    assert not lane.busy

    entrants = Entrants(lane)
    await entrants.enter("first", Urgency.STOP)
    await entrants.enter("next", Urgency.STOP)
    entrants.tasks["first"].cancel()
    await settle()

    assert entrants.order == ["first", "next"]
    await entrants.leave("next")
    assert not lane.busy


async def test_never_two_at_once_whoever_comes_fails_or_gives_up() -> None:
    lane, inside, most, done = Lane(), 0, 0, 0

    async def worker(number: int) -> None:
        nonlocal inside, most, done
        async with lane.turn(Urgency(number % 3)):
            inside += 1
            most = max(most, inside)
            for _ in range(number % 4):
                await asyncio.sleep(0)
            inside -= 1
            done += 1
            if number % 5 == 0:
                raise ZeroDivisionError

    tasks = [asyncio.create_task(worker(number)) for number in range(60)]
    for number in range(0, 60, 7):
        await asyncio.sleep(0)
        tasks[number].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert most == 1
    assert done >= 60 - 9
    assert not lane.busy
