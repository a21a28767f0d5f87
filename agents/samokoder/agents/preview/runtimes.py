"""Which runtime containers get: what the settings ask for, or a refusal; checked from inside."""

from collections.abc import Mapping
from typing import Final

from samokoder.agents.errors import RuntimeMissing
from samokoder.agents.preview.engine import Facts

USERNS: Final = "userns"
_ALIASES: Final = {
    "gvisor": ("runsc",),
    "runsc": ("runsc",),
    "sysbox": ("sysbox-runc",),
    "sysbox-runc": ("sysbox-runc",),
    "kata": ("kata", "kata-runtime", "io.containerd.kata.v2"),
}
_NO_LIMIT = 1 << 60
"""Bytes from which on a memory limit is none."""


def choose(wanted: str, facts: Facts) -> str:
    """The runtime's name for the engine, "" for its own. :class:`RuntimeMissing` when absent."""
    if not wanted:
        return ""
    if wanted == USERNS:
        if not {"userns", "rootless"} & set(facts.security):
            raise RuntimeMissing(
                "`userns`: the engine maps no users",
                hint='Start it with "userns-remap": "default", or rootless.',
            )
        return ""
    for name in _ALIASES.get(wanted, (wanted,)):
        if name in facts.runtimes:
            return name
    known = ", ".join(facts.runtimes) or "none"
    raise RuntimeMissing(f"`{wanted}`; the engine knows {known}")


def refuse(wanted: str, facts: Facts, seen: Mapping[str, str]) -> None:
    """:class:`RuntimeMissing` when a container does not see what was asked for around it."""
    found = recognised(facts, seen)
    if wanted and not _fits(wanted, found, seen):
        raise RuntimeMissing(f"`{wanted}` was asked for, from inside it looks like {found}")


def recognised(facts: Facts, seen: Mapping[str, str]) -> str:
    """The runtime, by what a container saw."""
    if "sysboxfs" in seen.get("mounts", ""):
        return "sysbox-runc"
    if "gvisor" in seen.get("version", "").lower() or _is_sentry(seen):
        return "runsc"
    kernel = seen.get("version", "").partition("Linux version ")[2].partition(" ")[0]
    if kernel and facts.kernel and kernel != facts.kernel:
        return f"kata (kernel {kernel})"
    name = facts.default_runtime or "runc"
    return f"{name} with mapped users" if _is_mapped(seen) else name


def _fits(wanted: str, found: str, seen: Mapping[str, str]) -> bool:
    if wanted == USERNS:
        return _is_mapped(seen)
    names = (wanted, *_ALIASES.get(wanted, ()))
    if any(found.startswith(name) for name in names):
        return True
    # another runtime than those we can tell apart: the engine's word is all there is
    return wanted not in _ALIASES


def _is_sentry(seen: Mapping[str, str]) -> bool:
    """gVisor's kernel gives a fixed version and shows its own file systems."""
    mounts = seen.get("mounts", "")
    return mounts.startswith("none / 9p") or " / gofer" in mounts


def _is_mapped(seen: Mapping[str, str]) -> bool:
    """Whether root inside is somebody else outside."""
    fields = seen.get("users", "0 0").split()
    return len(fields) >= 2 and fields[0] == "0" and fields[1] != "0"


def weaknesses(seen: Mapping[str, str]) -> tuple[str, ...]:
    """Guards that are not in force, named."""
    found = []
    if int(seen.get("CapEff") or "0", 16):
        found.append("capabilities are not dropped")
    if seen.get("NoNewPrivs", "1") != "1":
        found.append("new privileges are possible")
    if seen.get("Seccomp", "2") != "2":
        found.append("system calls are not filtered")
    if (seen.get("pids") or seen.get("pids1") or "max") == "max":
        found.append("the number of processes is not limited")
    memory = seen.get("memory") or seen.get("memory1") or "max"
    if memory == "max" or int(memory) > _NO_LIMIT:
        found.append("memory is not limited")
    return tuple(f"The engine does not enforce everything: {weak}." for weak in found)
