"""Checks of Go, Rust, Java, C and C++ projects, and of any project with a Makefile."""

import re

from samokoder.agents.checks.check import Check
from samokoder.agents.checks.detect.project import Project, join, suffix

_MAKE_TEST = re.compile(r"^test[ \t]*:", re.MULTILINE)
_MOST_FILES = 20
_C = (".c", ".cc", ".cpp", ".cxx")


async def compiled_checks(project: Project) -> list[Check]:
    """What compiles comes before what runs."""
    found: list[Check] = []
    for home in project.homes("go.mod"):
        found.append(_check(project, "go-vet", "go", home, "go", "vet", "./..."))
        found.append(_check(project, "go-test", "go", home, "go", "test", "./..."))
    for home in project.homes("Cargo.toml"):
        found.append(
            _check(project, "cargo-check", "cargo", home, "cargo", "check", "--all-targets")
        )
        found.append(_check(project, "cargo-test", "cargo", home, "cargo", "test"))
    for home in project.homes("pom.xml"):
        program = "./mvnw" if project.has(join(home, "mvnw")) else "mvn"
        found.append(_check(project, "maven", "java", home, program, "-q", "-B", "-o", "test"))
    for home in project.homes("build.gradle", "build.gradle.kts"):
        program = "./gradlew" if project.has(join(home, "gradlew")) else "gradle"
        argv = (program, "--offline", "--console=plain", "test")
        found.append(_check(project, "gradle", "java", home, *argv))
    if not found:
        found += _loose_files(project)
    return found


async def make_checks(project: Project) -> list[Check]:
    """``make test``, where a Makefile of the root has that target."""
    for name in ("GNUmakefile", "makefile", "Makefile"):
        if _MAKE_TEST.search(await project.text(name)):
            return [_check(project, "make-test", "command", "", "make", "test")]
    return []


def _loose_files(project: Project) -> list[Check]:
    """Sources without a build file are compiled one by one; CMake builds outside the tree."""
    if project.has("CMakeLists.txt"):
        script = 'cmake -S . -B "$TMPDIR/build" && cmake --build "$TMPDIR/build"'
        return [_check(project, "cmake", "gcc", "", "sh", "-c", script)]
    built = any(project.has(name) for name in ("Makefile", "makefile", "GNUmakefile"))
    sources = project.named(*_C)
    found = []
    if sources and not built and len(sources) <= _MOST_FILES:
        plain = [path for path in sources if path.endswith(".c")]
        for compiler, paths in (
            ("gcc", plain),
            ("g++", [path for path in sources if path not in plain]),
        ):
            if paths:
                argv = (compiler, "-fsyntax-only", "-Wall", *paths)
                found.append(_check(project, compiler, "gcc", "", *argv))
    java = project.named(".java")
    if java and not built and len(java) <= _MOST_FILES:
        script = 'mkdir -p "$TMPDIR/classes" && javac -Xlint:all -d "$TMPDIR/classes" "$@"'
        found.append(_check(project, "javac", "java", "", "sh", "-c", script, "sh", *java))
    return found


def _check(project: Project, name: str, kind: str, home: str, *argv: str) -> Check:
    return Check(name + suffix(home), kind, argv, cwd=home, timeout=project.settings.timeout)
