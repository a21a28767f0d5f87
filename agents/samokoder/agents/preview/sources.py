"""The images of a preview, had or built, and the containers that follow from them."""

import hashlib
from dataclasses import replace

from samokoder.agents.preview import images, install, labels, plan
from samokoder.agents.preview.images import Build
from samokoder.agents.preview.install import Site
from samokoder.agents.preview.order import Order, Say
from samokoder.agents.preview.outfit import EVERYWHERE, way_out


async def planned(order: Order, site: Site, say: Say) -> tuple[plan.Plan, tuple[str, ...]]:
    """Have every image, then say which containers there will be; with it, what is to be noted.

    Raises ImageMissing, PreviewFailed, NotTrusted or InvalidInput.
    """
    spec, found, granted = order.spec, site.engine, order.environment
    if spec.services:
        return await _services(order, site, say), ()
    if spec.dockerfile:
        build = Build(
            spec.dockerfile,
            spec.context,
            _build_name(order, site, "main"),
            spec.target,
            spec.arguments,
        )
        await say("The image is being built.")
        name = await _built(order, site, build)
        return plan.of_image(spec, site.tag, name, await images.look(found, name), granted), ()
    await say("The image is being looked for.")
    base, notes = await images.base(found, spec, order.settings, site.tell)
    facts = await images.look(found, base)
    if facts.starts and (order.own_command or not spec.start):
        return plan.of_image(spec, site.tag, base, facts, granted), notes
    if spec.install:
        await say("The dependencies are being looked for.")
    name = await install.dependencies(site, spec, order.snapshot, base, facts.id)
    return plan.of_project(spec, site.tag, name, facts, granted), notes


async def _services(order: Order, site: Site, say: Say) -> plan.Plan:
    spec, found = order.spec, site.engine
    names, facts = {}, {}
    for service in spec.services:
        if service.dockerfile:
            build = Build(
                service.dockerfile,
                service.context,
                _build_name(order, site, service.name),
                service.target,
                service.arguments,
            )
            await say(f"The image of {service.name} is being built.")
            names[service.name] = await _built(order, site, build)
        else:
            await images.have(found, service.image, order.settings, site.tell)
            names[service.name] = service.image
        facts[service.name] = await images.look(found, names[service.name])
    return plan.of_services(spec, site.tag, names, facts, order.environment)


async def _built(order: Order, site: Site, build: Build) -> str:
    granted = await order.network(f"building {build.dockerfile}")
    hosts = (EVERYWHERE, *order.egress) if granted else ()
    async with way_out(site.engine, site.tag, site.tools, site.limits, hosts) as way:
        build = replace(build, network=way.network, proxies=way.proxies)
        await images.build(site.engine, order.snapshot, build, order.settings, site.tell)
    return build.name


def _build_name(order: Order, site: Site, part: str) -> str:
    """Equal for equal workspaces, so that the next build replaces this one."""
    whose = f"{site.tag.state} {order.snapshot.root} {order.spec.folder}"
    name = hashlib.sha256(whose.encode()).hexdigest()[:16]
    safe = "".join(c if c.isascii() and c.isalnum() else "-" for c in part.lower())
    return f"{labels.CACHE_NAME}/build-{name}:{safe.strip('-') or 'main'}"
