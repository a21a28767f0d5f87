"""The Agent Client Protocol end to end, by the protocol's own client library (R30)."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import editor_rooms
import msgspec
import pytest
import scenario
from acp import resource_link_block
from acp.exceptions import RequestError
from acp_client import acp_client, configure
from anyio.to_thread import run_sync
from crashing import AFTER, ANSWER, BEFORE, Room, editor, stop

pytestmark = pytest.mark.timeout(120)
APPLY = "Apply “y = x ** 3” to calc.py?"


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


async def newest(room: Room) -> dict[str, Any]:
    async with editor(room) as client:
        runs = await client.command("samokoder.run.list")
        return dict(runs[0])


async def children(pid: int) -> list[str]:
    """Command lines of the processes below this one."""

    def look() -> list[str]:
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == pid:
                    found.append((folder / "cmdline").read_text())
            except (OSError, ValueError):
                continue
        return found

    return await run_sync(look)


async def test_a_fix_is_shown_as_a_diff_and_applied_when_allowed(room: Room) -> None:
    async with acp_client(room) as client:
        assert await client.prompt("The tests fail, please fix them.") == "end_turn"
        consent, apply = client.asked
        assert consent[1] == ["Always in this workspace", "Only now", "No"]
        assert apply[0] == APPLY
        assert apply[2]["content"][0]["new_text"] == AFTER, "what is asked about is shown in full"
        assert client.diffs() == [("calc.py", BEFORE, AFTER)]
        assert room.tree()["calc.py"] == AFTER
        assert client.ended()["y = x ** 3"] == "completed"
        assert "samokoder fix --all" in client.said, "what was understood is said"
        assert "Proven at L2 and applied" in client.said
        commands = client.of("available_commands_update")[0]["available_commands"]
        assert {"fix", "check", "undo"} <= {c["name"] for c in commands}

        assert await client.prompt("/undo") == "end_turn"
        assert room.tree()["calc.py"] == BEFORE


async def test_a_refused_change_stays_a_proposal(room: Room) -> None:
    async with acp_client(room) as client:
        client.decide = lambda text, options: "Leave it" if text == APPLY else options[0]
        assert await client.prompt("/fix") == "end_turn"
        assert room.tree()["calc.py"] == BEFORE
        assert client.ended()["y = x ** 3"] == "failed"
        assert await client.prompt("/apply") == "end_turn"
        assert room.tree()["calc.py"] == AFTER, "the proposal was kept"


async def test_a_dismissed_question_lets_nothing_happen(room: Room) -> None:
    async with acp_client(room) as client:
        client.decide = lambda text, options: None if text == APPLY else options[0]
        assert await client.prompt("/fix") == "end_turn"
        assert room.tree()["calc.py"] == BEFORE
        assert client.ended()["y = x ** 3"] == "failed"


async def test_refused_consent_runs_nothing(room: Room) -> None:
    async with acp_client(room) as client:
        client.decide = lambda text, options: "No"
        assert await client.prompt("/fix") == "end_turn"
        assert "needs your consent" in client.said
        assert len(client.asked) == 1
    async with editor(room) as other:
        assert await other.command("samokoder.run.list") == []


async def test_cancelling_ends_the_run(room: Room) -> None:
    script = {"rules": [{"answer": ANSWER, "delay": 30}], "log": "calls.jsonl"}
    (room.folder / "script.json").write_bytes(msgspec.json.encode(script))
    async with acp_client(room) as client, anyio.create_task_group() as tasks:
        reasons: list[str] = []

        async def ask() -> None:
            reasons.append(await client.prompt("/fix"))

        tasks.start_soon(ask)
        await client.until(lambda: bool(room.bought()))
        await client.conn.cancel(session_id=client.session)
        await client.until(lambda: bool(reasons))
        assert reasons == ["cancelled"]
        run = await newest(room)
        assert run["state"] == "cancelled", "when the answer is there the run has ended"
        assert room.tree()["calc.py"] == BEFORE


async def test_cancelling_an_open_question(room: Room) -> None:
    async with acp_client(room) as client, anyio.create_task_group() as tasks:
        reasons: list[str] = []

        async def ask() -> None:
            reasons.append(await client.prompt("/fix"))

        client.hold = anyio.Event()
        client.decide = lambda text, options: None
        tasks.start_soon(ask)
        await client.until(lambda: len(client.asked) == 1)
        await client.conn.cancel(session_id=client.session)
        client.hold.set()
        await client.until(lambda: bool(reasons))
        assert reasons == ["cancelled"]
        client.decide = lambda text, options: options[0]
        assert await client.prompt("/fix") == "end_turn"
        assert room.tree()["calc.py"] == AFTER, "the session works on"


async def test_modes_say_what_may_be_applied(room: Room) -> None:
    async with acp_client(room) as client:
        await client.conn.set_session_mode(session_id=client.session, mode_id="propose")
        await client.prompt("/fix")
        assert room.tree()["calc.py"] == BEFORE
        await client.conn.set_session_mode(session_id=client.session, mode_id="proven")
        await client.prompt("/fix")
        assert room.tree()["calc.py"] == AFTER
        assert [text for text, _, _ in client.asked if text == APPLY] == []
        with pytest.raises(RequestError, match="no mode"):
            await client.conn.set_session_mode(session_id=client.session, mode_id="yolo")


async def test_what_the_client_has_not_saved_is_merged_and_given_back(room: Room) -> None:
    typed = (
        BEFORE.replace('"""Twice x."""', '"""Twice x, 🎉 é."""')
        + "\n\n# typed\x0c, \u2028not saved\n"
    )
    async with acp_client(room) as client:
        path = str(room.work / "calc.py")
        client.buffers[path] = typed
        assert await client.prompt("/fix") == "end_turn"
        assert client.written == [path]
        assert client.buffers[path] == typed.replace("x ** 3", "x * 2")
        assert room.tree()["calc.py"] == BEFORE, "saving is the client's"


async def test_a_plan_is_approved_and_its_tasks_are_told(tmp_path: Path) -> None:
    room = scenario.prepare(tmp_path)
    try:
        async with acp_client(room) as client:
            command = scenario.check("quarter")
            words = f"/generate --check '{command}' '{scenario.BRIEF}'"
            await client.conn.set_session_mode(session_id=client.session, mode_id="proven")
            assert await client.prompt(words) == "end_turn"
            (approval,) = [asked for asked in client.asked if "Go ahead?" in asked[0]]
            assert approval[1] == ["Go ahead", "Stop here"]
            plans = client.of("plan")
            assert [e["status"] for e in plans[0]["entries"]] == ["pending"]
            assert plans[-1]["entries"][0] == {
                "content": "T1: Quarters and their tests",
                "priority": "medium",
                "status": "completed",
            }
            assert ("quarter.py", None, scenario.QUARTER) in client.diffs()
            assert (room.work / "quarter.py").read_text() == scenario.QUARTER
    finally:
        await stop(room)


async def test_line_ends_alone_are_nothing_unsaved(room: Room) -> None:
    """Some clients hold line feeds whatever the file has: the file keeps its own."""
    crlf = BEFORE.replace("\n", "\r\n")
    (room.work / "calc.py").write_bytes(crlf.encode())
    async with acp_client(room) as client:
        client.buffers[str(room.work / "calc.py")] = BEFORE
        await client.prompt("/fix")
        assert client.written == []
        data = await run_sync((room.work / "calc.py").read_bytes)
        assert data.decode() == AFTER.replace("\n", "\r\n")


async def test_a_mentioned_file_is_what_it_is_about(room: Room) -> None:
    async with acp_client(room) as client:
        link = resource_link_block(name="calc.py", uri=(room.work / "calc.py").as_uri())
        assert await client.prompt("please repair this", link) == "end_turn"
        assert "samokoder fix calc.py" in client.said


async def test_what_cannot_be_understood_is_said(room: Room) -> None:
    async with acp_client(room) as client:
        for words, wanted in (
            ("/fux", "no /fux"),
            ("/fix --chekc x", "chekc"),
            ("/fix --check", "requires an argument"),
            ("", "nothing in it"),
        ):
            client.updates.clear()
            assert await client.prompt(words) == "end_turn"
            assert wanted in client.said


async def test_a_daemon_that_dies_is_replaced(room: Room) -> None:
    """The prompt is answered, the next one has a new daemon, the run is taken up there."""
    script = {"rules": [{"answer": ANSWER, "delay": 2}], "log": "calls.jsonl"}
    (room.folder / "script.json").write_bytes(msgspec.json.encode(script))
    async with acp_client(room) as client, anyio.create_task_group() as tasks:
        reasons: list[str] = []

        async def ask() -> None:
            reasons.append(await client.prompt("/fix"))

        tasks.start_soon(ask)
        await client.until(lambda: bool(room.bought()))
        os.kill(room.daemon(), signal.SIGKILL)
        await client.until(lambda: bool(reasons))
        assert reasons == ["end_turn"]
        assert "went away" in client.said
        await client.prompt("/runs")
        assert "Fix work" in client.said
        with anyio.fail_after(30):
            while (await newest(room))["state"] != "waiting":
                await anyio.sleep(0.1)
        await client.prompt(f"/run answer {(await newest(room))['id']} Apply")
        await client.until(lambda: room.tree()["calc.py"] == AFTER)


async def test_requests_that_cannot_be_met_are_refused(room: Room) -> None:
    async with acp_client(room) as client:
        conn = client.conn
        with pytest.raises(RequestError, match="not an absolute path"):
            await conn.new_session(cwd="/no/such/folder", mcp_servers=[])
        with pytest.raises(RequestError, match="no session"):
            await conn.load_session(cwd=str(room.work), session_id="what", mcp_servers=[])
        with pytest.raises(RequestError, match="Unknown method"):
            await conn.ext_method("nothing", {})


async def test_a_session_is_loaded_with_its_runs_and_followed(room: Room) -> None:
    """The client dies while a question is open; the next one is asked it again."""
    async with acp_client(room) as first, anyio.create_task_group() as tasks:
        session = first.session
        tasks.start_soon(first.prompt, "/fix")
        await first.until(lambda: len(first.asked) == 1)
        first.hold = anyio.Event()
        await first.until(lambda: len(first.asked) == 2)
        tasks.cancel_scope.cancel()
    assert room.tree()["calc.py"] == BEFORE
    async with acp_client(room, session=session) as second:
        await second.until(lambda: room.tree()["calc.py"] == AFTER)
        assert second.of("user_message_chunk")[0]["content"]["text"] == "Fix work"
        assert [text for text, _, _ in second.asked] == [APPLY]
        await second.until(lambda: second.ended().get("Fix work") == "completed")


async def test_it_works_without_a_daemon(room: Room) -> None:
    async with acp_client(room, "--in-process") as client:
        await client.prompt("/fix")
        assert room.tree()["calc.py"] == AFTER
        assert not room.daemon()


async def test_nothing_is_left_when_the_client_dies(room: Room) -> None:
    async with acp_client(room) as client:
        await client.until(lambda: bool(client.of("available_commands_update")))
        pid = client.process.pid
        below = await children(pid)
        assert len(below) == 1, "the forwarder"
        client.process.kill()
        await client.process.wait()
        with anyio.fail_after(30):
            while await run_sync(_forwarders, room):
                await anyio.sleep(0.05)


def _forwarders(room: Room) -> list[str]:
    """Processes of this room that are not its daemon."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes()
            line = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if str(room.folder).encode() in environ and b"\0lsp" in line:
            found.append(line.decode())
    return found


def test_whatever_comes_in_is_answered(tmp_path: Path) -> None:
    """Malformed messages get the error the specification names, and the conversation goes on."""
    lines = [
        b"not json",
        b"[]",
        b'{"jsonrpc":"2.0","id":{},"method":"initialize"}',
        b'{"jsonrpc":"2.0","id":7}',
        b'{"jsonrpc":"2.0","id":8,"method":"session/new","params":{"cwd":5}}',
        b'{"jsonrpc":"2.0","method":"session/cancel","params":5}',
        b'{"jsonrpc":"2.0","id":9,"method":"nothing"}',
        b'{"jsonrpc":"2.0","id":10,"method":"initialize","params":{"protocolVersion":99}}',
    ]
    done = subprocess.run(
        [sys.executable, "-m", "samokoder.server.main", "acp"],
        input=b"\r\n".join(lines) + b"\n",
        capture_output=True,
        timeout=30,
        check=False,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    codes = {a["id"]: a["error"]["code"] for a in answers if "error" in a and a["id"]}
    nameless = [a["error"]["code"] for a in answers if a["id"] is None]
    assert sorted(nameless) == [-32700, -32600, -32600]
    assert codes == {7: -32600, 8: -32602, 9: -32601}
    version = next(a["result"]["protocolVersion"] for a in answers if a["id"] == 10)
    assert version == 1, "the newest version we speak"
    assert done.returncode == 0
    assert done.stderr == b"" or os.environ.get("COVERAGE_PROCESS_START")
