"""Tools for other agents end to end, by the Model Context Protocol's own client library (R30)."""

import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import editor_rooms
import jsonschema
import mcp_types
import msgspec
import pytest
from acp_client import configure
from anyio.to_thread import run_sync
from crashing import AFTER, ANSWER, BEFORE, Room, editor, stop
from mcp import ClientSession, StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError

from samokoder.server.mcp import tools

pytestmark = pytest.mark.timeout(120)


class Agent:
    """A client, what it was asked, and how it answers."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.asked: list[str] = []
        self.progress: list[tuple[float, str]] = []
        self.decide: Callable[[str, list[str]], str | None] = lambda text, options: options[0]
        self.session: Any = None
        self.begun = anyio.Event()

    async def elicit(self, _context: Any, params: Any) -> Any:
        self.asked.append(params.message)
        options = params.requested_schema["properties"]["answer"]["enum"]
        answer = self.decide(params.message, options)
        if answer is None:
            return mcp_types.ElicitResult(action="decline")
        return mcp_types.ElicitResult(action="accept", content={"answer": answer})

    async def roots(self, _context: Any) -> Any:
        root = mcp_types.Root(uri=self.room.work.as_uri())
        return mcp_types.ListRootsResult(roots=[root])

    async def told(self, progress: float, _total: float | None, message: str | None) -> None:
        self.progress.append((progress, message or ""))
        if "Running" in (message or ""):
            self.begun.set()

    async def call(self, tool: str, /, **args: Any) -> Any:
        return await self.session.call_tool(tool, args, progress_callback=self.told)


@asynccontextmanager
async def agent(room: Room, *, elicits: bool = True, roots: bool = False) -> AsyncIterator[Agent]:
    """An agent in the room's workspace, before it has said anything."""
    made = Agent(room)
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "samokoder.server.main", "mcp"],
        env={**_environ(), **room.env},
        cwd=str(room.folder if roots else room.work),
    )
    async with stdio_client(server) as (read, write):
        async with ClientSession(
            read,
            write,
            elicitation_callback=made.elicit if elicits else None,
            list_roots_callback=made.roots if roots else None,
        ) as session:
            await session.initialize()
            made.session = session
            yield made


def _environ() -> dict[str, str]:
    return dict(os.environ)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """A workspace with one bug, and a scripted model."""
    made = Room(tmp_path)
    configure(made)
    try:
        yield made
    finally:
        await stop(made)
    assert await run_sync(editor_rooms.processes, made) == []


async def runs(room: Room) -> list[dict[str, Any]]:
    async with editor(room) as client:
        return list(await client.command("samokoder.run.list"))


def text(result: Any) -> str:
    return str(result.content[0].text)


async def test_check_fix_and_undo(room: Room) -> None:
    async with agent(room) as it:
        checked = await it.call("check")
        assert not checked.is_error
        assert not checked.structured_content["ok"]
        assert [p["path"] for p in checked.structured_content["problems"]] == ["test_calc.py"]
        assert len(it.asked) == 1 and "run the checks of work" in it.asked[0]

        it.progress.clear()
        fixed = await it.call("fix")
        assert not fixed.is_error
        assert fixed.structured_content["solved"]
        assert fixed.structured_content["applied"]
        assert "Proven at L2 and applied" in text(fixed)
        assert room.tree()["calc.py"] == AFTER
        assert len(it.asked) == 1, "consent is asked for once"
        numbers = [number for number, _ in it.progress]
        assert numbers == sorted(set(numbers)), "progress only grows"
        assert any("Running" in message for _, message in it.progress)

        run = fixed.structured_content["run"]["id"]
        shown = await it.call("run_show", run=run)
        assert shown.structured_content["summary"]["state"] == "succeeded"
        undone = await it.call("run_undo", run=run)
        assert undone.structured_content["run"]["state"] == "undone"
        assert room.tree()["calc.py"] == BEFORE
        listed = await it.call("run_list", limit=1)
        assert listed.structured_content["result"][0]["id"] == run


async def test_tools_are_described_and_keep_to_their_schemas(room: Room) -> None:
    async with agent(room) as it:
        offered = (await it.session.list_tools()).tools
        names = {tool.name for tool in offered}
        assert names == set(tools.OFFERS)
        for tool in offered:
            taken = set(tool.input_schema["properties"])
            assert not taken & tools.HIDDEN, "these are a person's to decide"
            jsonschema.Draft202012Validator.check_schema(tool.input_schema)
            jsonschema.Draft202012Validator.check_schema(tool.output_schema)
        show = next(tool for tool in offered if tool.name == "run_show")
        assert show.annotations.read_only_hint
        assert next(t for t in offered if t.name == "fix").annotations.destructive_hint


async def test_without_consent_nothing_runs(room: Room) -> None:
    async with agent(room) as it:
        it.decide = lambda text, options: "No"
        refused = await it.call("fix")
        assert refused.is_error
        assert "needs your consent" in text(refused)
        assert f"samokoder trust {room.work}" in text(refused), "what helps is said"
        undo = await it.call("run_undo")
        assert undo.is_error and "not allowed" in text(undo)
    assert await runs(room) == []


async def test_who_cannot_be_asked_needs_trust_beforehand(room: Room) -> None:
    async with agent(room, elicits=False) as it:
        assert (await it.call("check")).is_error
        async with editor(room) as client:
            await client.command("samokoder.trust")
        assert not (await it.call("check")).is_error
        own = await it.call("check", check="touch made-by-the-agent")
        assert own.is_error, "trust in the project's commands is none in the agent's"
        assert "made-by-the-agent" not in room.tree()


async def test_a_command_of_the_agents_own_is_asked_for_each_time(room: Room) -> None:
    command = f"{sys.executable} -m unittest -q"
    async with agent(room) as it:
        await it.call("check")
        for _ in range(2):
            it.asked.clear()
            checked = await it.call("check", check=command)
            assert not checked.is_error
            assert it.asked == [f"An agent wants to run `{command}` in work. Allow it?"]


async def test_what_is_no_argument_is_refused(room: Room) -> None:
    wrong: list[dict[str, Any]] = [{"yes": True}, {"unconfined": True}, {"model": "x"}, {"pat": 1}]
    async with agent(room) as it:
        for args in wrong:
            result = await it.call("check", **args)
            assert result.is_error
            assert "has no argument" in text(result)
        assert it.asked == []


async def test_only_in_the_folders_the_client_works_in(room: Room) -> None:
    async with agent(room, roots=True) as it:
        inside = await it.call("check")
        assert inside.structured_content["run"]["root"] == str(room.work)
        outside = await it.call("check", root=str(room.folder))
        assert outside.is_error and "outside" in text(outside)
        missing = await it.call("check", root="no-such-folder")
        assert missing.is_error and "is not a folder" in text(missing)


async def test_runs_of_other_workspaces_are_none_of_the_agents_business(room: Room) -> None:
    other = room.folder / "other"
    (other / "src").mkdir(parents=True)
    async with editor(room) as client:
        made = await client.command("samokoder.check", {"root": str(other), "yes": True})
    run = made["run"]["id"]
    async with agent(room) as it:
        for tool in ("run_show", "run_cancel", "run_undo"):
            result = await it.call(tool, run=run)
            assert result.is_error and "There is no run" in text(result)


async def test_cancelling_a_call_cancels_its_run(room: Room) -> None:
    script = {"rules": [{"answer": ANSWER, "delay": 30}], "log": "calls.jsonl"}
    (room.folder / "script.json").write_bytes(msgspec.json.encode(script))
    async with agent(room) as it:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(it.call, "fix")
            with anyio.fail_after(45):
                await it.begun.wait()
            tasks.cancel_scope.cancel()
        with anyio.fail_after(45):
            while (await runs(room))[0]["state"] != "cancelled":
                await anyio.sleep(0.05)
        assert (await it.call("run_list")).structured_content["result"], "the session goes on"
        assert room.tree()["calc.py"] == BEFORE


async def test_a_client_that_leaves_cancels_nothing(room: Room) -> None:
    script = {"rules": [{"answer": ANSWER, "delay": 2}], "log": "calls.jsonl"}
    (room.folder / "script.json").write_bytes(msgspec.json.encode(script))
    async with agent(room) as it:
        started = await it.call("fix", wait=False)
        run = started.structured_content["run"]["id"]
    async with editor(room) as client, anyio.create_task_group():
        with anyio.fail_after(30):
            while True:
                view = await client.command("samokoder.run.show", {"run": run})
                if view["summary"]["state"] == "succeeded":
                    break
                await anyio.sleep(0.1)
    assert room.tree()["calc.py"] == AFTER


async def test_a_question_of_a_run_is_the_persons(room: Room) -> None:
    """Who can be asked is asked; otherwise the run waits for its user, and the agent is told."""
    config = room.folder / "config" / "config.toml"
    before = await run_sync(config.read_text)
    await run_sync(config.write_text, before + '[run]\napply = "ask"\n')
    async with agent(room) as it:
        fixed = await it.call("fix")
        assert it.asked[-1] == "Apply “y = x ** 3” to calc.py?"
        assert fixed.structured_content["applied"]
        await it.call("run_undo")
    async with agent(room, elicits=False) as it:
        left = await it.call("fix")
        assert left.is_error and "waits for its user" in text(left)
        run = text(left).split()[1]
        shown = await it.call("run_show", run=run)
        assert shown.structured_content["summary"]["state"] == "waiting"
    async with editor(room) as client:
        await client.command("samokoder.run.answer", {"run": run, "answer": "Apply"})
        with anyio.fail_after(45):
            while room.tree()["calc.py"] != AFTER:
                await anyio.sleep(0.05)


async def test_unknown_tools_and_methods(room: Room) -> None:
    async with agent(room) as it:
        with pytest.raises(MCPError, match="no tool nothing"):
            await it.session.call_tool("nothing", {})
        with pytest.raises(MCPError, match="Unknown method"):
            await it.session.list_prompts()


async def test_results_fit_their_schemas(room: Room) -> None:
    """The library checks them too; here for a fix that finds nothing to prove."""
    script = {"rules": [{"answer": "I do not know."}], "log": "calls.jsonl"}
    (room.folder / "script.json").write_bytes(msgspec.json.encode(script))
    async with agent(room) as it:
        schemas = {t.name: t.output_schema for t in (await it.session.list_tools()).tools}
        result = await it.call("fix")
        assert not result.structured_content["solved"]
        jsonschema.validate(json.loads(json.dumps(result.structured_content)), schemas["fix"])
