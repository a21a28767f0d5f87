"""The text of the map: ranked files with their ranked signatures, as many as the budget holds."""

from collections.abc import Sequence
from dataclasses import dataclass

from samokoder.agents.context.graph import Graph
from samokoder.agents.context.rank import pagerank
from samokoder.agents.context.tags import Definition, is_test
from samokoder.agents.models.tokens import CHARS

_SEED = 10.0
"""How much more a name that was asked for counts than one that was not."""
_TEST = 0.3
"""How much a definition in a test counts: tests use much and are used by nothing."""


@dataclass(frozen=True, slots=True)
class _Item:
    weight: float
    path: str
    definition: Definition


def outline(graph: Graph, paths: Sequence[str], seeds: Sequence[str], budget_tokens: int) -> str:
    """See :func:`~samokoder.agents.context.repomap.map_of`; ``paths`` are all files, in order."""
    names = {seed for seed in seeds if seed in graph.defining or "." in seed}
    ranks = pagerank(graph.edges(), _start(graph, seeds))
    items = sorted(
        _items(graph, ranks, names), key=lambda i: (-i.weight, i.path, i.definition.line)
    )
    room = budget_tokens * CHARS
    chosen: dict[str, list[Definition]] = {}
    for item in items:
        cost = len(_line(item.definition)) + (0 if item.path in chosen else len(item.path) + 2)
        if cost > room:
            continue
        room -= cost
        chosen.setdefault(item.path, []).append(item.definition)
    order = sorted(chosen, key=lambda path: (-ranks.get(path, 0.0), path))
    parts = [
        f"{path}:\n" + "".join(_line(d) for d in sorted(chosen[path], key=lambda d: d.line))
        for path in order
    ]
    rest = [path for path in paths if path not in chosen]
    listed = []
    for path in sorted(rest, key=lambda path: (path.count("/"), path)):
        if len(path) + 1 > room:
            break
        room -= len(path) + 1
        listed.append(path)
    return "".join(parts) + "".join(f"{path}\n" for path in listed)


def _start(graph: Graph, seeds: Sequence[str]) -> dict[str, float]:
    """Where surfers start over: the seeds' files and those that define a seed's name."""
    start = dict.fromkeys(graph.files, 0.0)
    for seed in seeds:
        if seed in start:
            start[seed] += 1.0
            continue
        homes = [path for path, _ in graph.definitions(seed)]
        for path in homes:
            start[path] += 1.0 / len(homes)
    return start


def _items(graph: Graph, ranks: dict[str, float], names: set[str]) -> list[_Item]:
    """Every definition with the weight of what refers to it."""
    shares: dict[tuple[str, str], float] = {}
    for source, links in graph.links().items():
        part = ranks[source] / sum(links.values())
        for link, weight in links.items():
            shares[link] = shares.get(link, 0.0) + part * weight
    found = []
    for path, (_, tags) in graph.files.items():
        own = ranks[path] / (1 + len(tags.definitions))
        scale = _TEST if is_test(path) else 1.0
        for d in tags.definitions:
            weight = own + shares.get((path, d.name), 0.0)
            if d.name.startswith("_") and not d.name.startswith("__"):
                weight *= 0.2
            elif d.name.startswith("__") and d.name != "__init__":
                weight *= 0.1
            if d.name in names or d.qualified in names:
                weight *= _SEED
            found.append(_Item(weight * scale, path, d))
    return found


def _line(definition: Definition) -> str:
    depth = definition.scope.count(".") + 1 if definition.scope else 0
    return "  " * (depth + 1) + definition.signature + "\n"
