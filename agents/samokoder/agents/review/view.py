"""A finding as it is handed out: flat, the same for commands, exports and editors."""

import msgspec

from samokoder.agents.review.finding import Place
from samokoder.agents.review.request import Reported


class PlaceView(msgspec.Struct, frozen=True, kw_only=True):
    """A place with what is said about it. ``kind`` is that of the evidence, or "related"."""

    kind: str
    text: str = ""
    path: str = ""
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    quote: str = ""


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    """Lines and columns count from 1, columns in code points, the end lies just behind.

    ``proof`` is empty for what is not proven. ``dismissed`` holds the reason where it is.
    """

    fingerprint: str
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    severity: str
    message: str
    rule: str
    origin: str
    category: str
    quote: str
    cwe: str = ""
    confidence: float = 0.0
    proof: str = ""
    advice: str = ""
    evidence: tuple[PlaceView, ...] = ()
    related: tuple[PlaceView, ...] = ()
    dismissed: str = ""


def view(reported: Reported) -> FindingView:
    """The finding for others."""
    f = reported.finding
    return FindingView(
        fingerprint=reported.fingerprint,
        path=f.path,
        line=f.line,
        column=f.column,
        end_line=f.end_line,
        end_column=f.end_column,
        severity=str(f.severity),
        message=f.message,
        rule=f.rule,
        origin=f.origin,
        category=str(f.category),
        quote=f.quote,
        cwe=f.cwe,
        confidence=f.confidence,
        proof=str(f.proof),
        advice=f.advice,
        evidence=tuple(_place(e.kind, e.text, e.place) for e in f.evidence),
        related=tuple(_place("related", p.note, p) for p in f.related),
        dismissed=reported.dismissed,
    )


def _place(kind: str, text: str, at: Place | None) -> PlaceView:
    if at is None:
        return PlaceView(kind=kind, text=text)
    return PlaceView(
        kind=kind,
        text=text or at.note,
        path=at.path,
        line=at.line,
        column=at.column,
        end_line=at.end_line,
        end_column=at.end_column,
        quote=at.quote,
    )
