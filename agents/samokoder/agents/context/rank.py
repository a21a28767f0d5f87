"""Personalised PageRank over files: what matters to the places one starts from."""

from collections.abc import Mapping

_DAMPING = 0.85
_TURNS = 30
_SETTLED = 1e-6
"""Sum of all changes in one turn below which nothing moves any more."""


def pagerank(
    edges: Mapping[str, Mapping[str, float]],
    nodes: Mapping[str, float],
) -> dict[str, float]:
    """Rank by node; they sum to 1. ``nodes`` gives each node's share of the surfers that start
    over, 0 for most; all 0 means everywhere alike. ``edges`` lead to nodes only.

    After Brin and Page 1998, dangling nodes' weight goes where surfers start over.
    """
    if not nodes:
        return {}
    names = list(nodes)
    index = {name: i for i, name in enumerate(names)}
    total = sum(nodes.values())
    start = [nodes[n] / total for n in names] if total else [1 / len(names)] * len(names)
    flows: list[tuple[int, list[tuple[int, float]]]] = []
    dangling = set(range(len(names)))
    for source, row in edges.items():
        weight = sum(row.values())
        if weight > 0 and source in index:
            at = index[source]
            dangling.discard(at)
            flows.append((at, [(index[t], _DAMPING * w / weight) for t, w in row.items()]))
    rank = start
    for _ in range(_TURNS):
        lost = sum(rank[i] for i in dangling)
        back = 1 - _DAMPING + _DAMPING * lost
        fresh = [back * s for s in start]
        for at, row_flows in flows:
            have = rank[at]
            if have:
                for target, share in row_flows:
                    fresh[target] += have * share
        moved = sum(abs(a - b) for a, b in zip(rank, fresh, strict=True))
        rank = fresh
        if moved < _SETTLED:
            break
    return dict(zip(names, rank, strict=True))
