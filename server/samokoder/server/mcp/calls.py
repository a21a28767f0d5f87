"""One tool call: a command of the daemon under the permissions of the person behind the agent."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import TaskGroup

from samokoder.server.answers import NO, ONCE
from samokoder.server.client import RequestFailed
from samokoder.server.mcp import wire
from samokoder.server.mcp.tools import COMMAND_LINES, Tool
from samokoder.server.relay import Began, Happened, Happening, Relay, Said

Choose = Callable[[str, tuple[str, ...]], Awaitable[str | None]]
Progress = Callable[[str], None]


class ToolCall:
    """See the module. ``choose`` asks the person; None when there is nobody to ask."""

    def __init__(
        self, tool: Tool, relay: Relay, root: Path, choose: Choose | None, progress: Progress
    ) -> None:
        self._tool, self._relay, self._root = tool, relay, root
        self._choose, self._progress = choose, progress
        self._run = ""
        self._waiting = anyio.Event()
        self._question: Mapping[str, Any] = {}
        self._asking: anyio.CancelScope | None = None
        self._tasks: TaskGroup

    async def result(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """The result of the call, errors included."""
        known = self._tool.takes["properties"]
        for name in args:
            if name not in known:
                return wire.failed(f"{self._tool.name} has no argument {name}.")
        refused = await self._refused(args)
        if refused:
            return wire.failed(refused)
        answers: list[dict[str, Any]] = []

        async def work() -> None:
            answers.append(await self._worked(args))
            tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            tasks.start_soon(work)
            await self._waiting.wait()
            # nobody here can answer: the run waits for its person, the agent does not
            self._relay.leave(self._run)
            tasks.cancel_scope.cancel()
        return answers[0] if answers else wire.failed(self._left())

    async def _worked(self, args: Mapping[str, Any]) -> dict[str, Any]:
        tool = self._tool
        given = {**args, "root": str(self._root)} if "root" in tool.takes["properties"] else args
        try:
            result = await self._relay.work(tool.command.name, given, self._hear, anyio.Event())
        except RequestFailed as error:
            return wire.failed(self._why(error))
        return {
            "content": [wire.text(tool.shown(result))],
            "structuredContent": tool.structured(result),
        }

    async def _refused(self, args: Mapping[str, Any]) -> str:
        """Why the call may not go on; empty when it may."""
        if args.get("run") and not await self._here(str(args["run"])):
            return f"There is no run {args['run']} in {self._root}."
        for name in COMMAND_LINES:
            command = args.get(name)
            if not isinstance(command, str) or not command:
                continue
            question = f"An agent wants to run `{command}` in {self._root.name}. Allow it?"
            if not await self._allowed(question):
                return (
                    f"The command `{command}` was not allowed. Without `{name}` the project's "
                    "own is used."
                )
        if self._tool.offer.writes and "check" not in self._tool.takes["properties"]:
            if await self._trusted():
                return ""
            question = f"An agent wants to change files of {self._root.name}"
            if not await self._allowed(f"{question} ({self._tool.name}). Allow it?"):
                return f"This changes files and was not allowed. {self._hint()}"
        return ""

    async def _here(self, run: str) -> bool:
        """Whether a run belongs to the workspace this call is about."""
        try:
            view = await self._relay.command("samokoder.run.show", {"run": run})
        except RequestFailed:
            return False
        return bool(view["summary"]["root"] == str(self._root))

    async def _allowed(self, question: str) -> bool:
        return self._choose is not None and await self._choose(question, (ONCE, NO)) == ONCE

    async def _trusted(self) -> bool:
        with suppress(RequestFailed):
            wanted = {"list": True, "root": str(self._root)}
            held = await self._relay.command("samokoder.trust", wanted)
            return any(c["kind"] == "commands" for c in held["consents"])
        return False

    def _hint(self) -> str:
        return f"The user can allow it once: `samokoder trust {self._root}` in a terminal."

    def _why(self, error: RequestFailed) -> str:
        data = error.data if isinstance(error.data, dict) else {}
        if data.get("code") == "not-trusted":
            return f"{str(error).partition(' Answer the question')[0]} {self._hint()}"
        return str(error)

    def _left(self) -> str:
        options = ", ".join(self._question.get("options", ()))
        return (
            f"Run {self._run} waits for its user: {self._question.get('text', '')} ({options}). "
            f"The user answers in an editor or with `samokoder run answer {self._run}`; "
            "`run_show` tells how it goes on."
        )

    async def _hear(self, happening: Happening) -> None:
        if isinstance(happening, Said):
            percent = "" if happening.percent is None else f" ({happening.percent} %)"
            self._progress(f"{happening.message}{percent}")
        elif isinstance(happening, Began):
            self._run = happening.run
            self._progress(f"Run {happening.run}: {happening.title}")
        elif happening.kind == "question":
            self._tasks.start_soon(self._answer, happening)
        elif self._asking is not None and happening.facts.get("state", "waiting") != "waiting":
            self._asking.cancel()  # somebody answered elsewhere

    async def _answer(self, asked: Happened) -> None:
        self._question = asked.facts
        answer: str | None = None
        with anyio.CancelScope() as self._asking:
            if self._choose is not None:
                answer = await self._choose(asked.facts["text"], tuple(asked.facts["options"]))
            if answer is None:
                self._waiting.set()
                return
            with suppress(RequestFailed):  # answered elsewhere in the same moment
                given = {"run": asked.run, "question": asked.facts["key"], "answer": answer}
                await self._relay.command("samokoder.run.answer", given)
