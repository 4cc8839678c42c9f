"""Waiting for a condition, with a deadline: the one way in which asynchronous tests wait."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")
LOOK_EVERY = 0.02


@overload
async def eventually(look: Callable[[], Awaitable[T | None]], seconds: float = ...) -> T: ...
@overload
async def eventually(look: Callable[[], T | None], seconds: float = ...) -> T: ...
async def eventually(look: Callable[[], Any], seconds: float = 20.0) -> Any:
    """The first true answer of `look` (a function or a coroutine function).

    AssertionError when none comes within `seconds`, with the last answer.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = look()
        found = await answer if inspect.isawaitable(answer) else answer
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s; last seen: {found!r}"
        await asyncio.sleep(LOOK_EVERY)
