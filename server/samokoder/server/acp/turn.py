"""One prompt being worked on: a command of the daemon, told as messages, tool calls and plans."""

from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from anyio.abc import TaskGroup
from anyio.to_thread import run_sync

from samokoder.server.acp import asking, plans, reply, wire
from samokoder.server.acp.prompts import Wanted
from samokoder.server.client import RequestFailed
from samokoder.server.relay import Began, Happened, Happening, Relay, Said

if TYPE_CHECKING:
    from samokoder.server.acp.session import Session

CANCELLED = -32800
SHOWN_LINES = 12
"""Lines of progress a tool call shows."""
_KINDS: dict[str, wire.ToolKind] = {
    "fix": "edit",
    "generate": "edit",
    "hunt": "edit",
    "new": "edit",
    "plan": "think",
    "explain": "think",
    "review": "search",
    "check": "execute",
    "preview": "execute",
    "undo": "edit",
    "apply": "edit",
    "restore": "edit",
}
_ACTIVE = ("queued", "running", "waiting")
_DONE = ("applied", "undone")


class Turn:
    """What one command of the daemon does, as the client is told."""

    def __init__(self, session: "Session", relay: Relay, id: str) -> None:
        self._session, self._relay, self.id = session, relay, id
        self.stop = anyio.Event()
        """Set: the user cancelled."""
        self.run = ""
        self._said: deque[str] = deque(maxlen=SHOWN_LINES)
        self._question: anyio.CancelScope | None = None
        self._edits: dict[int, dict[str, Any]] = {}
        """Tool calls of changes by their number."""
        self._plan: Path | None = None
        self._ended: dict[str, str] = {}
        """How tasks of the plan ended, by their ids."""
        self._tasks: TaskGroup

    async def command(self, wanted: Wanted) -> str:
        """Run the command to its end; the stop reason."""
        command = wanted.command
        told = self._session.update
        last = command.name.rpartition(".")[2]
        kind = _KINDS.get(last, _KINDS.get(command.name.split(".")[1], "other"))
        told(wire.begun(self.id, command.summary.rstrip("."), kind, wanted.args))
        result: Any = None
        failure: RequestFailed | None = None
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            try:
                result = await self._relay.work(command.name, wanted.args, self.hear, self.stop)
            except RequestFailed as error:
                failure = error
            tasks.cancel_scope.cancel()
        if failure is None:
            await self._settle()
            told(wire.went_on(self.id, status="completed", rawOutput=result))
            told(wire.said(reply.shown(command, result)))
            return "end_turn"
        cancelled = failure.code == CANCELLED and self.stop.is_set()
        words = "Cancelled." if cancelled else reply.failed(failure)
        await self._settle()
        told(wire.went_on(self.id, status="failed", content=[wire.content(words)]))
        told(wire.said(words))
        return "cancelled" if cancelled else "end_turn"

    async def follow(self, run: str, title: str) -> None:
        """Tell of a run that is under way until it ends."""
        ended = anyio.Event()
        self.run = run

        async def hear(happening: Happening) -> None:
            await self.hear(happening)
            event = happening if isinstance(happening, Happened) else None
            if event and event.kind == "state" and event.facts["state"] not in _ACTIVE:
                ended.set()

        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            async with self._relay.watching(run, hear):
                view = await self._relay.command("samokoder.run.show", {"run": run})
                if view["summary"]["state"] in _ACTIVE:
                    for question in view["questions"]:
                        if question["answer"] is None:
                            self._ask(question)
                    await ended.wait()
            tasks.cancel_scope.cancel()
        await self._settle()
        view = await self._relay.command("samokoder.run.show", {"run": run})
        state, reason = view["summary"]["state"], view["summary"]["reason"]
        good = state in ("succeeded", "undone")
        words = f"{title}: {state}" + (f" ({reason})" if reason else "")
        self._session.update(
            wire.went_on(
                self.id, status="completed" if good else "failed", content=[wire.content(words)]
            )
        )

    async def hear(self, happening: Happening) -> None:
        """Something happened on the way."""
        if isinstance(happening, Said):
            shown = "" if happening.percent is None else f" ({happening.percent} %)"
            self._said.append(f"{happening.message}{shown}")
            text = wire.content("\n".join(self._said))
            self._session.update(wire.went_on(self.id, content=[text]))
        elif isinstance(happening, Began):
            self.run = happening.run
            self._session.update(wire.went_on(self.id, title=happening.title))
        elif happening.kind == "question":
            self._ask(happening.facts)
        elif happening.kind == "state" and happening.facts["state"] != "waiting":
            if self._question is not None:
                self._question.cancel()  # somebody answered elsewhere
        elif happening.kind in ("change", "applied"):
            await self._show_change(happening.facts)
        elif happening.kind == "plan":
            self._plan = self._session.cwd / str(happening.facts["path"])
            await self._show_plan()
        elif happening.kind == "task":
            self._ended[str(happening.facts["id"])] = str(happening.facts["end"])
            await self._show_plan()

    async def _show_plan(self) -> None:
        if self._plan is not None:
            shown = await run_sync(plans.entries, self._plan, dict(self._ended))
            self._session.update(wire.plan(shown))

    async def _show_change(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The tool call of a change set, with its diffs; told of once."""
        number = facts["change"]
        if number not in self._edits:
            call = self._edits[number] = wire.begun(
                f"{self.id}.change{number}", facts["title"], "edit"
            )
            files: list[Mapping[str, Any]] = []
            with suppress(RequestFailed):
                wanted = {"run": self.run, "change": number}
                files = await self._relay.command("samokoder.run.diff", wanted)
            root = self._session.cwd
            places = [{"path": str(root / (f.get("new_path") or f["path"]))} for f in files]
            content = reply.diffs(root, files)
            call |= {"status": "pending", "content": content, "locations": places}
            self._session.update(call)
        return self._edits[number]

    def _ask(self, question: Mapping[str, Any]) -> None:
        self._tasks.start_soon(self._answer, dict(question))

    async def _answer(self, question: dict[str, Any]) -> None:
        """Ask the person, and give the run the answer."""
        with anyio.CancelScope() as self._question:
            key, options = question["key"], tuple(question["options"])
            call: dict[str, Any] = {"toolCallId": f"{self.id}.{key}", "title": question["text"]}
            change = await self._change_of(key)
            if change is not None:
                shown = await self._show_change(change)
                call |= {k: shown[k] for k in ("toolCallId", "kind", "content", "locations")}
                await self._session.look_at([f["path"] for f in change["files"]])
            if change is not None and self._session.mode == "proven" and "Apply" in options:
                answer: str | None = "Apply"
            else:
                call["status"] = "pending"
                answer = await asking.permission(self._session.ask, call, options)
            if answer is None:
                # nobody decided: nothing happens, and where that is no option the run waits
                answer = asking.refusal(options)
            if answer is None:
                words = f"The run waits for an answer: {question['text']} ({', '.join(options)}). "
                self._session.update(wire.said(words + f"`/run answer {self.run} …` gives it."))
                return
            with suppress(RequestFailed):  # answered elsewhere in the same moment
                given = {"run": self.run, "question": key, "answer": answer}
                await self._relay.command("samokoder.run.answer", given)

    async def _change_of(self, key: str) -> dict[str, Any] | None:
        """The change set a question is about."""
        if not key.startswith("apply:"):
            return None
        with suppress(RequestFailed):
            view = await self._relay.command("samokoder.run.show", {"run": self.run})
            for change in view["changes"]:
                if f"apply:{change['key']}" == key:
                    return {**change, "change": change["id"]}
        return None

    async def _settle(self) -> None:
        """What became of the changes that were shown."""
        if not self.run:
            return
        with suppress(RequestFailed):
            view = await self._relay.command("samokoder.run.show", {"run": self.run})
            for change in view["changes"]:
                if change["state"] in _DONE or change["id"] in self._edits:
                    shown = await self._show_change({**change, "change": change["id"]})
                    done = change["state"] in _DONE
                    self._session.update(
                        wire.went_on(shown["toolCallId"], status="completed" if done else "failed")
                    )
