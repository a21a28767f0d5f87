"""The analyser that ships with the product."""

from anyio import to_thread


async def ruff_program() -> str:
    """Path of our own ruff."""
    return await to_thread.run_sync(_find)


def _find() -> str:
    from ruff import find_ruff_bin  # type: ignore[import-untyped]

    return str(find_ruff_bin())
