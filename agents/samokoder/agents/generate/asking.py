"""A question whose answer has a type: the schema goes with it, what comes back is checked."""

import re
from typing import Any, TypeVar

import msgspec
from anyio import to_thread

from samokoder.agents.errors import AnswerUnusable
from samokoder.agents.generate import wording
from samokoder.agents.models.model import Answer, ChatRequest, Message, Role
from samokoder.agents.runs.context import Run

T = TypeVar("T")

TRIES = 2
"""Times an answer of the wrong form is asked for again, the first included."""

_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_FENCE = re.compile(r"\A\s*```[a-z]*\n(?P<inner>.*?)\n?```\s*\Z", re.DOTALL)


async def ask(
    run: Run,
    role: Role,
    agent: str,
    shape: type[T],
    *,
    key: str,
    max_tokens: int = 4096,
    **facts: Any,
) -> T:
    """An answer of this type from the agent's own prompts; ``facts`` fill them.

    Raises AnswerUnusable when the model does not keep to the form, and what ``run.ask`` raises.
    """
    system, user = await to_thread.run_sync(wording.pair, agent, facts)
    messages: tuple[Message, ...] = (Message("system", system), Message("user", user))
    schema = schema_of(shape)
    profile = await run.profile(role)
    if profile is not None:
        max_tokens = min(max_tokens, profile.context // 3)
    reason = ""
    for number in range(TRIES):
        request = ChatRequest(messages, max_tokens=max_tokens, schema=schema)
        answer = await run.ask(role, request, key=f"{key}/{number}", agent=agent)
        refuse(answer, agent)
        found = decode(answer.text, shape)
        if not isinstance(found, Wrong):
            return found
        reason = found.reason
        if answer.finish == "length":
            reason = f"it was cut off at {max_tokens} tokens: answer more briefly"
        again = await to_thread.run_sync(wording.one, "again", {"reason": reason})
        messages = (*messages[:2], Message("assistant", answer.text), Message("user", again))
    raise AnswerUnusable(f"{agent}: {reason}")


def refuse(answer: Answer, agent: str) -> None:
    """Raise when the model would not answer at all."""
    if answer.finish == "refused":
        raise AnswerUnusable(f"{agent}: the model refused to answer")


class Wrong(msgspec.Struct, frozen=True):
    """Why a text is not of the wanted type."""

    reason: str


def decode(text: str, shape: type[T]) -> T | Wrong:
    """The value in a model's answer, out of a fence or out of the prose around it."""
    text = _THOUGHT.sub("", text).strip()
    fenced = _FENCE.match(text)
    if fenced is not None:
        text = fenced["inner"]
    first, last = text.find("{"), text.rfind("}")
    if first < 0 or last < first:
        return Wrong("the answer holds no JSON object")
    try:
        return msgspec.json.decode(text[first : last + 1], type=shape, strict=False)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        return Wrong(str(error))


def schema_of(shape: type[Any]) -> dict[str, Any]:
    """The type's JSON schema without references; every object closed, every property required."""
    whole = msgspec.json.schema(shape)
    closed: dict[str, Any] = _closed(whole, whole.get("$defs", {}))
    return closed


def _closed(part: Any, named: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_closed(item, named) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _closed(named[part["$ref"].rpartition("/")[2]], named)
    out = {
        key: {name: _closed(x, named) for name, x in value.items()}
        if key == "properties"
        else _closed(value, named)
        for key, value in part.items()
        if key not in ("title", "default", "$defs")
    }
    if "properties" in out:
        out["required"] = list(out["properties"])
        out["additionalProperties"] = False
    return out
