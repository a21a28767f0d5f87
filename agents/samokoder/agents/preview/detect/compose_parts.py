"""The small notations of compose files: ports, volumes, durations."""

import re
from collections.abc import Callable
from typing import Any

from samokoder.agents.preview.spec import Volume

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m|h)")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_OPTIONS = frozenset({"ro", "rw", "z", "Z", "cached", "delegated", "consistent"})
LONGEST = 300.0
"""Seconds of patience a compose file can ask for."""


def port_of(raw: Any) -> int:
    """The port inside the container; 0 for what is no single TCP port."""
    if isinstance(raw, dict):
        raw = f"{raw.get('target', '')}/{raw.get('protocol', 'tcp')}"
    number, _, protocol = str(raw).partition("/")
    inside = number.rpartition(":")[2]
    return int(inside) if inside.isdigit() and protocol in ("", "tcp") else 0


def volume_of(raw: Any, inside: Callable[[str], str | None]) -> Volume | None:
    """A volume of the workspace or of the preview; None for anything of the host.

    ``inside`` turns a path of the file into one relative to the workspace, None when it leads out.
    """
    if isinstance(raw, dict):
        kind, source = raw.get("type", "volume"), str(raw.get("source") or "")
        if kind not in ("bind", "volume", "tmpfs") or not raw.get("target"):
            return None
        target, read_only = str(raw["target"]), bool(raw.get("read_only"))
        bound = kind == "bind"
    else:
        parts = str(raw).split(":")
        options = parts.pop().split(",") if len(parts) > 1 and _are_options(parts[-1]) else []
        if len(parts) > 2:
            return None
        source, target = (parts[0], parts[1]) if len(parts) == 2 else ("", parts[0])
        read_only, bound = "ro" in options, source.startswith((".", "/", "~"))
    if not target.startswith("/"):
        return None
    if not bound:
        return Volume(target, name=source, read_only=read_only)
    path = inside(source)
    return None if path is None else Volume(target, path or ".", read_only=True)


def _are_options(text: str) -> bool:
    return all(option in _OPTIONS for option in text.split(","))


def durations(health: dict[str, Any]) -> float:
    """Seconds until a service that never gets healthy is given up."""
    interval, retries = seconds(health.get("interval"), 30.0), health.get("retries", 3)
    count = retries if isinstance(retries, int) and retries > 0 else 3
    return min(LONGEST, seconds(health.get("start_period"), 0.0) + interval * count + 5.0)


def seconds(raw: Any, default: float) -> float:
    """A duration such as ``1m30s``."""
    parts = _DURATION.findall(str(raw)) if raw else []
    return sum(float(number) * _SECONDS[unit] for number, unit in parts) if parts else default


def line_of(text: str, at: str) -> int:
    """The line of a key of a compose file, as ``services.web.build``; its parent's when absent."""
    import yaml

    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    line = 1
    for name in at.split("."):
        found = next((pair for pair in getattr(node, "value", ()) if pair[0].value == name), None)
        if found is None:
            return line
        line, node = found[0].start_mark.line + 1, found[1]
    return line
