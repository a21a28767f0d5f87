"""A preview from start to stop: it answers, it is guarded, it leaves nothing (R10, R11)."""

import json

import anyio
import pytest
from preview_room import HELLO, Room, page, python, with_seconds

from samokoder.agents.errors import (
    ImageMissing,
    InvalidInput,
    LimitReached,
    NotTrusted,
    PreviewFailed,
    RuntimeMissing,
)
from samokoder.agents.preview import seccomp
from samokoder.agents.preview.spec import Cause, Health, Phase, PreviewSpec, Source, Stack

pytestmark = pytest.mark.engine


async def test_it_answers_tells_and_goes(previews_room: Room) -> None:
    status = await previews_room.start()
    assert status.phase is Phase.RUNNING
    assert status.url == f"http://127.0.0.1:{status.port}/"
    assert await page(status.url) == "hello"
    assert (status.environment, status.egress) == ((), ())
    assert status.runtime == "runc"
    lines = await previews_room.previews.lines(status.id)
    assert [(line.text, line.source) for line in lines] == [("serving", Source.OUTPUT)]
    ended = await previews_room.previews.stop(status.id[:12])
    assert (ended.phase, ended.url) == (Phase.STOPPED, "")
    assert await previews_room.left() == []
    assert (await previews_room.previews.lines(status.id))[0].text == "serving", (
        "kept after its end"
    )


async def test_every_guard_is_in_the_description(previews_room: Room) -> None:
    status = await previews_room.start(environment={"GREETING": "hi"})
    for role in ("main", "gateway"):
        found = await previews_room.container(status, role)
        host = found["HostConfig"]
        assert host["ReadonlyRootfs"] is True
        assert "size=" in host["Tmpfs"]["/tmp"]
        assert host["CapDrop"] == ["ALL"] and not host["CapAdd"]
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert f"seccomp={seccomp.profile()}" in host["SecurityOpt"]
        assert host["Privileged"] is False and host["Init"] is True
        assert host["Memory"] and host["MemorySwap"] == host["Memory"]
        assert host["PidsLimit"] > 0 and host["NanoCpus"] > 0 and host["ShmSize"] <= 64 << 20
        assert {u["Name"] for u in host["Ulimits"]} == {"nofile", "core", "fsize"}
        assert host["LogConfig"]["Config"]["max-size"]
        assert host["NetworkMode"] != "host" and host["IpcMode"] == "private"
        assert not any("docker.sock" in bind for bind in host["Binds"] or ())
        assert all(not bind.startswith("/") for bind in host["Binds"] or ())
        assert found["Config"]["User"] == "65534:65534"
        assert found["Config"]["Labels"]["samokoder.deadline"].isdigit()
    main = await previews_room.container(status)
    assert not (main["HostConfig"]["PortBindings"] or {})
    names = {entry.partition("=")[0] for entry in main["Config"]["Env"]}
    assert "GREETING" in names
    assert names <= {
        "GREETING", "HOME", "PORT", "PATH", "LANG", "LD_LIBRARY_PATH",
        "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONFAULTHANDLER",
        "npm_config_update_notifier",
    }  # fmt: skip
    door = await previews_room.container(status, "gateway")
    (published,) = door["HostConfig"]["PortBindings"].values()
    assert [p["HostIp"] for p in published] == ["127.0.0.1"]
    assert status.environment == ("GREETING",)


BROKEN = {
    "crash": (
        {"app.py": "import sys\nprint('before')\nraise RuntimeError('no database')\n"},
        python(),
        Cause.CRASHED,
        "python app.py ended with exit code 1: RuntimeError: no database",
    ),
    "ends at once": ({"app.py": "print('done')\n"}, python(), Cause.CRASHED, "exit code 0: done"),
    "no such program": ({}, python("nodejs", "x"), Cause.CRASHED, "nodejs is not in the image"),
    "another port": (
        {"app.py": HELLO.replace("8000", "9000")},
        python(),
        Cause.WRONG_PORT,
        "it listens on port 9000, not on 8000",
    ),
    "only local": (
        {"app.py": HELLO.replace("0.0.0.0", "127.0.0.1")},
        python(),
        Cause.WRONG_PORT,
        "it listens on 127.0.0.1:8000, which only it can reach",
    ),
    "nothing listens": (
        {"app.py": "import time\ntime.sleep(99)\n"},
        with_seconds(python(), 2.0),
        Cause.SILENT,
        "nothing listens on port 8000 after 2 s",
    ),
    "unhealthy": (
        {"app.py": HELLO.replace("200", "503")},
        python(health=Health("/health", strict=True, seconds=2.0)),
        Cause.UNHEALTHY,
        "/health answered 503",
    ),
    "out of memory": (
        {"app.py": "held = []\nwhile True:\n    held.append(bytearray(1 << 20))\n"},
        python(),
        Cause.OUT_OF_MEMORY,
        "out of memory: it may use 512 MiB",
    ),
    "writes into the project": (
        {"app.py": "open('cache.txt', 'w')\n"},
        python(),
        Cause.CRASHED,
        "the project is read-only in a preview",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_the_cause_in_one_line(previews_room: Room, name: str) -> None:
    files, spec, cause, words = BROKEN[name]
    with pytest.raises(PreviewFailed) as caught:
        await previews_room.start(spec, files)
    assert words in str(caught.value)
    assert caught.value.cause == cause
    (status,) = await previews_room.previews.listing(ended=True)
    assert (status.phase, status.cause) == (Phase.FAILED, cause)
    assert words in status.reason and "\n" not in status.reason
    assert await previews_room.left() == []
    if name == "crash":
        said = [line.text for line in await previews_room.previews.lines(status.id)]
        assert said[0] == "before" and said[-1] == "RuntimeError: no database"


async def test_a_page_that_fails_is_shown_with_a_note(previews_room: Room) -> None:
    status = await previews_room.start(files={"app.py": HELLO.replace("200", "500")})
    assert status.phase is Phase.RUNNING
    assert status.notes == ("/ answers 500.",)


async def test_a_worker_without_a_port(previews_room: Room) -> None:
    files = {"app.py": "import time\nprint('working', flush=True)\ntime.sleep(99)\n"}
    status = await previews_room.start(python(port=0), files)
    assert (status.phase, status.url) == (Phase.RUNNING, "")


async def test_the_sixth_is_refused_with_a_way_out(previews_room: Room) -> None:
    worker = {"app.py": "import time\ntime.sleep(99)\n"}
    await previews_room.start(python(port=0), worker, limit=2)
    second = await previews_room.start(python(port=0), worker, limit=2)
    with pytest.raises(LimitReached, match="2 previews are live") as caught:
        await previews_room.start(python(port=0), worker, limit=2)
    assert "preview stop" in caught.value.hint
    await previews_room.previews.stop(second.id)
    await previews_room.start(python(port=0), worker, limit=2)


async def test_an_image_that_serves_by_itself(previews_room: Room) -> None:
    engine = await previews_room.previews.engine()
    name = "samokoder-test/own:1"
    made = await engine.call(
        engine.client.create_container,
        previews_room.settings.python_image,
        ["python", "-m", "http.server", "8000", "--directory", "/usr/local/lib"],
    )
    await engine.call(engine.client.commit, made["Id"], *name.split(":"))
    await engine.call(engine.client.remove_container, made["Id"])
    spec = PreviewSpec(Stack.IMAGE, image=name, port=8000)
    status = await previews_room.start(spec, {})
    assert "python3" in await page(status.url)
    await previews_room.previews.stop(status.id)
    await engine.call(engine.client.remove_image, name)


async def test_what_is_missing_is_named(previews_room: Room) -> None:
    with pytest.raises(ImageMissing, match="nowhere/at-all"):
        await previews_room.start(PreviewSpec(Stack.IMAGE, image="nowhere/at-all:1", port=1), {})
    with pytest.raises(RuntimeMissing, match="`kata`; the engine knows"):
        await previews_room.start(runtime="kata")
    with pytest.raises(RuntimeMissing, match="maps no users"):
        await previews_room.start(runtime="userns")
    with pytest.raises(InvalidInput, match="nothing says how"):
        await previews_room.start(PreviewSpec(Stack.PYTHON, port=8000))
    previews_room.network = False
    with pytest.raises(NotTrusted, match="pip install x"):
        await previews_room.start(python(install=(("pip", "install", "x"),)))
    assert await previews_room.left() == []


async def test_cancelled_in_the_middle(previews_room: Room) -> None:
    with anyio.move_on_after(0.6) as scope:
        await previews_room.start(files={"app.py": "import time\ntime.sleep(99)\n"})
    assert scope.cancelled_caught
    (status,) = await previews_room.previews.listing(ended=True)
    assert (status.phase, status.reason) == (Phase.STOPPED, "cancelled")
    assert await previews_room.left() == []


async def test_a_page_in_memory_may_be_written(previews_room: Room) -> None:
    program = HELLO.replace('b"hello"', 'open("/data/x", "w").name.encode()')
    status = await previews_room.start(python(writable=("/data",)), {"app.py": program})
    assert await page(status.url) == "/data/x"


def test_the_profile_is_plain_json() -> None:
    profile = json.loads(seccomp.profile())
    allowed = {n for r in profile["syscalls"] if "args" not in r for n in r["names"]}
    assert not allowed & {"mount", "ptrace", "keyctl", "unshare", "setns", "bpf", "perf_event_open"}
