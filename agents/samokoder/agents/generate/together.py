"""Several pieces of work at once, their errors as plain as those of one."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import anyio

from samokoder.agents.errors import LimitReached
from samokoder.state.errors import SamokoderError

K = TypeVar("K")
T = TypeVar("T")


async def together(works: Mapping[K, Callable[[], Awaitable[T]]]) -> dict[K, T]:
    """All results by name, in the order of the names.

    All are done, whatever becomes of one of them; then a limit counts before any other error, and
    of several the first by name is raised.
    """
    found, errors = await each(works)
    for error in sorted(errors.values(), key=lambda e: not isinstance(e, LimitReached)):
        raise error
    return found


async def each(
    works: Mapping[K, Callable[[], Awaitable[T]]],
) -> tuple[dict[K, T], dict[K, SamokoderError]]:
    """Results and errors by name."""
    results: dict[K, T] = {}
    errors: dict[K, SamokoderError] = {}

    async def one(name: K) -> None:
        try:
            results[name] = await works[name]()
        except SamokoderError as error:
            errors[name] = error

    async with anyio.create_task_group() as group:
        for name in works:
            group.start_soon(one, name)
    return (
        {name: results[name] for name in works if name in results},
        {name: errors[name] for name in works if name in errors},
    )
