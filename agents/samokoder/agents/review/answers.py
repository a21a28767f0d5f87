"""What models answer in a review, read strictly: what does not fit is no answer."""

import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from samokoder.agents.errors import AnswerUnusable

_FENCE = re.compile(r"^\s*```(?:json)?\s*\n(.*?)\n\s*```\s*$", re.DOTALL)
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
MOST = 12
"""Findings one answer may hold."""

Confidence = Annotated[float, Meta(ge=0, le=1)]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One finding as a model puts it."""

    path: str = ""
    line: int = 0
    kind: str = ""
    quote: str
    problem: str
    advice: str = ""
    cwe: str = ""
    rule: str = ""
    confidence: Confidence = 0.5


class Claims(msgspec.Struct, frozen=True):
    findings: tuple[Claim, ...]


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What the second look says of a claim."""

    verdict: Literal["wrong", "right", "unsure"]
    reason: str = ""
    confidence: Confidence = 0.5
    test: str = ""


_STRING = {"type": "string"}
CLAIMS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "findings": {
            "type": "array",
            "maxItems": MOST,
            "items": {
                "type": "object",
                "properties": {
                    "path": _STRING,
                    "line": {"type": "integer"},
                    "kind": _STRING,
                    "quote": _STRING,
                    "problem": _STRING,
                    "advice": _STRING,
                    "cwe": _STRING,
                    "rule": _STRING,
                    "confidence": {"type": "number", "minimum": 0, "maximum": 1},
                },
                "required": [
                    "path", "line", "kind", "quote", "problem", "advice", "cwe", "rule",
                    "confidence",
                ],
                "additionalProperties": False,
            },
        }
    },
    "required": ["findings"],
    "additionalProperties": False,
}  # fmt: skip
JUDGEMENT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "verdict": {"type": "string", "enum": ["wrong", "right", "unsure"]},
        "reason": _STRING,
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "test": _STRING,
    },
    "required": ["verdict", "reason", "confidence", "test"],
    "additionalProperties": False,
}


def claims(text: str) -> tuple[Claim, ...]:
    """The claims of an answer; AnswerUnusable when it is not in the form asked for."""
    try:
        return msgspec.json.decode(_body(text), type=Claims, strict=False).findings[:MOST]
    except msgspec.DecodeError as error:
        raise AnswerUnusable(str(error)) from error


def judgement(text: str) -> Judgement:
    """The second look's word; AnswerUnusable as above."""
    try:
        return msgspec.json.decode(_body(text), type=Judgement, strict=False)
    except msgspec.DecodeError as error:
        raise AnswerUnusable(str(error)) from error


def _body(text: str) -> str:
    """The JSON object in an answer that may be fenced."""
    bare = _THOUGHT.sub("", text).strip()
    fenced = _FENCE.match(bare)
    return fenced.group(1) if fenced else bare
