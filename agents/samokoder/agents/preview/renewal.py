"""Hot reload of what an image brings: built again, its container replaced behind the same gateway.

The address, the gateway and every other container stay. What was granted when the preview began
is read from the container that goes: values of variables are recorded nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from samokoder.agents.errors import ImageMissing, PreviewFailed
from samokoder.agents.preview import (
    container,
    filling,
    hardening,
    install,
    labels,
    removal,
    sources,
    tools,
)
from samokoder.agents.preview.engine import Engine
from samokoder.agents.preview.labels import Tag
from samokoder.agents.preview.order import Order
from samokoder.agents.preview.plan import Part, Plan
from samokoder.agents.preview.spec import LogLine, PreviewSpec
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.state import previews

if TYPE_CHECKING:
    from samokoder.agents.preview.previews import Previews

_PROXIES = frozenset({"http_proxy", "https_proxy", "no_proxy"})


@dataclass(frozen=True, slots=True)
class Renewed:
    """``image`` is the shown program's, ``notes`` why something stayed as it was."""

    image: str
    failure: PreviewFailed | None = None


async def renew(
    them: "Previews",
    found: Engine,
    row: previews.Preview,
    spec: PreviewSpec,
    old: Snapshot | None,
    now: Snapshot,
) -> Renewed:
    """Bring an image's or a compose file's programs what was saved; a failed build changes nothing.

    ``old`` None: it is not known what they have, so everything is looked at.
    """
    there = await removal.find(found, labels.PREVIEW, row.id)
    by_role = {labels.of(c).get(labels.ROLE, ""): str(c["Id"]) for c in there.containers}
    tag = Tag(row.id, them.state, row.deadline_at, row.latest_at)
    settings = (await them.configure(now.root)).preview
    before = {
        role: await found.call(found.client.inspect_container, made)
        for role, made in by_role.items()
        if role not in ("gateway", "install", "build", "look")
    }
    lines: list[LogLine] = them.early.setdefault(row.id, [])
    del lines[:]
    site = install.Site(
        engine=found,
        tag=tag,
        settings=settings,
        limits=hardening.limits(settings, _runtime(before)),
        tools=await tools.image(found, settings.python_image),
        tell=lines.append,
        network=_never,
    )
    async with them.db.reading() as s:
        facts = await previews.facts(s, (row.id,))
    granted = frozenset(facts.get((row.id, "environment"), ()))
    values = {k: v for one in before.values() for k, v in _environment(one).items()}
    order = Order(
        snapshot=now,
        spec=spec,
        settings=settings,
        network=_never,
        environment={k: v for k, v in values.items() if k in granted},
    )
    try:
        planned, _ = await sources.planned(order, site, _silent)
    except (PreviewFailed, ImageMissing) as error:
        failure = error if isinstance(error, PreviewFailed) else PreviewFailed(error.detail)
        return Renewed(row.image, failure)
    touched = await _filled(found, by_role["gateway"], planned, old, now)
    for part in planned.parts:
        image = (await found.call(found.client.inspect_image, part.image))["Id"]
        now_has = before.get(part.name)
        if now_has is None or now_has["Image"] != image:
            proxies = {k: v for k, v in values.items() if k.lower() in _PROXIES}
            await _replaced(site, part, now_has, proxies)
        elif part.name in touched:
            await found.call(found.client.restart, now_has["Id"], timeout=1)
    return Renewed(planned.main.image)


async def _filled(
    found: Engine, gateway: str, planned: Plan, old: Snapshot | None, now: Snapshot
) -> set[str]:
    """Bring the volumes what changed; the parts that have one of them."""
    touched: set[str] = set()
    for number, fill in enumerate(planned.fills):
        if fill.folder is None:
            continue
        place = f"{container.FILLED}/{number}"
        if old is None:
            await filling.fill_anew(found, gateway, place, fill.folder, now)
        else:
            what = filling.difference(old, now, fill.folder)
            if not what:
                continue
            await filling.bring(found, gateway, place, fill.folder, now, what)
        touched |= {
            part.name
            for part in planned.parts
            if any(bind.partition(":")[0] == fill.name for bind in part.binds)
        }
    return touched


async def _replaced(
    site: install.Site, part: Part, old: Mapping[str, Any] | None, proxies: Mapping[str, str]
) -> None:
    """Another container under the same name, at the same address."""
    engine, tag = site.engine, site.tag
    inner, address = tag.name("inner"), ""
    if old is not None:
        address = _address(old, inner)
        await engine.call(engine.client.remove_container, old["Id"], force=True, v=True)
    made = await container.create(
        engine, tag, part, site.limits, inner=inner, address=address, environment=proxies
    )
    await container.start(engine, made, part)


def _address(one: Mapping[str, Any], inner: str) -> str:
    """The address it was given on the inner network, also while it does not run."""
    place = one["NetworkSettings"]["Networks"].get(inner) or {}
    return str((place.get("IPAMConfig") or {}).get("IPv4Address") or place.get("IPAddress") or "")


def _environment(one: Mapping[str, Any]) -> dict[str, str]:
    pairs = (entry.partition("=") for entry in one["Config"].get("Env") or ())
    return {name: value for name, _, value in pairs}


def _runtime(before: Mapping[str, Mapping[str, Any]]) -> str:
    """The runtime that was asked for when it began; the engine's own has no name."""
    names = {str(one["HostConfig"].get("Runtime") or "") for one in before.values()}
    return next((name for name in names if name not in ("runc", "crun")), "")


async def _never(_what: str) -> bool:
    return False


async def _silent(_text: str) -> None:
    """What is built again is told by its log, not as progress."""
