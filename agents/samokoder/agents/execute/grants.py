"""Who lets a command run: the policy, else the user, else nobody."""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

from samokoder.agents.checks.check import Check
from samokoder.agents.execute.command import Command, Purpose
from samokoder.agents.execute.policy import judge
from samokoder.agents.runs.context import Run

RUN, ONLINE, NO = "Run it", "Run it with network access", "Do not run it"

NO_NETWORK = "it needs the network, which was not granted (`execute.network`)"


@dataclass(frozen=True, slots=True)
class Grant:
    """``refused`` says why it must not be started; empty lets it run."""

    purpose: Purpose
    network: bool = False
    refused: str = ""


async def grant(run: Run, command: Command, known: Collection[Check] = ()) -> Grant:
    """Ask where the policy does not decide. A run asks once for one command line.

    Without a person the answer is no: nobody agreed to it.
    """
    settings = run.settings.execute
    judged = judge(command, settings, known)
    if judged.allowed and not judged.network:
        # the project's own checks get what checks get
        return Grant(
            judged.purpose, judged.purpose is Purpose.TEST and run.settings.sandbox.network
        )
    if judged.allowed:
        if settings.network == "always" or run.settings.sandbox.network:
            return Grant(judged.purpose, network=True)
        if settings.network == "never":
            return Grant(judged.purpose, refused=NO_NETWORK)
        brings = f" ({command.brings[:400]})" if command.brings else ""
        text = f"`{command.text}`{brings} needs network access to install what the project names. "
        text += "The project's own install scripts would have it too. Allow it?"
        answer = await run.question(_key(command), text, (ONLINE, NO), NO)
        return Grant(judged.purpose, answer == ONLINE, "" if answer == ONLINE else NO_NETWORK)
    text = f"An agent wants to run `{command.text}`{_where(command)}; {judged.reason}. Allow it?"
    options = (RUN, NO) if settings.network == "never" else (RUN, ONLINE, NO)
    answer = await run.question(_key(command), text, options, NO)
    if answer not in (RUN, ONLINE):
        return Grant(judged.purpose, refused=f"{judged.reason}, and nobody allowed it")
    return Grant(judged.purpose, answer == ONLINE)


def _key(command: Command) -> str:
    text = "\0".join((command.cwd, *command.argv, command.brings))
    return f"execute/{sha256(text.encode()).hexdigest()[:12]}"


def _where(command: Command) -> str:
    return f" in {command.cwd}" if command.cwd else ""
