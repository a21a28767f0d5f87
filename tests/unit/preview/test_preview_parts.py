"""The parts of previews that need no engine."""

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import anyio
import pytest

from samokoder.agents.errors import InvalidInput, RuntimeMissing
from samokoder.agents.preview import (
    addresses,
    code,
    filling,
    hardening,
    health,
    netns,
    network,
    output,
    plan,
    rootfs,
    runtimes,
)
from samokoder.agents.preview.engine import Facts
from samokoder.agents.preview.images import Image
from samokoder.agents.preview.labels import Tag
from samokoder.agents.preview.spec import (
    LogLine,
    PreviewSpec,
    Service,
    Source,
    Stack,
    Volume,
)
from samokoder.agents.settings import PreviewSettings

TAG = Tag("p", "s", 1, 2)
RUNC = Facts("Docker", "20", "6.1.0", ("runc", "runsc"), "runc", ("seccomp",), ())
IMAGE = Image("sha256:1", folder="/srv", command=("python3", "app.py"), volumes=("/data",))


def test_addresses_are_tried_from_the_named_to_the_usual(tmp_path: Path) -> None:
    found = addresses.candidates
    assert found("/run/x.sock", {}) == ("unix:///run/x.sock",)
    assert found("", {"DOCKER_HOST": "tcp://h:1", "HOME": "/x"}) == ("tcp://h:1",)
    assert found("", {"CONTAINER_HOST": "unix:///p.sock"}) == ("unix:///p.sock",)
    config = tmp_path / ".docker"
    config.mkdir()
    (config / "config.json").write_text(json.dumps({"currentContext": "other"}))
    known = config / "contexts/meta" / hashlib.sha256(b"other").hexdigest()
    known.mkdir(parents=True)
    meta = {"Endpoints": {"docker": {"Host": "unix:///other.sock"}}}
    (known / "meta.json").write_text(json.dumps(meta))
    first = found("", {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)})[0]
    assert first == "unix:///other.sock"
    (config / "config.json").write_text("no json")
    assert "unix:///other.sock" not in found("", {"HOME": str(tmp_path)})


def test_runtimes_that_are_asked_for_and_absent_are_refused() -> None:
    assert runtimes.choose("", RUNC) == ""
    assert runtimes.choose("gvisor", RUNC) == "runsc"
    with pytest.raises(RuntimeMissing, match="`sysbox-runc`; the engine knows runc, runsc"):
        runtimes.choose("sysbox-runc", RUNC)
    with pytest.raises(RuntimeMissing, match="maps no users"):
        runtimes.choose("userns", RUNC)


SEEN = {
    "version": "Linux version 6.1.0 (gcc)",
    "users": "0 0 4294967295",
    "mounts": "overlay / overlay ro 0 0",
    "pids1": "64",
    "memory1": "100663296",
    "CapEff": "0000000000000000",
    "NoNewPrivs": "1",
    "Seccomp": "2",
}


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, "runc"),
        ({"users": "0 100000 65536"}, "runc with mapped users"),
        ({"mounts": "sysboxfs /proc/sys fuse 0 0"}, "sysbox-runc"),
        ({"version": "Linux version 4.4.0 gVisor"}, "runsc"),
        ({"mounts": "none / 9p rw 0 0"}, "runsc"),
        ({"version": "Linux version 5.19.2 (kata)"}, "kata (kernel 5.19.2)"),
    ],
)
def test_the_runtime_is_recognised_from_inside(more: dict[str, str], found: str) -> None:
    assert runtimes.recognised(RUNC, {**SEEN, **more}) == found
    assert runtimes.weaknesses({**SEEN, **more}) == ()


def test_another_runtime_than_was_asked_for_is_refused() -> None:
    runtimes.refuse("runsc", RUNC, {**SEEN, "version": "Linux version 4.4.0 gVisor"})
    runtimes.refuse("userns", RUNC, {**SEEN, "users": "0 100000 65536"})
    for wanted in ("runsc", "userns", "kata", "sysbox-runc"):
        with pytest.raises(RuntimeMissing, match="from inside it looks like runc"):
            runtimes.refuse(wanted, RUNC, SEEN)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"CapEff": "00000000a80425fb"}, "capabilities"),
        ({"NoNewPrivs": "0"}, "new privileges"),
        ({"Seccomp": "0"}, "system calls"),
        ({"pids1": "max"}, "processes"),
        ({"memory1": str(1 << 62)}, "memory"),
        ({"memory1": "", "memory": "max"}, "memory"),
    ],
)
def test_what_is_not_enforced_is_named(more: dict[str, str], words: str) -> None:
    (weakness,) = runtimes.weaknesses({**SEEN, **more})
    assert words in weakness


def test_listening_sockets_are_read_from_the_kernels_table() -> None:
    table = (
        "  sl  local_address rem_address   st\n"
        "   0: 0100007F:1F90 00000000:0000 0A 0\n"
        "   1: 00000000:0050 00000000:0000 0A 0\n"
        "   2: 0100007F:1F91 0100007F:1F90 01 0\n"
        "   3: 00000000000000000000000001000000:1F92 0:0 0A 0\n"
        "   4: 0000000000000000FFFF00000100007F:1F93 0:0 0A 0\n"
    )
    found = netns.read(table)
    assert [(p.address, p.port, p.local) for p in found] == [
        ("127.0.0.1", 8080, True),
        ("0.0.0.0", 80, False),
        ("::1", 8082, True),
        ("127.0.0.1", 8083, True),
    ]


def test_paths_of_the_machine_are_never_bound() -> None:
    limits = hardening.limits(PreviewSettings(), "")
    for bind in ("/etc:/etc", "./x:/y", "~/z:/z"):
        with pytest.raises(AssertionError):
            hardening.guarded(limits, network="n", binds=(bind,))
    assert hardening.user("") == hardening.user("root") == hardening.user("0:0") == "65534:65534"
    assert hardening.user("node") == "node"


def test_a_project_is_mounted_read_only_and_its_volumes_have_a_size() -> None:
    spec = PreviewSpec(
        Stack.NODE,
        install=(("npm", "ci"),),
        start=("npm", "start"),
        port=3000,
        writable=("/app/.next", "/var/cache"),
        volumes=(Volume("/seed", "fixtures"), Volume("/store", name="store", read_only=False)),
    )
    made = plan.of_project(spec, TAG, "image", IMAGE, {"KEY": "v"})
    (part,) = made.parts
    assert part.binds[0] == "samokoder-p-code:/app:ro"
    assert part.binds[1].endswith(":/seed:ro") and part.binds[2].endswith(":/store:rw")
    assert [(fill.folder, fill.bounded) for fill in made.fills] == [
        ("", False), ("fixtures", False), (None, True),
    ]  # fmt: skip
    assert made.fills[0].links == {"node_modules": "/deps/node_modules"}
    assert made.fills[0].folders == (".next",)
    assert {"/app/.next", "/var/cache", "/data", "/deps/node_modules/.vite"} <= set(part.tmpfs)
    assert part.environment["PORT"] == "3000" and part.environment["KEY"] == "v"


def test_services_get_only_the_variables_they_name() -> None:
    spec = PreviewSpec(
        Stack.COMPOSE,
        main="web",
        services=(
            Service("db", image="x", needs=("PASSWORD",)),
            Service("web", image="y", environment={"MODE": "dev"}, port=80),
        ),
    )
    images, facts = {"db": "x", "web": "y"}, {"db": IMAGE, "web": IMAGE}
    made = plan.of_services(spec, TAG, images, facts, {"PASSWORD": "p", "OTHER": "o"})
    db, web = made.parts
    assert db.environment["PASSWORD"] == "p" and "OTHER" not in db.environment
    assert web.environment["MODE"] == "dev" and "PASSWORD" not in web.environment
    assert made.main is web


def test_too_many_services() -> None:
    with pytest.raises(InvalidInput, match="29 services"):
        network.places(next(network.POOL.subnets(new_prefix=27)), 29)


async def test_the_archive_is_readable_by_anybody_and_holds_no_secrets(tmp_path: Path) -> None:
    for name, text in {"app.py": "x", ".env": "KEY=1", "sub/run.sh": "#!/bin/sh"}.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        file.chmod(0o700 if name.endswith(".sh") else 0o600)
    snapshot = await code.tree(anyio.Path(tmp_path), ()).capture()
    packed = await code.archive(snapshot, "", folders=("cache/x",), links={"lib": "/deps/lib"})
    with packed, tarfile.open(fileobj=packed) as tar:
        found = {m.name: (oct(m.mode), m.uid) for m in tar}
        assert tar.getmember("lib").linkname == "/deps/lib"
    assert found["app.py"] == ("0o644", 0) and found["sub/run.sh"] == ("0o755", 0)
    assert "cache/x" in found and ".env" not in found
    folder = await code.archive(snapshot, "sub", only={"run.sh"})
    with folder, tarfile.open(fileobj=folder) as tar:
        assert tar.getnames() == ["run.sh"]


async def test_the_difference_of_two_snapshots(tmp_path: Path) -> None:
    tree = code.tree(anyio.Path(tmp_path), ())

    def save(**texts: str) -> None:
        for name, text in texts.items():
            (tmp_path / name).write_text(text)

    await anyio.to_thread.run_sync(lambda: save(a="1", b="2"))
    old = await tree.capture()
    await anyio.to_thread.run_sync(lambda: (save(b="3", c="4"), (tmp_path / "a").unlink()))
    what = filling.difference(old, await tree.capture(), "")
    assert (what.changed, what.removed) == ({"b", "c"}, {"a"})
    assert not filling.difference(old, old, "")


def lines(*texts: str, source: Source = Source.ERROR) -> list[LogLine]:
    return [LogLine(text, source) for text in texts]


def test_the_last_words_are_those_on_stderr() -> None:
    said = [*lines("Traceback", "ValueError: x", ""), *lines("bye", source=Source.OUTPUT)]
    assert output.last_words(said) == "ValueError: x"
    assert output.last_words(lines("only", source=Source.OUTPUT)) == "only"
    assert output.last_words([]) == ""


def test_what_is_kept_of_the_output_has_a_bound() -> None:
    kept = output.decoded(output.encoded(lines(*(f"{n:>100}" for n in range(2000)))))
    assert kept[-1].text.strip() == "1999" and len(kept) * 140 <= output.KEPT
    assert output.decoded(None) == ()


@pytest.mark.parametrize(
    ("code_", "words", "expected"),
    [
        (1, "Boom: x", "run ended with exit code 1: Boom: x"),
        (0, "", "run ended with exit code 0"),
        (127, "[FATAL tini (7)] exec run failed: No such file", "run is not in the image (i)"),
        (1, "EROFS: read-only file system, open 'x'", "the project is read-only"),
    ],
)
def test_how_a_program_ended(code_: int, words: str, expected: str) -> None:
    part = plan.Part("main", "i", "u", command=("run",))
    assert expected in health.ended(part, code_, lines(words))


@pytest.mark.skipif(not rootfs.possible(), reason="containers cannot run this machine's programs")
def test_the_root_file_system_has_python_and_what_it_needs() -> None:
    target: Any = io.BytesIO()
    rootfs.write(target)
    target.seek(0)
    with tarfile.open(fileobj=target) as tar:
        names = tar.getnames()
    assert "usr/local/bin/python3" in names and "bin/sh" in names
    assert any(name.endswith("/asyncio/__init__.py") for name in names)
    assert any("ld-linux" in name or "ld-musl" in name for name in names)
    assert len(names) == len(set(names))
    assert rootfs.version() == rootfs.version()
