"""A devcontainer names the image a project is at home in; how it is started says the stack."""

import json
import re
from dataclasses import replace
from typing import Any

from samokoder.agents.checks.detect.project import Project, join
from samokoder.agents.preview.spec import PreviewSpec

NAMES = (".devcontainer/devcontainer.json", ".devcontainer.json")
_STRING_OR_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')
_HONOURED = frozenset({"name", "image", "forwardPorts", "portsAttributes", "$schema"})


async def in_devcontainer(project: Project, spec: PreviewSpec) -> PreviewSpec:
    """The stack's way to run, in the devcontainer's image and on its first port."""
    places = (join(folder, name) for folder in dict.fromkeys((spec.folder, "")) for name in NAMES)
    path = next((place for place in places if project.has(place)), None)
    if path is None:
        return spec
    found = _json(await project.text(path))
    if not found:
        return replace(spec, notes=(*spec.notes, f"{path} cannot be read and is left out."))
    image = found.get("image")
    ports = [p for p in found.get("forwardPorts") or () if isinstance(p, int)]
    refused = tuple(f"{path}: {key}" for key in found if key not in _HONOURED)
    return replace(
        spec,
        base=image if isinstance(image, str) else spec.base,
        port=ports[0] if ports and spec.port == 0 else spec.port,
        refused=(*spec.refused, *refused),
        notes=(*spec.notes, f"In the image of {path}.") if image else spec.notes,
    )


def _json(text: str) -> dict[str, Any]:
    """JSON with comments and trailing commas; nothing when it is none."""
    bare = _STRING_OR_COMMENT.sub(lambda m: m[1] or "", text)
    try:
        value = json.loads(_TRAILING.sub(lambda m: m[1] or "", bare))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
