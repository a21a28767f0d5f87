"""Findings as SARIF 2.1.0, for code scanning services and other viewers.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from samokoder.agents.review.view import FindingView, PlaceView

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVEL = {"error": "error", "warning": "warning", "info": "note", "hint": "note"}
_ROOT = "SRCROOT"


def sarif(findings: Sequence[FindingView], root: Path, version: str) -> dict[str, Any]:
    """One log with one run; dismissed findings are in it as suppressed."""
    rules: dict[str, FindingView] = {}
    for finding in findings:
        rules.setdefault(_rule_id(finding), finding)
    numbers = {name: number for number, name in enumerate(rules)}
    base = root.as_uri().rstrip("/") + "/"
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Samokoder",
                        "version": version,
                        "rules": [_rule(name, one) for name, one in rules.items()],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {_ROOT: {"uri": base}},
                "results": [_result(one, numbers) for one in findings],
            }
        ],
    }


def _rule_id(finding: FindingView) -> str:
    return f"{finding.origin}/{finding.rule or finding.category}"


def _rule(name: str, finding: FindingView) -> dict[str, Any]:
    tags = [finding.category.replace(" ", "-")]
    if finding.cwe:
        tags.append(f"external/cwe/cwe-{finding.cwe}")
    return {
        "id": name,
        "shortDescription": {"text": f"{finding.category}: {finding.rule or finding.origin}"},
        "properties": {"tags": tags},
    }


def _result(finding: FindingView, numbers: dict[str, int]) -> dict[str, Any]:
    name = _rule_id(finding)
    text = finding.message + (f"\n{finding.advice}" if finding.advice else "")
    result: dict[str, Any] = {
        "ruleId": name,
        "ruleIndex": numbers[name],
        "level": _LEVEL[finding.severity],
        "message": {"text": text},
        "locations": [_location(finding)],
        "partialFingerprints": {"samokoder/v1": finding.fingerprint},
        "properties": {
            "confidence": finding.confidence,
            "proof": finding.proof or "none",
            "origin": finding.origin,
            "severity": finding.severity,
        },
    }
    flow = [place for place in finding.evidence if place.kind == "flow" and place.path]
    if flow:
        steps = [{"location": _location(place, place.text)} for place in flow]
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    related = [p for p in (*finding.related, *finding.evidence) if p.path and p.kind != "flow"]
    if related:
        result["relatedLocations"] = [
            {"id": number, **_location(place, place.text)} for number, place in enumerate(related)
        ]
    told = [{"kind": p.kind, "text": p.text} for p in finding.evidence if not p.path]
    if told:
        result["properties"]["evidence"] = told
    if finding.dismissed:
        result["suppressions"] = [{"kind": "external", "justification": finding.dismissed}]
    return result


def _location(at: FindingView | PlaceView, text: str = "") -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": max(1, at.line), "startColumn": max(1, at.column)}
    if at.end_line >= at.line:
        region["endLine"] = max(1, at.end_line)
        if at.end_column:
            region["endColumn"] = at.end_column
    if at.quote:
        region["snippet"] = {"text": at.quote}
    place: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(at.path), "uriBaseId": _ROOT},
            "region": region,
        }
    }
    if text:
        place["message"] = {"text": text}
    return place
