"""Bounded groups of tasks whose first error is the error: no exception group reaches a reader."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from gdac.errors import GdacError


@asynccontextmanager
async def tasks() -> AsyncIterator[asyncio.TaskGroup]:
    """An `asyncio.TaskGroup` that raises the first error of its tasks instead of a group of errors.

    An error that somebody can mend goes before a bug, because it came first and the others followed from it.
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as errors:
        raise _first(errors) from None


async def work_side_by_side(workers: int, work: Callable[[], Awaitable[None]]) -> None:
    """Run ``work`` in so many tasks at once; they share whatever iterator it draws from."""
    async with tasks() as group:
        for _ in range(workers):
            group.create_task(_call(work))


async def _call(work: Callable[[], Awaitable[None]]) -> None:
    await work()


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    leaves: list[BaseException] = []
    waiting: list[BaseException] = [errors]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseExceptionGroup):
            waiting.extend(one.exceptions)
        else:
            leaves.append(one)
    return next((one for one in leaves if isinstance(one, GdacError)), leaves[0])
