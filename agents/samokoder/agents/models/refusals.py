"""What a provider's refusal means, whichever status and words it chose."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from samokoder.agents.errors import (
    ModelError,
    ModelRefusedKey,
    ModelUnavailable,
    PromptTooLong,
    RateLimited,
)
from samokoder.agents.models.redact import scrub
from samokoder.agents.models.retry import retry_after

MAX_DETAIL: Final = 300
"""Characters of a provider's own words that are passed on."""

_PASSING: Final = frozenset({408, 409, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
_TOO_LONG: Final = re.compile(
    r"(?i)context[_ ](?:length|window|size)|maximum (?:context|prompt|input)|prompt is too long|"
    r"input is too long|(?:input|prompt).{0,40}token.{0,40}exceed|too many (?:input )?tokens|"
    r"request (?:entity )?too large|reduce the length|string_above_max_length"
)
_BAD_KEY: Final = re.compile(r"(?i)API_KEY_INVALID|api key not valid|invalid[_ ]api[_ ]?key")
_NO_CREDIT: Final = re.compile(
    r"(?i)insufficient[_ ](?:quota|balance|credit|funds)|credit balance is too low|"
    r"exceeded your current quota, please check your plan|billing_hard_limit|payment required"
)
_OVERLOADED: Final = re.compile(r"(?i)overloaded|unavailable|server_error|internal|try again")
_MARKUP: Final = re.compile(r"(?is)<(script|style)\b.*?</\1>|<[^>]*>")


def refusal(
    provider: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes | str,
    *,
    key: str = "",
    model: str = "",
) -> ModelError:
    """The typed error for an answer that is not 2xx (or an error event with that status)."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    said = words(text, key)
    detail = f"{provider} answered {status}" + (f": {said}" if said else "")
    if _NO_CREDIT.search(text) or status == 402:
        return ModelRefusedKey(detail, hint="The account behind this key has no credit left.")
    if status in (401, 403) or _BAD_KEY.search(text):
        return ModelRefusedKey(detail)
    if status in (400, 413, 422) and (status == 413 or _TOO_LONG.search(text)):
        return PromptTooLong(detail)
    if status == 429:
        return RateLimited(detail, retry_after=retry_after(headers, text))
    if status in _PASSING:
        return ModelUnavailable(detail, retry_after=retry_after(headers, text))
    if status == 404:
        return ModelError(detail, hint=f"Check the model's name ({model}) and the address.")
    if 300 <= status < 400:
        return ModelError(detail, hint="The address points elsewhere; check `model.base_url`.")
    return ModelError(detail)


def event_refusal(provider: str, error: Any, *, key: str = "", model: str = "") -> ModelError:
    """The typed error for an error object inside a stream that began well."""
    body = json.dumps(error, ensure_ascii=False)
    return refusal(provider, _status(error, body), {}, body, key=key, model=model)


def words(text: str, key: str = "") -> str:
    """The provider's own words, short, on one line, without markup and without secrets."""
    try:
        found = _message(json.loads(text), 0)
    except (ValueError, RecursionError):
        found = None
    plain = found if found is not None else _MARKUP.sub(" ", text)
    plain = scrub(plain[: MAX_DETAIL * 20], (key,) if key else ())
    plain = " ".join("".join(c if c.isprintable() else " " for c in plain).split())
    return plain if len(plain) <= MAX_DETAIL else plain[: MAX_DETAIL - 1] + "…"


def _message(value: Any, depth: int) -> str | None:
    if depth > 4:
        return None
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        for name in ("error", "message", "detail", "errors"):
            if value.get(name):
                found = _message(value[name], depth + 1)
                if found is not None:
                    return found
    return None


def _status(error: Any, body: str) -> int:
    if isinstance(error, dict):
        for name in ("code", "status", "status_code"):
            value = error.get(name)
            if isinstance(value, str) and value.isdecimal():
                value = int(value)
            if isinstance(value, int) and 300 <= value < 600:
                return value
        kind = str(error.get("type") or error.get("status") or error.get("code") or "")
        named = {
            "overloaded_error": 529,
            "api_error": 500,
            "timeout_error": 504,
            "rate_limit_error": 429,
            "rate_limit_exceeded": 429,
            "RESOURCE_EXHAUSTED": 429,
            "UNAVAILABLE": 503,
            "INTERNAL": 500,
            "authentication_error": 401,
            "permission_error": 403,
            "not_found_error": 404,
            "request_too_large": 413,
        }
        if kind in named:
            return named[kind]
    return 503 if _OVERLOADED.search(body) else 400
