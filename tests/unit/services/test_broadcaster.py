"""Hints: merged for the slow, bounded by topics, ended at shutdown."""

import asyncio

from trading_bridge.services.broadcaster import Broadcaster, Hint


async def next_hint(hints: object) -> Hint:
    async with asyncio.timeout(5):
        hint = await anext(hints)  # type: ignore[call-overload]
    assert isinstance(hint, Hint)
    return hint


async def test_a_hint_reaches_every_watcher_with_its_version() -> None:
    broadcaster = Broadcaster()
    async with broadcaster.subscribe() as one, broadcaster.subscribe() as two:
        assert broadcaster.viewers == 2
        broadcaster.publish("server")

        assert await next_hint(one) == Hint(1, "server")
        assert await next_hint(two) == Hint(1, "server")
    assert broadcaster.viewers == 0


async def test_a_slow_reader_gets_each_topic_once_with_its_newest_version() -> None:
    broadcaster = Broadcaster()
    async with broadcaster.subscribe() as hints:
        for number in range(1000):
            broadcaster.publish("bots", f"bot:{number % 3}")
        broadcaster.publish("server")
        got = [await next_hint(hints) for _ in range(5)]

        assert {hint.topic: hint.version for hint in got} == {
            "bot:1": 998,
            "bot:2": 999,
            "bots": 1000,
            "bot:0": 1000,
            "server": 1001,
        }
        assert [hint.version for hint in got] == sorted(hint.version for hint in got)
        broadcaster.publish("accounts")
        assert await next_hint(hints) == Hint(1002, "accounts")  # nothing else was left


async def test_a_reader_that_waits_is_woken() -> None:
    broadcaster = Broadcaster()
    async with broadcaster.subscribe() as hints:
        waiting = asyncio.create_task(next_hint(hints))
        await asyncio.sleep(0)
        broadcaster.publish("bots")

        assert (await waiting).topic == "bots"


async def test_publishing_nothing_changes_nothing() -> None:
    broadcaster = Broadcaster()
    broadcaster.publish()

    assert broadcaster.version == 0


async def test_what_was_published_before_is_not_told() -> None:
    broadcaster = Broadcaster()
    broadcaster.publish("bots")
    async with broadcaster.subscribe() as hints:
        broadcaster.publish("server")

        assert await next_hint(hints) == Hint(2, "server")


async def test_close_ends_streams_after_what_they_still_have_to_tell() -> None:
    broadcaster = Broadcaster()
    async with broadcaster.subscribe() as told, broadcaster.subscribe() as waiting:
        reader = asyncio.create_task(collected(waiting))
        await asyncio.sleep(0)
        broadcaster.publish("bots")
        broadcaster.close()
        async with asyncio.timeout(5):
            assert await collected(told) == ["bots"]
            assert await reader == ["bots"]


async def test_a_stream_opened_after_the_close_ends_at_once() -> None:
    broadcaster = Broadcaster()
    asked_before = broadcaster.subscribe()
    broadcaster.close()
    async with asyncio.timeout(5):
        async with broadcaster.subscribe() as hints:
            assert await collected(hints) == []
        async with asked_before as hints:  # asked for before the close, opened after it
            assert await collected(hints) == []


async def collected(hints: object) -> list[str]:
    return [hint.topic async for hint in hints]  # type: ignore[attr-defined]
