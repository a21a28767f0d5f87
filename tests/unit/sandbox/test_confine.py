"""Confinement: what is refused, each time beside the control that it works without."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from samokoder.agents.errors import SandboxMissing
from samokoder.agents.sandbox import confine
from samokoder.agents.sandbox.environment import check_environment
from samokoder.agents.sandbox.sandbox import Finished, Job, Limits, Sandbox
from samokoder.agents.sandbox.scratch import Scratch, ScratchPool
from samokoder.agents.sandbox.unconfined import Unconfined
from samokoder.agents.settings import SandboxSettings
from samokoder.agents.workspace.snapshot import Snapshot

Take = Callable[[Path], Snapshot]


async def confining(kind: str) -> Sandbox:
    for sandbox in await confine.all_available():
        if sandbox.name == kind:
            return sandbox
    pytest.skip(f"{kind} cannot be used here")


@pytest.fixture(params=["bubblewrap", "namespaces"])
async def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return await confining(request.param)


async def job(scratch: Scratch, *argv: str, network: bool = False, seconds: float = 20.0) -> Job:
    return Job(
        argv=argv,
        root=scratch.root,
        scratch=scratch.tree,
        env=await to_thread.run_sync(check_environment, os.environ, scratch.home, scratch.cache),
        readonly=scratch.dependencies,
        network=network,
        limits=Limits(seconds=seconds),
        tmp=scratch.tmp,
        writable=(scratch.home, scratch.out, scratch.cache),
    )


async def both(
    sandbox: Sandbox, pool: ScratchPool, snapshot: Snapshot, *argv: str
) -> tuple[Finished, Finished]:
    """The same command confined and not."""
    async with pool.lease(snapshot.root) as scratch:
        await scratch.load(snapshot)
        inside = await sandbox.run(await job(scratch, *argv))
        await scratch.load(snapshot)
        outside = await Unconfined().run(await job(scratch, *argv))
    return inside, outside


async def test_writing_outside_the_copy_is_refused(
    sandbox: Sandbox, workspace: Path, take: Take, pool: ScratchPool, home: Path
) -> None:
    target = Path("/var/lib") / f"samokoder-{os.getpid()}"
    if not os.access(target.parent, os.W_OK):
        target = home.parent / "probe"
    inside, outside = await both(
        sandbox, pool, take(workspace), "sh", "-c", f"echo x >{target} && rm {target}"
    )
    assert inside.exit_code != 0, inside.output
    assert outside.exit_code == 0, "the control"


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder of ours that is not below /tmp, which is hidden anyway."""
    folder = Path("/opt") / f"samokoder-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("/opt cannot be written here")
    (folder / "secret").write_text("PRIVATE")
    yield folder
    (folder / "secret").unlink()
    folder.rmdir()


async def test_the_home_folder_cannot_be_read(
    sandbox: Sandbox, workspace: Path, take: Take, pool: ScratchPool,
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("HOME", str(elsewhere))
    inside, outside = await both(sandbox, pool, take(workspace), "cat", str(elsewhere / "secret"))
    assert "PRIVATE" not in inside.output
    assert "PRIVATE" in outside.output, "the control"


async def test_our_own_state_cannot_be_read_wherever_it_is(
    sandbox: Sandbox, workspace: Path, take: Take, pool: ScratchPool,
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("SAMOKODER_STATE_DIR", str(elsewhere))
    inside, outside = await both(sandbox, pool, take(workspace), "cat", str(elsewhere / "secret"))
    assert "PRIVATE" not in inside.output
    assert "PRIVATE" in outside.output, "the control"


async def test_the_network_is_refused_and_can_be_granted(
    sandbox: Sandbox, workspace: Path, take: Take, pool: ScratchPool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2); print('in')"
        inside, outside = await both(sandbox, pool, take(workspace), sys.executable, "-c", code)
        async with pool.lease(workspace) as scratch:
            await scratch.load(take(workspace))
            granted = await sandbox.run(
                await job(scratch, sys.executable, "-c", code, network=True)
            )
    assert inside.exit_code != 0
    assert outside.output == "in\n", "the control"
    assert granted.output == "in\n"


async def test_a_test_may_talk_to_itself_over_loopback(
    sandbox: Sandbox, workspace: Path, take: Take, pool: ScratchPool
) -> None:
    code = (
        "import socket; s = socket.create_server(('127.0.0.1', 0));"
        "socket.create_connection(s.getsockname(), 2); print('ok')"
    )
    inside, _ = await both(sandbox, pool, take(workspace), sys.executable, "-c", code)
    assert inside.output == "ok\n"


async def test_the_copy_stands_at_the_workspaces_own_path_and_can_be_written(
    sandbox: Sandbox, workspace: Path, take: Take, pool: ScratchPool
) -> None:
    script = "pwd; echo y >src/a.py && cat src/a.py; ./run.sh; echo $HOME; touch $HOME/x $TMPDIR/x"
    inside, _ = await both(sandbox, pool, take(workspace), "sh", "-c", script)
    assert inside.output.startswith(f"{workspace}\ny\nran\n")
    assert inside.exit_code == 0
    assert (workspace / "src/a.py").read_text() == "x = 1\n"


async def test_dependency_folders_are_seen_read_only(
    sandbox: Sandbox, workspace: Path, take: Take, pool: ScratchPool
) -> None:
    (workspace / "node_modules").mkdir()
    (workspace / "node_modules" / "m.js").write_text("dependency\n")
    script = "cat node_modules/m.js; echo z >node_modules/m.js"
    inside, outside = await both(sandbox, pool, take(workspace), "sh", "-c", script)
    assert "dependency\n" in inside.output and inside.exit_code != 0
    assert outside.output == "dependency\n", "without confinement they are links"


async def test_processes_outside_cannot_be_seen(
    sandbox: Sandbox, workspace: Path, take: Take, pool: ScratchPool
) -> None:
    inside, outside = await both(
        sandbox, pool, take(workspace), "sh", "-c", f"kill -0 {os.getpid()} && echo seen"
    )
    assert "seen" not in inside.output
    assert "seen" in outside.output, "the control"


async def test_secrets_of_our_environment_do_not_reach_a_check(
    workspace: Path, take: Take, pool: ScratchPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R13."""
    for name in ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "UNHEARD_OF"):
        monkeypatch.setenv(name, "canary-1234")
    async with pool.lease(workspace) as scratch:
        await scratch.load(take(workspace))
        finished = await Unconfined().run(await job(scratch, "env"))
    assert "canary-1234" not in finished.output
    assert "PATH=" in finished.output


async def test_exit_codes_and_signals_come_through(
    sandbox: Sandbox, workspace: Path, take: Take, pool: ScratchPool
) -> None:
    inside, _ = await both(sandbox, pool, take(workspace), "sh", "-c", "exit 9")
    assert inside.exit_code == 9
    inside, _ = await both(sandbox, pool, take(workspace), "sh", "-c", "kill -SEGV $$")
    assert inside.exit_code == -11


async def test_a_cancelled_sandbox_leaves_no_process(
    sandbox: Sandbox, workspace: Path, take: Take, pool: ScratchPool
) -> None:
    async with pool.lease(workspace) as scratch:
        await scratch.load(take(workspace))
        script = "setsid sleep 61 & echo up >up; wait"
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(sandbox.run, await job(scratch, "sh", "-c", script))
            while not (scratch.tree / "up").exists():
                await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
    listing = await anyio.run_process(("ps", "-A", "-o", "stat=,args="))
    alive = [line for line in listing.stdout.decode().splitlines() if line.endswith("sleep 61")]
    assert [line for line in alive if not line.startswith("Z")] == []


async def test_what_is_covered_cannot_be_uncovered_again(
    sandbox: Sandbox, workspace: Path, take: Take, pool: ScratchPool,
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A command with rights over its own mounts could take the cover off the home folder."""
    monkeypatch.setenv("HOME", str(elsewhere))
    secret = elsewhere / "secret"
    script = (
        f"umount -l {elsewhere} 2>&1; cat {secret};"
        f"unshare -Urm sh -c 'umount -l {elsewhere}; cat {secret}' 2>&1;"
        "mount -o remount,rw / 2>&1 && touch /etc/samokoder-probe && echo written"
    )
    inside, _ = await both(sandbox, pool, take(workspace), "sh", "-c", script)
    assert "PRIVATE" not in inside.output
    assert "written" not in inside.output


async def test_a_required_sandbox_that_is_missing_refuses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(confine, "_found", (Unconfined(),))
    with pytest.raises(SandboxMissing):
        await confine.choose(SandboxSettings(mode="required"))
    assert (await confine.choose(SandboxSettings(mode="auto"))).name == "none"


async def test_off_means_none() -> None:
    assert (await confine.choose(SandboxSettings(mode="off"))).name == "none"


def test_the_probe_is_really_run() -> None:
    """A program that is there and fails is no sandbox."""
    code = (
        "import anyio; from samokoder.agents.sandbox import confine;"
        "print(anyio.run(confine.works, ('false',)), anyio.run(confine.works, ('true',)))"
    )
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"
