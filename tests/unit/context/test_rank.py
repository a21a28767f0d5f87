"""PageRank against known answers."""

import pytest

from samokoder.agents.context.rank import pagerank


def test_nothing_has_no_rank() -> None:
    assert pagerank({}, {}) == {}


def test_ranks_sum_to_one_also_with_dangling_nodes() -> None:
    ranks = pagerank({"a": {"b": 1.0}, "b": {"c": 2.0}}, dict.fromkeys("abcd", 0.0))
    assert sum(ranks.values()) == pytest.approx(1.0)
    assert ranks["c"] > ranks["b"] > ranks["a"] == pytest.approx(ranks["d"])


def test_a_cycle_is_even() -> None:
    ranks = pagerank({"a": {"b": 1}, "b": {"c": 1}, "c": {"a": 1}}, dict.fromkeys("abc", 0.0))
    assert list(ranks.values()) == pytest.approx([1 / 3] * 3)


def test_two_nodes_by_hand() -> None:
    """a refers to b, b to nothing; all start at a: r(b) = 0.85 r(a), r(a) + r(b) = 1."""
    ranks = pagerank({"a": {"b": 3.0}}, {"a": 1.0, "b": 0.0})
    assert ranks["a"] == pytest.approx(1 / 1.85, abs=5e-3)


def test_what_the_seeds_refer_to_counts_most() -> None:
    edges = {"x": {"p": 1.0}, "y": {"q": 1.0}}
    ranks = pagerank(edges, {"x": 1.0, "y": 0.0, "p": 0.0, "q": 0.0})
    assert ranks["p"] > 0 == ranks["q"]


def test_weights_share_the_flow() -> None:
    ranks = pagerank({"a": {"b": 3.0, "c": 1.0}}, dict.fromkeys("abc", 0.0) | {"a": 1.0})
    assert ranks["b"] == pytest.approx(3 * ranks["c"], rel=1e-3)
