"""What a small model is spared: reading the brief, judging its own answers, writing test files."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from samokoder.agents.generate.small import claims, probes, tried
from samokoder.agents.generate.small.agreement import Choice, Matter, Trial, choose
from samokoder.agents.generate.small.answers import code, joined
from samokoder.agents.generate.small.brief import Shown, Wish, foreign, wish
from samokoder.agents.generate.small.mixing import mixed

SLUGS = Wish("slugs", ("slugify(text)", "unique(text, taken)"))


@pytest.mark.parametrize(
    ("brief", "module", "functions", "program"),
    [
        (
            "A library `a` with `f(x)` and `g(x, y=1)`; with tests.",
            "a",
            ("f(x)", "g(x, y=1)"),
            False,
        ),
        ("A command line tool `b` with the function `f(x)`.", "b", ("f(x)",), True),
        ("Write f(x) and g() into a module called `m.py`", "m", ("f(x)", "g()"), False),
        ("`f(text)`: run it as `python -m tool FILE`", "tool", ("f(text)",), True),
        (
            "Сделай модуль `pkg/counts.py` с функцией `count(text)`",
            "counts",
            ("count(text)",),
            False,
        ),
    ],
)
def test_names_and_signatures_are_read_from_the_brief(
    brief: str, module: str, functions: tuple[str, ...], program: bool
) -> None:
    found = wish(brief)
    assert found is not None
    assert (found.module, found.functions, found.program) == (module, functions, program)


@pytest.mark.parametrize("brief", ["A game of chess", "A library `x`", "`f(x)` somewhere", ""])
def test_a_brief_that_names_too_little_is_left_to_the_tech_lead(brief: str) -> None:
    assert wish(brief) is None


def test_examples_of_the_brief_are_claims_that_are_certain() -> None:
    found = wish(
        "A tool `t` with `f(x)`; `f(2)` gives `4`, `other(1)` gives `1`, `f(` gives `2`, "
        "`python -m t 100 c` prints 212.0 and `python -m t FILE` prints 3."
    )
    assert found is not None
    assert found.functions == ("f(x)",)
    assert found.examples == ("assert f(2) == 4",)
    assert found.shown == (Shown(("100", "c"), "212.0"),), "FILE stands for something"
    assert found.usages == (("<file>",),)


def test_places_nobody_knows_are_not_filled_in() -> None:
    found = wish("A tool `t` with `f(x)`: `python -m t add TEXT`, `python -m t --to COLOUR`")
    assert found is not None and found.usages == (("add", "aab"),)


def test_other_languages_are_not_for_this_way_of_writing() -> None:
    assert foreign("A Node service with `f(x)`") and foreign("a Flask site")
    assert not foreign("A library `node_list` with `go(x)`")


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("assert slugify('A b') == 'a-b'", "assert slugify('A b') == 'a-b'"),
        ("- assert slugify('x')=='x'  # a word", "assert slugify('x') == 'x'"),
        ("    assert unique('a', ['a']) == 'a-2', 'why'", "assert unique('a', ['a']) == 'a-2'"),
        ("raises(ValueError, slugify, None)", "raises(ValueError, slugify, None)"),
        ("assert slugify(open('/etc/passwd').read()) == ''", None),
        ("assert __import__('os').system('x') == slugify('')", None),
        ("assert other('x') == 'x'", None),
        ("assert slugify(slugify('x')) == 'x'", None),
        ("assert unique(slugify('x'), []) == 'x'", "assert unique(slugify('x'), []) == 'x'"),
        ("assert 1 == 1", None),
        ("assert slugify(x) == 'x'", None),
        ("assert slugify('x' == 'y'", None),
        ("assert [slugify(c) for c in 'ab'] == ['a', 'b']", None),
        ("import os", None),
        ("assert slugify('a', 'b') == 'a'", "assert slugify(['a', 'b']) == 'a'"),
        ("assert unique('a') == 'a'", None),
        ("assert slugify('') raises ValueError", "raises(ValueError, slugify, '')"),
        ("assert unique('', []) == KeyError", "raises(KeyError, unique, '', [])"),
        ("raises(ValueError, slugify)", None),
        ("print(slugify('x'))", None),
    ],
)
def test_only_plain_claims_about_the_module_are_read(line: str, read: str | None) -> None:
    assert claims.read(f"```python\n{line}\n```", SLUGS) == ((read,) if read else ())


def test_a_claim_is_read_once_and_only_so_many() -> None:
    text = "\n".join(f"assert slugify({n}) == {n}" for n in range(50))
    assert len(claims.read(text + "\n" + text, SLUGS)) == 24


def test_claims_become_tests_that_run(tmp_path: Path) -> None:
    wanted = Wish("doubling", ("double(x)", "half(x)"), True, (), (Shown(("4",), "8"),))
    kept = (
        "assert double(2) == 4",
        "assert half(3) == 1.5",
        "raises(TypeError, half, None)",
        "assert double(1) != 1",
        "assert double([1]) == [1, 1]",
    )
    text = claims.test_file(wanted, kept)
    (tmp_path / "test_doubling.py").write_text(text)
    (tmp_path / "doubling.py").write_text(
        "import sys\n\n\ndef double(x):\n    return x * 2\n\n\ndef half(x):\n    return x / 2\n\n\n"
        'if __name__ == "__main__":\n    print(double(int(sys.argv[1])))\n'
    )
    argv = (sys.executable, "-m", "unittest", "-v")
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Ran 6 tests" in done.stderr
    (tmp_path / "doubling.py").write_text("def double(x):\n    return 4\n\n\nhalf = double\n")
    wrong = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "failures=" in wrong.stderr, "the tests are no mere form"


def test_the_code_of_an_answer() -> None:
    assert code("Here:\n```python\nx = 1\n```\nand\n```\ny = 2\nz = 3\n```\n") == "y = 2\nz = 3\n"
    assert code("x = 1\n") == "x = 1\n"
    assert code("```python\nx = '''\n```py'''\n") == "x = '''\n", "cut off by its own fence"


def trials(*rows: str) -> list[Trial]:
    """A row a version: + holds, - does not, ! is broken."""
    return [
        Trial((), "broken") if row == "!" else Trial(tuple(c == "+" for c in row)) for row in rows
    ]


def chosen(tried: list[Trial], certain: int) -> Choice:
    """The choice, when all claims and calls are about one function."""
    usable = next((t for t in tried if not t.broken), Trial(()))
    return choose(
        tried, Matter(*(("f",) * len(x) for x in (usable.holds, usable.answers))), certain
    )


@pytest.mark.parametrize(
    ("rows", "certain", "best", "settled"),
    [
        (["++++"], 0, 0, False),  # it may be wrong in a way no claim is about
        (["++++", "++++"], 0, 0, True),
        (["++--", "+--+", "++++"], 0, 2, True),
        (["+++-"], 0, 0, False),
        (["+++-", "+++-"], 0, 0, True),  # two do the same: a claim neither keeps is wrong
        (["+++-", "-++-"], 0, 0, False),
        (["---+", "---+", "---+"], 0, 0, False),  # against most claims more voices are heard
        (["---+", "---+", "---+", "---+"], 0, 0, True),
        (["+++-", "-++-", "--+-", "++--"], 0, 0, True),  # enough was tried
        (["++--", "++++"], 0, 1, True),  # the other is no rival
        (["+++-", "++-+", "+++-"], 0, 0, False),
        (["-+++", "+++-"], 1, 1, False),  # what the brief shows outweighs the rest
        (["-+++"], 1, None, False),
        (["+---"], 0, None, False),
        (["+---", "+---"], 0, None, False),
        (["!"], 0, None, False),
        (["!", "++"], 0, 1, False),
        ([], 0, None, False),
    ],
)
def test_the_version_that_agrees_most_is_chosen(
    rows: list[str], certain: int, best: int | None, settled: bool
) -> None:
    found = chosen(trials(*rows), certain)
    assert (found.best, found.settled) == (best, settled)
    assert found.reason or best is not None


def test_two_that_agree_outvote_the_first() -> None:
    found = chosen(trials("++--+-", "--++++", "--++++"), 0)
    assert found.best == 1
    assert found.kept == (2, 3, 4, 5)
    assert chosen(trials("++--", "--++"), 0).best == 0, "on equal terms the first"


def test_what_most_versions_answer_counts_and_errors_support_nothing() -> None:
    right, other = ("1", "2", "!ValueError"), ("1", "3", "!ValueError")
    even = [Trial((True, True), "", a) for a in (other, right, right)]
    assert chosen(even, 0).best == 1, "equal claims: the answer most versions give"
    slips = [Trial((True,), "", ("!NameError",)), Trial((True,), "", ("!NameError",))]
    assert chosen([Trial((True,), "", ("5",)), *slips], 0).best == 0
    unlike = [Trial((True,), "", ("5",)), Trial((True,), "", ("6",))]
    assert not chosen(unlike, 0).settled, "they keep the claim and are not the same"
    assert chosen([unlike[0], unlike[0]], 0).settled


def test_a_function_written_anew_speaks_for_itself_only() -> None:
    matter = Matter(("f", "g"), ("f", "g"))
    first = Trial((True, False), "", ("1", "2"))
    again = Trial((True, True), "", ("1", "3"), speaks=("g",))
    found = choose([first, again], matter, 0)
    assert (found.best, found.open) == (1, ("f",)), "nothing as good speaks of g, one of f"
    rival = replace(again, answers=("1", "4"))
    assert choose([first, again, rival], matter, 0).open == ("f",), "three have spoken of g"
    assert choose([again, rival], matter, 0).open == ("f", "g")
    found = choose([first, replace(first, answers=("1", "9")), again, again], matter, 0)
    assert (found.best, found.settled) == (2, True)
    other = [Trial((True, True), "", (f"{n}", "3")) for n in (7, 7)]
    mute = [Trial((True, True), "", ("8", "3"), speaks=("-",))] * 9
    assert choose([*mute, *other], matter, 0).best == 9, "copies are no votes"


def test_one_that_keeps_claims_outweighs_many_that_keep_none() -> None:
    many = [Trial((False, False, False), "", ("[2]",))] * 3
    assert chosen([*many, Trial((True, True, False), "", ("2",))], 0).best == 3
    assert chosen([*many, Trial((False,) * 3, "", ("2",))], 0).best == 0
    slips = [Trial((True, False, False), "", ("!KeyError",))] * 3
    assert chosen([*slips, Trial((True, True, False), "", ("2",))], 0).best == 3


def test_calls_with_which_versions_are_compared() -> None:
    claims = ("assert f(2) == 4", "raises(ValueError, f, -1)", "assert g('ab', [1]) == 'x'")
    made = probes.calls((*claims, "assert f(2) != 5", "assert f(len('a')) == 1"), ("f", "g"))
    assert made == ("f(2)", "f(-1)", "g('ab', [1])")
    assert probes.like(made) == (
        "f(3)", "f(0)", "f(-2)", "f(1)",
        "g('', [1])", "g('abab', [1])", "g('ba', [1])", "g('AB', [1])",
        "g('ab', [])", "g('ab', [1, 1])",
    )  # fmt: skip


def test_functions_that_undo_each_other_are_held_to_it() -> None:
    claims = ("assert enc('a', 2) == 'c'", "raises(ValueError, dec, '', 1)", "assert dec(x, 1)")
    assert probes.inverses(claims, "enc", "dec") == ("assert dec(enc('a', 2), 2) == 'a'",)
    brief = "A library `c` with `enc(text, n)` and `dec(text, n)`, its inverse; with tests."
    assert (wished := wish(brief)) is not None and wished.inverse
    assert (wished := wish(brief.replace("its inverse", "the rest"))) is not None
    assert not wished.inverse


def test_values_are_compared_as_they_are_meant() -> None:
    assert tried.plain(0.1 + 0.2) == tried.plain(0.3) and tried.plain(-0.0) == "0.0"
    assert tried.plain({"b": 1, "a": {2, 1}}) == tried.plain({"a": {1, 2}, "b": 1})
    assert tried.plain([1, (2,)]) == "[1, (2,)]" and tried.plain((1,)) != tried.plain([1])
    assert tried.plain(object()) == "object"


BASE = "import re\n\n\ndef f(x):\n    return x\n\n\ndef g(x):\n    return f(x)\n"
OTHER = (
    "import re\nfrom math import pi as PI\n\nLIMIT: int = 3\n\n\n"
    "def helper(x):\n    return LIMIT\n\n\n"
    "def f(x):\n    return helper(x) + PI\n\n\ndef g(x):\n    return 9\n"
)


def test_a_function_of_another_version_comes_with_what_it_needs() -> None:
    text = mixed(BASE, OTHER, "f")
    assert text is not None
    names: dict[str, Any] = {}
    exec(text, names)
    assert names["f"](1) == 3 + names["PI"]
    assert names["g"](1) == names["f"](1), "the rest is the base's"
    assert text.count("import re") == 1


@pytest.mark.parametrize(
    ("base", "other", "name"),
    [
        (BASE, BASE, "f"),
        (BASE, OTHER, "h"),
        (BASE, "def f(:", "f"),
        ("class f: pass", OTHER, "f"),
    ],
)
def test_what_cannot_be_mixed_stays_as_it_is(base: str, other: str, name: str) -> None:
    assert mixed(base, other, name) is None


@pytest.mark.parametrize(
    ("claim", "name"),
    [
        ("assert slugify('a') == 'a'", "slugify"),
        ("assert sorted(unique('a', [])) == ['a']", "unique"),
        ("raises(ValueError, unique, None)", "unique"),
        ("assert not slugify('')", "slugify"),
    ],
)
def test_what_a_claim_is_about(claim: str, name: str) -> None:
    assert claims.about(claim) == name


@pytest.mark.parametrize(
    ("begun", "answer", "whole"),
    [
        ("```python\nassert f(", "1) == 2", "```python\nassert f(1) == 2"),
        ("```python\n", "```python\nx = 1", "```python\nx = 1"),
        ("```python\n", "x = 1", "```python\nx = 1"),
        ("```python\nassert f(", "assert f(1) == 2", "```python\nassert f(1) == 2"),
    ],
)
def test_an_answer_goes_on_from_what_was_begun_or_begins_anew(
    begun: str, answer: str, whole: str
) -> None:
    assert joined(begun, answer) == whole
