"""Hits of the data flow told as findings, each with its whole way as evidence."""

from samokoder.agents.checks.check import Severity
from samokoder.agents.review.finding import Category, Exhibit, Finding, Proof
from samokoder.agents.review.pyfile import PyFile
from samokoder.agents.review.taint import flow, hazard
from samokoder.agents.review.taint.machine import Hit

ORIGIN = "taint"


def told(file: PyFile, hit: Hit) -> Finding:
    """The finding for one hit: proven where every step of the way was seen."""
    facts = hazard.FACTS[hit.hazard]
    taint = hit.taint
    place = file.place(hit.node, first_line=True)
    evidence: list[Exhibit] = []
    last = -1
    for node, note in flow.steps_of(taint):
        where = file.place(node, note, first_line=True)
        if where.line != last or note:
            evidence.append(Exhibit("flow", note, where))
        last = where.line
    evidence.append(Exhibit("flow", f"reaches {hit.sink}", place))
    subject = f"`{taint.label}`"
    if taint.kind == "stranger":
        message = f"{subject} reaches {hit.sink}, so whoever sends the request can {facts.harm}."
    else:
        message = f"{subject} is kept as a secret in {hit.sink}, but anybody can {facts.harm}."
    entry = evidence[0].place
    complete = not taint.assumed
    severity = facts.severity if complete else min_severity(facts.severity)
    return Finding(
        path=file.path,
        line=place.line,
        column=place.column,
        end_line=place.end_line,
        end_column=place.end_column,
        quote=place.quote,
        rule=hit.hazard.value,
        message=f"{message} (CWE-{facts.cwe})",
        origin=ORIGIN,
        category=Category.SECURITY,
        cwe=facts.cwe,
        severity=severity,
        confidence=0.9 if complete else 0.6,
        proof=Proof.FLOW if complete else Proof.NONE,
        evidence=tuple(evidence),
        related=(entry,) if entry is not None and entry.line != place.line else (),
        advice=facts.advice,
    )


def min_severity(severity: Severity) -> Severity:
    """At most a warning: a part of the way was not seen."""
    return Severity.WARNING if severity is Severity.ERROR else severity
