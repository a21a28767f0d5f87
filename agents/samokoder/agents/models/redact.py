"""Secrets are found and taken out before text leaves for a model, a log or the database.

Two ways out: :func:`redact` puts a numbered placeholder in a secret's place and remembers it in a
table, so that :func:`restore` can put it back into what a model returns; :func:`scrub` is one-way.
A block of several lines becomes one placeholder, so number lines before redacting.
"""

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Final

from samokoder.agents.models.secret_shapes import BOUNDARY, QUOTED, SHAPES, TELLING, UNQUOTED, Shape

PLACEHOLDER: Final = re.compile(r"⟦secret:\d+⟧")
"""What stands for a secret in a prompt; an edit that touches one is refused."""

SCRUBBED: Final = "⟦secret⟧"
"""What stands for a secret in logs and in the database; never restored."""

_WEAK: Final = re.compile(
    r"(?i)(?:[<\[{(%$#*⟦].*|.*[>}⟧]|(.)\1*|"
    r"(?:.*[^a-z])?(?:change[-_]?me|your|example|dummy|placeholder|redacted|sample|fixme|insert|"
    r"replace)(?:[^a-z].*)?|"
    r"(?:(?:my|the|a|an|some|test|fake|default|user|db|admin|root|new|old|app|foo)[-_ ]?)*"
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|key|api[-_]?key|user(?:name)?|value|string|none|"
    r"null|true|false|undefined|admin|root|postgres|guest|mysql|test|foo|bar|baz)s?[-_]?\d{0,3})\Z"
)
"""Values that stand for a secret and are none."""

_CODE: Final = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|->|/)[A-Za-z_$][\w$]*)*\Z")
_WORDS: Final = re.compile(r"[A-Za-z]+(?:[-_. /:]+[A-Za-z]+)*(?:[-_.]?v?\d{1,2})?\Z")
_PLACE: Final = re.compile(r"(?:\.{0,2}/|~/|[A-Za-z]:\\|\w+://)")
_PIECE: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_IDENTIFIER_START: Final = re.compile(r"[\w.-]{0,80}\Z")
_IDENTIFIER_REST: Final = re.compile(r"[\w.-]{0,80}")

_PASSWORD_WORDS: Final = ("password", "passwd", "passphrase", "passcode", "pwd", "dbpass")
_SECRET_WORDS: Final = ("secret", "secrets", "token", "apikey", "credential", "credentials")
_KEYS: Final = re.compile(
    r"api|access|auth|private|secret|signing|encryption|master|account|service|shared|"
    r"consumer|client|app|deploy|license|storage|webhook|bot|admin|session"
)
_ABOUT: Final = re.compile(
    r"name|names|type|id|url|uri|path|file|field|header|length|len|count|limit|class|label|"
    r"format|prefix|suffix|max|min|kind|regex|pattern|endpoint|placeholder|policy|rules|"
    r"reset|form|input|error|hint|title|message|expires|expiry|ttl|public|validator|index|"
    r"idx|bucket"
)
"""A name with one of these is about a secret and does not hold it."""


def redact(text: str, table: MutableMapping[str, str], known: Iterable[str] = ()) -> str:
    """``text`` with a placeholder for each secret; ``table`` (placeholder → secret) grows.

    Within one table the same secret always has the same placeholder. ``known`` are values that
    are secret whatever they look like. Placeholders that already stand in ``text`` stay.
    """
    spans = find(text, known)
    if not spans:
        return text
    names = {secret: placeholder for placeholder, secret in table.items()}
    taken = {m.group() for m in PLACEHOLDER.finditer(text)} | table.keys()
    number = 0
    out: list[str] = []
    at = 0
    for start, end in spans:
        secret = text[start:end]
        while secret not in names:
            number += 1
            name = f"⟦secret:{number}⟧"
            if name not in taken:
                names[secret] = name
                table[name] = secret
        out += (text[at:start], names[secret])
        at = end
    out.append(text[at:])
    return "".join(out)


def restore(text: str, table: Mapping[str, str]) -> str:
    """Put the secrets of ``table`` back; unknown placeholders stay as they are."""
    return PLACEHOLDER.sub(lambda m: table.get(m.group(), m.group()), text)


def scrub(text: str, known: Iterable[str] = ()) -> str:
    """``text`` without its secrets, for logs, events and the database. Not reversible."""
    out: list[str] = []
    at = 0
    for start, end in find(text, known):
        out += (text[at:start], SCRUBBED)
        at = end
    return "".join((*out, text[at:])) if at else text


def find(text: str, known: Iterable[str] = ()) -> list[tuple[int, int]]:
    """Where secrets are, as (start, end) in characters: sorted, joined where they overlap."""
    spans = sorted({*_known(text, known), *_shaped(text), *_named(text)})
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _known(text: str, known: Iterable[str]) -> Iterator[tuple[int, int]]:
    for secret in known:
        at = text.find(secret) if len(secret) >= 6 else -1
        while at >= 0:
            yield at, at + len(secret)
            at = text.find(secret, at + len(secret))


def _shaped(text: str) -> Iterator[tuple[int, int]]:
    for shape in SHAPES:
        group = 1 if shape.pattern.groups else 0
        for anchor in shape.anchors:
            at = text.find(anchor)
            while at >= 0:
                match = shape.pattern.match(text, at) if _begins(text, at) else None
                if match is not None and _plausible(shape, match.group(group), bool(group)):
                    yield match.span(group)
                at = text.find(anchor, match.end() if match is not None else at + 1)


def _begins(text: str, at: int) -> bool:
    return not text[at].isalnum() or BOUNDARY.search(text[max(0, at - 3) : at]) is not None


def _plausible(shape: Shape, found: str, told: bool) -> bool:
    return not (shape.mixed and not _mixed(found)) and not (told and _WEAK.match(found))


def _named(text: str) -> Iterator[tuple[int, int]]:
    done = 0
    for hit in TELLING.finditer(text):
        if hit.start() < done:
            continue
        before = _IDENTIFIER_START.search(text, max(0, hit.start() - 80), hit.start())
        start = before.start() if before else hit.start()
        rest = _IDENTIFIER_REST.match(text, hit.end())
        end = rest.end() if rest else hit.end()
        done = end
        name = text[start:end].rstrip(".-").rpartition(".")[2]
        kind = _kind(name)
        if kind is None:
            continue
        quoted = QUOTED.match(text, end)
        if quoted is not None:
            listed = quoted["next"] and name not in (name.lower(), name.upper())
            if not listed and _secret(quoted["value"], kind, loose=True):
                yield quoted.span("value")
            continue
        plain = UNQUOTED.match(text, end)
        if plain is None:
            continue
        flagged = text.startswith("--", start)
        if plain["word"] and not flagged:
            continue
        setting = bool(plain["tight"]) and (flagged or name.upper() == name)
        value = plain["value"]
        code = not setting and _CODE.match(value) and ("." in value or not _dense(value))
        if not code and _secret(value, kind, loose=setting):
            yield plain.span("value")


def _kind(name: str) -> str | None:
    """ "password", "token", or None when the name does not say that it holds a secret."""
    words = [w.lower() for w in _PIECE.findall(name)]
    if not words or _ABOUT.fullmatch(words[-1]) or "public" in words:
        return None
    if words[-1] == "pass" or any(w.endswith(_PASSWORD_WORDS) for w in words):
        return "password"
    if any(w in _SECRET_WORDS or w.endswith(("secret", "token", "apikey")) for w in words):
        return "token"
    pairs = itertools.pairwise(words)
    return "token" if any(b == "key" and _KEYS.fullmatch(a) for a, b in pairs) else None


def _secret(value: str, kind: str, *, loose: bool) -> bool:
    if len(value) < 6 or _WEAK.match(value) or any(c.isspace() for c in value):
        return False
    if value.isalpha() and re.search(r"(?i)passw|token|secret", value):
        return False
    words = _WORDS.match(value) is not None
    if kind == "password":
        if words:
            return (loose and not value.isalpha() and value[-1].isdigit()) or (
                value.isalpha() and (len(value) >= 16 or (loose and _uneven(value)))
            )
        return True
    if _PLACE.match(value):
        return False
    if words and not _dense(value):
        return False
    return _dense(value) or (_mixed(value) and len(value) >= 8 and entropy(value) >= 2.5)


def _dense(value: str) -> bool:
    """Looks random: long, and a digit or evenly mixed cases where words would have none."""
    if len(value) < 16 or entropy(value) < 3.0:
        return False
    if _mixed(value) and not _WORDS.match(value):
        return True
    upper = sum(c.isupper() for c in value)
    return len(value) >= 20 and value.isalnum() and 0.3 <= upper / len(value) <= 0.7


def _uneven(value: str) -> bool:
    return any(a.islower() and b.isupper() for a, b in itertools.pairwise(value))


def _mixed(value: str) -> bool:
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def entropy(value: str) -> float:
    """Shannon entropy in bits per character."""
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values())
