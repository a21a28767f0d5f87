"""What a file gives to others: signatures by its grammar, and whether a change takes any away."""

import re
from collections.abc import Iterable

from anyio import to_thread

from samokoder.agents.context.tags import Definition, is_test, tags_of

_SHOWN = 2400
"""Characters of one file's interface."""

_NAME = re.compile(r"[A-Za-z_$][\w$]*")


async def shown(path: str, data: bytes) -> str:
    """The public signatures of a file, a line each; of what has no grammar its beginning."""
    return await to_thread.run_sync(_shown, path, data)


def _shown(path: str, data: bytes) -> str:
    found = [d for d in tags_of(path, data).definitions if _public(d)]
    if not found:
        return data[:600].decode("utf-8", "replace").rstrip()
    lines = [f"{'  ' * (d.scope.count('.') + 1 if d.scope else 0)}{d.signature}" for d in found]
    text = "\n".join(lines)
    return text if len(text) <= _SHOWN else text[:_SHOWN].rpartition("\n")[0] + "\n…"


async def broken(path: str, before: bytes, after: bytes, allowed: Iterable[str]) -> str:
    """Which public names a change takes away or gives another signature, in words; empty: none.

    ``allowed`` are names, or signatures that hold them, for which that was asked.
    """
    if is_test(path):
        return ""
    return await to_thread.run_sync(_broken, path, before, after, tuple(allowed))


def _broken(path: str, before: bytes, after: bytes, allowed: tuple[str, ...]) -> str:
    free = {name for text in allowed for name in _NAME.findall(text)}
    old = {d.qualified: d for d in tags_of(path, before).definitions if _public(d)}
    new = {d.qualified: d for d in tags_of(path, after).definitions if _public(d)}
    found: list[str] = []
    for name, was in old.items():
        if free.intersection(name.split(".")):
            continue
        now = new.get(name)
        if now is None:
            found.append(f"`{name}` is gone")
        elif _shape(now) != _shape(was):
            found.append(f"`{name}` changed from `{was.signature}` to `{now.signature}`")
    return "; ".join(found)


async def undocumented(path: str, data: bytes) -> tuple[str, ...]:
    """Public names of a Python file without a docstring."""
    if not path.endswith(".py") or is_test(path):
        return ()
    return await to_thread.run_sync(_undocumented, data)


def _undocumented(data: bytes) -> tuple[str, ...]:
    import ast

    from samokoder.agents.edits import pysource

    try:
        tree = pysource.parse(data.decode("utf-8", "replace"))
    except (SyntaxError, ValueError):
        return ()
    return tuple(
        name
        for name, span in pysource.definitions(tree)
        if not any(part.startswith("_") for part in name.split("."))
        and not any(isinstance(p, ast.FunctionDef | ast.AsyncFunctionDef) for p in span.parents)
        and ast.get_docstring(span.node) is None
    )


def _public(definition: Definition) -> bool:
    parts = definition.qualified.split(".")
    hidden = any(p.startswith(("_", "#")) and not p.startswith("__init__") for p in parts)
    return not hidden and definition.kind in ("function", "class", "type", "constant")


def _shape(definition: Definition) -> str:
    """A signature without what callers cannot tell apart: annotations' and blanks' spelling."""
    return re.sub(r"\s+", "", definition.signature)
