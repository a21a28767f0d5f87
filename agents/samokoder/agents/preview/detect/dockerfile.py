"""A project's own Dockerfile: what it exposes and starts is read, never changed."""

import json
import re
from dataclasses import dataclass

from samokoder.agents.checks.detect.project import Project, join
from samokoder.agents.preview.detect.ports import port_in_command
from samokoder.agents.preview.spec import PreviewSpec, Reload, Stack

NAMES = ("Dockerfile", "Containerfile", "dockerfile")
_CONTINUED = re.compile(r"\\[ \t]*\n(?:[ \t]*#.*\n)*")
_VARIABLE = re.compile(r"\$\{?(\w+)(?::?-([^}]*))?\}?")


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """What the last stage says. ``port`` 0: nothing is exposed and the command names none."""

    port: int = 0
    command: str = ""
    user: str = ""
    stages: tuple[str, ...] = ()


def read_dockerfile(text: str, arguments: dict[str, str] | None = None) -> Dockerfile:
    """Read the instructions that matter to a preview. ``arguments`` override ARG defaults."""
    values: dict[str, str] = {}
    exposed, command, entry, user = 0, "", "", ""
    stages: list[str] = []
    for line in _CONTINUED.sub(" ", text).splitlines():
        word, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        match word.upper():
            case "FROM":
                name = re.search(r"\sAS\s+(\S+)", rest, re.IGNORECASE)
                stages.append(name[1] if name else "")
                exposed, command, entry, user = 0, "", "", ""
            case "ARG" | "ENV":
                values.update(_assigned(rest, values))
                if word.upper() == "ARG":
                    values.update({k: v for k, v in (arguments or {}).items() if k in values})
            case "EXPOSE":
                exposed = exposed or _port(_filled(rest, values))
            case "CMD":
                command = _line(_filled(rest, values))
            case "ENTRYPOINT":
                entry = _line(_filled(rest, values))
            case "USER":
                user = rest
    whole = f"{entry} {command}".strip()
    named = values.get("PORT", "")
    port = exposed or port_in_command(whole) or (int(named) if named.isdigit() else 0)
    return Dockerfile(port, whole, user, tuple(name for name in stages if name))


async def dockerfile_spec(project: Project, folder: str) -> PreviewSpec | None:
    """The project's Dockerfile as it is; it starts with the image's own command."""
    path = next((p for p in (join(folder, name) for name in NAMES) if project.has(p)), None)
    if path is None:
        return None
    found = read_dockerfile(await project.text(path))
    notes = () if found.port else ("It exposes no port: it is run as a worker.",)
    return PreviewSpec(
        Stack.DOCKERFILE,
        title=f"{path}: {found.command}" if found.command else path,
        origin=path,
        folder=folder,
        dockerfile=path,
        context=folder,
        port=found.port,
        reload=Reload.BUILD,
        notes=notes,
    )


def steps(text: str) -> tuple[int, ...]:
    """The line of every instruction, in the order engines count them as steps."""
    lines, found, inside = text.splitlines(), [], False
    for number, line in enumerate(lines, 1):
        bare = line.strip()
        if not inside and bare and not bare.startswith("#"):
            found.append(number)
        if bare and not bare.startswith("#"):
            inside = bare.endswith("\\")
    return tuple(found)


def _assigned(rest: str, values: dict[str, str]) -> dict[str, str]:
    pairs = re.findall(r"(\w+)=(?:\"([^\"]*)\"|'([^']*)'|(\S*))", rest)
    if pairs:
        return {name: _filled(a or b or c, values) for name, a, b, c in pairs}
    name, _, value = rest.partition(" ")
    return {name: _filled(value.strip(), values)}


def _filled(text: str, values: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda m: values.get(m[1]) or m[2] or "", text)


def _port(rest: str) -> int:
    for word in rest.split():
        number, _, protocol = word.partition("/")
        if number.isdigit() and protocol in ("", "tcp"):
            return int(number)
    return 0


def _line(rest: str) -> str:
    """A command in either form as one line for people."""
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except ValueError:
            return rest
        return " ".join(str(word) for word in words)
    return rest
