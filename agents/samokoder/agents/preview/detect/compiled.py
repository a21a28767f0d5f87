"""Programs that are built first, in the container: Go, Rust, C and C++."""

import re
import tomllib
from typing import Any

from samokoder.agents.checks.detect.project import Project, join
from samokoder.agents.preview.detect.ports import port_in_code
from samokoder.agents.preview.spec import Argv, PreviewSpec, Reload, Stack

PROGRAM = ".preview-program"
"""The built program, in the project's folder in the container."""
_GO_MAIN = re.compile(r"^package main\b[\s\S]*^func main\(\)", re.MULTILINE)
_C_MAIN = re.compile(r"^\s*(?:int|void)\s+main\s*\(", re.MULTILINE)
_OUTPUT = re.compile(r"-o\s+(\S+)")
_TARGET = re.compile(r"^([A-Za-z0-9][\w.-]*)\s*:(?!=)", re.MULTILINE)
_LISTENS = re.compile(r"\blisten\s*\(|ListenAndServe|net\.Listen|TcpListener|::serve\b|\.bind\(")


async def go_spec(project: Project, folder: str) -> PreviewSpec | None:
    """The main package nearest to the module's root."""
    module = join(folder, "go.mod")
    if not project.has(module):
        return None
    for path in sorted(_inside(project, folder, ".go"), key=lambda p: (p.count("/"), p)):
        text = await project.text(path)
        if path.endswith("_test.go") or not _GO_MAIN.search(text):
            continue
        place = path.removeprefix(f"{folder}/" if folder else "").rpartition("/")[0]
        package = f"./{place}" if place else "."
        needs = "require" in await project.text(module)
        return _spec(
            Stack.GO,
            f"Go program {package} of {module}",
            module,
            text,
            install=(("go", "mod", "download"),) if needs else (),
            locks=(join(folder, "go.sum"), module),
            build=(("go", "build", "-o", PROGRAM, package),),
            start=(f"./{PROGRAM}",),
        )
    return None


async def rust_spec(project: Project, folder: str) -> PreviewSpec | None:
    """The package's binary, built for release."""
    manifest = join(folder, "Cargo.toml")
    source = join(folder, "src/main.rs")
    if not project.has(manifest) or not project.has(source):
        return None
    try:
        whole: dict[str, Any] = tomllib.loads(await project.text(manifest))
    except tomllib.TOMLDecodeError:
        return None
    package = whole.get("package") or {}
    name = str((whole.get("bin") or [{}])[0].get("name") or package.get("name") or "main")
    return _spec(
        Stack.RUST,
        f"Rust program {name}",
        manifest,
        await project.text(source),
        install=(("cargo", "fetch"),) if whole.get("dependencies") else (),
        locks=(join(folder, "Cargo.lock"), manifest),
        build=(("cargo", "build", "--release", "--offline"),),
        start=(f"./target/release/{name}",),
    )


async def c_spec(project: Project, folder: str) -> PreviewSpec | None:
    """A Makefile's first program, else the one file with a main function."""
    sources = _inside(project, folder, ".c", ".cc", ".cpp", ".cxx")
    mains = [p for p in sources if _C_MAIN.search(await project.text(p))]
    if not mains:
        return None
    main = min(mains, key=lambda path: (path.count("/"), path))
    text = await project.text(main)
    makefile = join(folder, "Makefile")
    build: Argv
    if project.has(makefile):
        program = _program(await project.text(makefile))
        build, start, origin = ("make",), f"./{program}", makefile
    else:
        near = [p for p in sources if p.rpartition("/")[0] == main.rpartition("/")[0]]
        files = [p.removeprefix(f"{folder}/" if folder else "") for p in near]
        others = [f for f, p in zip(files, near, strict=True) if p == main or p not in mains]
        compiler = "cc" if all(f.endswith(".c") for f in others) else "c++"
        build, start, origin = (compiler, "-O1", "-g", "-o", PROGRAM, *others), f"./{PROGRAM}", main
    return _spec(Stack.C, f"C program {main}", origin, text, build=(build,), start=(start,))


def _inside(project: Project, folder: str, *endings: str) -> list[str]:
    start = f"{folder}/" if folder else ""
    return [path for path in project.named(*endings) if path.startswith(start)]


def _spec(stack: Stack, title: str, origin: str, text: str, **rest: Any) -> PreviewSpec:
    port = port_in_code(text) or (8080 if _LISTENS.search(text) else 0)
    return PreviewSpec(stack, title=title, origin=origin, port=port, reload=Reload.BUILD, **rest)


def _program(makefile: str) -> str:
    """What a Makefile makes: the output of its first link, else its first target."""
    values = dict(re.findall(r"^(\w+)\s*[:?]?=\s*(.*?)\s*$", makefile, re.MULTILINE))
    named = _OUTPUT.search(makefile)
    first = _TARGET.search(makefile)
    raw = named[1] if named else (first[1] if first else "main")
    if raw in ("$@", "${@}", "$(@)"):
        targets = [t for t in _TARGET.findall(makefile) if t not in ("all", "clean")]
        raw = targets[0] if targets else "main"
    return re.sub(r"\$[({](\w+)[)}]", lambda m: values.get(m[1], ""), raw) or "main"
