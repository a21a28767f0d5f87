"""Where the bug may be: hypotheses of the hunter, from what was run or from a model's answer."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from samokoder.agents.repair import context
from samokoder.agents.repair.hunt.observe import Seen

_PROBES = 4
"""Lines that one hypothesis may put into the copy."""
_CODE = 200
"""Characters of one such line."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A function (or a whole file, without a name) and why. ``probes``: line and code to put
    before it, for languages that cannot be watched from outside.
    """

    path: str
    name: str
    why: str = ""
    probes: tuple[tuple[int, str], ...] = ()


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "suspects": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "path": {"type": "string"},
                    "function": {"type": "string"},
                    "why": {"type": "string"},
                    "probes": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "line": {"type": "integer"},
                                "code": {"type": "string"},
                            },
                            "required": ["line", "code"],
                        },
                    },
                },
                "required": ["path", "function", "why"],
            },
        }
    },
    "required": ["suspects"],
}


def told(answer: str, files: Mapping[str, object], most: int) -> tuple[Suspect, ...]:
    """The suspects of an answer that exist; the JSON may stand among other words."""
    start, end = answer.find("{"), answer.rfind("}")
    try:
        found = json.loads(answer[start : end + 1])
    except ValueError:
        return ()
    rows = found.get("suspects") if isinstance(found, dict) else None
    suspects: list[Suspect] = []
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict) or row.get("path") not in files:
            continue
        name = re.sub(r"\(.*|^def ", "", str(row.get("function") or "")).strip()
        probes = tuple(
            (p["line"], str(p.get("code") or "")[:_CODE])
            for p in (row.get("probes") or ())[:_PROBES]
            if isinstance(p, dict) and isinstance(p.get("line"), int)
        )
        suspects.append(Suspect(str(row["path"]), name, str(row.get("why") or "")[:300], probes))
    unique = {(s.path, s.name): s for s in reversed(suspects)}
    return tuple(sorted(unique.values(), key=suspects.index)[:most])


def ranked(seen: Seen, texts: Mapping[str, str], most: int) -> tuple[Suspect, ...]:
    """Functions that the failing test ran, those first that passing tests run least and that are
    called deepest: what calls them was looked at by the rungs below.
    """
    scores: dict[tuple[str, str], float] = {}
    depths: dict[tuple[str, str], int] = {}
    for call in seen.calls:
        name = (call.path, call.name)
        depths[name] = max(depths.get(name, 0), call.depth)
    by_path = {p: context.functions(p, t) for p, t in texts.items()}
    for path, line, suspicion in seen.suspicion:
        inner = [t for t in by_path.get(path, ()) if t.start <= line <= t.end]
        if inner:
            target = max(inner, key=lambda t: t.start)
            name = (path, target.name)
            scores[name] = max(scores.get(name, 0.0), suspicion)
    run = [name for name in scores if name in depths] or list(scores)
    order = sorted(run, key=lambda n: (-round(scores[n], 2), -depths.get(n, 0), n))
    return tuple(
        Suspect(path, name, f"suspicion {scores[path, name]:.2f} of 1 from running the tests")
        for path, name in order[:most]
    )
