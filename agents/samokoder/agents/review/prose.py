"""Findings for people: lines for a terminal, Markdown for a merge request.

What comes from code or a model is shown as it is, but never as markup or control characters.
"""

import re
from collections.abc import Sequence

from samokoder.agents.counting import counted
from samokoder.agents.review.view import FindingView

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+!|~@])")
_FENCE = re.compile(r"`{3,}")


def plain(text: str) -> str:
    """Without what would steer a terminal or turn the reading direction."""
    return _CONTROL.sub("\ufffd", text)


def sureness(finding: FindingView) -> str:
    """How far the finding is to be believed."""
    if finding.proof:
        return f"proven by {finding.proof}"
    if finding.origin == "model":
        return f"not proven, confidence {finding.confidence:.0%}"
    return f"found by {finding.origin}"


def lines(findings: Sequence[FindingView]) -> str:
    """A line each, as compilers print them, with the reasons indented below."""
    out: list[str] = []
    for f in findings:
        mark = f" [{f.origin}/{f.rule}]" if f.rule else f" [{f.origin}]"
        cwe = f" CWE-{f.cwe}" if f.cwe else ""
        first, *rest = plain(f.message).split("\n")
        out.append(f"{plain(f.path)}:{f.line}:{f.column}: {f.severity}: {first}{mark}{cwe}")
        out += [f"    {line}" for line in rest]
        out.append(f"    {sureness(f)}; fingerprint {f.fingerprint[:12]}")
        if f.advice:
            out.append(f"    {plain(f.advice)}")
        for place in f.evidence:
            at = f"{plain(place.path)}:{place.line}: " if place.path else ""
            text = plain(place.text).strip().partition("\n")[0][:160]
            out.append(f"      {place.kind}: {at}{text}")
    return plain("\n".join(out))


def markdown(findings: Sequence[FindingView], what: str) -> str:
    """A section for a merge request."""
    count = len(findings)
    out = [f"## Review of {_escaped(what)}", ""]
    if not findings:
        out.append("No findings.")
        return "\n".join(out)
    out += [f"{counted(count, 'finding')}, gravest first.", ""]
    for f in findings:
        cwe = f", CWE-{f.cwe}" if f.cwe else ""
        out.append(
            f"### {f.severity.capitalize()}: {_escaped(f.path)}:{f.line} "
            f"({_escaped(f.rule or f.category)}{cwe})"
        )
        out += ["", _escaped(f.message), ""]
        fence = "`" * (3 + max((len(m) for m in _FENCE.findall(f.quote)), default=0))
        out += [fence, plain(f.quote), fence, ""]
        if f.advice:
            out += [_escaped(f.advice), ""]
        out.append(f"_{sureness(f).capitalize()}._")
        for place in f.evidence:
            at = f"{place.path}:{place.line} " if place.path else ""
            out.append(f"- {place.kind}: {_escaped(at + place.text[:300])}")
        out.append("")
    return plain("\n".join(out)).rstrip()


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", plain(text)).replace("\n", "  \n")
