"""Reading what tools print: the corpus of real outputs, and the corners it does not reach."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from samokoder.agents.checks.ansi import plain
from samokoder.agents.checks.check import Severity
from samokoder.agents.checks.parse import PARSERS, parse
from samokoder.agents.checks.places import Places
from samokoder.agents.checks.report import read_report

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "error_detection.py"
HERE = Places(roots=("/srv/project",), files=frozenset({"main.py", "src/a.py", "b/src/a.py"}))


def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("error_detection", BENCHMARK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("pasted", [False, True])
def test_precision_and_recall_on_the_corpus(pasted: bool) -> None:
    """R7: at least 0.97 for every tool, read as its own output and as text of unknown origin."""
    scores = benchmark().scores(pasted=pasted)
    assert len(scores) >= 16
    low = {
        tool: (score.precision, score.recall, score.wrong)
        for tool, score in scores.items()
        if score.precision < 0.97 or score.recall < 0.97
    }
    assert low == {}


@pytest.mark.parametrize("kind", [*PARSERS, "text"])
def test_no_parser_fails_on_another_tools_output_or_on_halves_of_it(kind: str) -> None:
    for log, _ in benchmark().corpus():
        text = log.read_text("utf-8")
        for part in (text, text[: len(text) // 2], text[len(text) // 3 :]):
            parse(kind, part, HERE)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/srv/project/src/a.py", "src/a.py"),
        ("src/a.py", "src/a.py"),
        ("./src/../src/a.py", "src/a.py"),
        ("file:///srv/project/main.py", "main.py"),
        ("C:\\work\\main.py", "main.py"),
        ("/app/b/src/a.py", "b/src/a.py"),
        ("/app/src/a.py", "src/a.py"),
        ("/usr/lib/python3.11/site-packages/main.py", None),
        ("/srv/project/.venv/lib/main.py", None),
        ("/usr/lib/python3.11/main.py", None),
        ("../../etc/passwd", None),
        ("<string>", None),
        ("node:internal/main.py", None),
        ("gone.py", None),
        ("", None),
    ],
)
def test_paths_of_the_workspace_are_told_from_others(raw: str, path: str | None) -> None:
    assert HERE.locate(raw) == path


def test_without_a_list_of_files_only_foreign_paths_are_refused() -> None:
    places = Places(roots=("/copy", "/srv/project"), cwd="pkg")
    assert places.locate("/copy/x.py") == "x.py"
    assert places.locate("x.py") == "pkg/x.py"
    assert places.locate("../x.py") == "x.py"
    assert places.locate("/elsewhere/x.py") is None
    assert places.locate("node_modules/x/y.js") is None


def test_an_ending_two_files_share_is_no_evidence() -> None:
    places = Places(files=frozenset({"one/util.py", "two/util.py"}))
    assert places.locate("/app/util.py") is None
    assert places.locate("/app/two/util.py") == "two/util.py"


def test_control_sequences_and_overwritten_lines_disappear() -> None:
    assert plain("\x1b[31mошибка\x1b[0m\r\n") == "ошибка\n"
    assert plain("10%\r50%\r100%\ndone") == "100%\ndone"
    assert plain("\x1b]8;;http://x\x07link\x1b]8;;\x07") == "link"


def test_a_warning_is_no_error() -> None:
    said = parse("generic", "main.py:3: DeprecationWarning: old\nmain.py:4:2: error: bad\n", HERE)
    assert [(p.line, p.severity) for p in said.problems] == [
        (3, Severity.WARNING), (4, Severity.ERROR),
    ]  # fmt: skip


def test_times_and_addresses_are_no_places() -> None:
    text = (
        "at 10:20:30 see https://example.org:80/main.py and user@host:22\n12:30:45 main started\n"
    )
    assert parse("text", text, HERE).problems == ()


def test_identities_survive_moved_lines() -> None:
    first = parse("mypy", "main.py:3:1: error: bad  [x]", HERE).problems[0]
    later = parse("mypy", "main.py:9:5: error: bad  [x]", HERE).problems[0]
    assert first.identity == later.identity


def test_endless_text_is_read_in_linear_time() -> None:
    """Patterns must not backtrack on what a hostile program prints."""
    import time

    for text in ("a" * 200_000, "File " * 40_000, ": " * 80_000, "=" * 200_000, "/a" * 60_000):
        for kind in [*PARSERS, "text"]:
            started = time.perf_counter()
            parse(kind, text, HERE)
            assert time.perf_counter() - started < 1.0, (kind, text[:10])


def test_a_failure_cannot_be_talked_away_in_the_report(tmp_path: Path) -> None:
    """The tested code can write there too: a later record never turns a failure into a pass."""
    rows = ["failed", "passed"]
    records = [{"event": "start", "tool": "unittest", "root": "/x"}, {"event": "nonsense"}]
    records += [{"event": "test", "id": "t.T.a", "outcome": row} for row in rows]
    path = tmp_path / "report.jsonl"
    path.write_text("\n".join(map(json.dumps, records)) + '\nnot json\n[1]\n{"event": "test"}\n')
    report = read_report(path, HERE)
    assert report is not None and not report.finished
    assert report.parsed.failed == ("t.T.a",) and report.parsed.passed == ()
    assert read_report(tmp_path / "none", HERE) is None
