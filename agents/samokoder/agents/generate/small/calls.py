"""Questions to a small model: begun for it, since what it begins well it ends well."""

from typing import Any

from anyio import to_thread

from samokoder.agents.generate import asking, wording
from samokoder.agents.generate.small import answers
from samokoder.agents.models.model import ChatRequest, Message, Role
from samokoder.agents.models.redact import redact, restore
from samokoder.agents.runs.context import Run

NAME = "developer"
CODE = "```python\n"
END = ("\n```",)

_HEAT = (0.0, 0.6, 0.8, 0.8, 1.0, 1.0)


def heat(number: int) -> float:
    """The temperature of a version: the first is the likeliest, the others are to differ."""
    return _HEAT[min(number, len(_HEAT) - 1)]


async def code(
    run: Run,
    prompt: str,
    facts: dict[str, Any],
    key: str,
    tokens: int,
    number: int,
    begun: str = "",
) -> str:
    """The code of an answer, ending in one line end; ``number`` of the try makes it hotter."""
    start = CODE + begun
    answer = await answered(run, prompt, facts, key, tokens, heat(number), start, END)
    return answers.code(answer).rstrip() + "\n"


async def answered(
    run: Run,
    prompt: str,
    facts: dict[str, Any],
    key: str,
    tokens: int,
    heat: float,
    begun: str,
    stop: tuple[str, ...],
) -> str:
    """An answer that goes on from ``begun``, with that."""
    table: dict[str, str] = {}
    system = await to_thread.run_sync(wording.one, "small/system", {})
    user = redact(await to_thread.run_sync(wording.one, f"small/{prompt}", facts), table)
    messages = (Message("system", system), Message("user", user), Message("assistant", begun))
    seed = int(key.rpartition("/")[2]) if key[-1].isdigit() else 0
    request = ChatRequest(messages, max_tokens=tokens, temperature=heat, seed=seed, stop=stop)
    answer = await run.ask(Role.CODER, request, key=key, agent=NAME)
    asking.refuse(answer, NAME)
    return restore(answers.joined(begun, answer.text), table)
