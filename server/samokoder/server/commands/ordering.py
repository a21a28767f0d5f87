"""From a command's arguments to the order of a run: consent first, then settings of this run."""

from pathlib import Path
from typing import Any

import msgspec

from samokoder.agents.runs.order import Order
from samokoder.server.commands import consent
from samokoder.server.commands.command import Call
from samokoder.server.commands.shared import RunArgs


async def order_of(
    call: Call,
    args: RunArgs,
    kind: str,
    title: str,
    root: Path,
    params: Any,
    *,
    commands: bool = True,
    model: bool = False,
) -> Order:
    """The order. ``commands``: the run needs the project's own commands, so consent is asked for;
    ``model``: it may ask a model, so consent to a remote provider is asked for.
    """
    once = await consent.to_commands(call, root, yes=args.yes) if commands else args.yes
    if model and not args.no_model:
        await consent.to_provider(call, root, named=args.model)
    flags: dict[str, str | int | float | bool] = {}
    if args.model:
        flags["model.coder"] = args.model
    if args.unconfined:
        flags["sandbox.unconfined"] = True
    if args.yes:
        flags["run.approval"] = "auto"
    return Order(
        kind=kind,
        root=str(root),
        title=title,
        params=msgspec.Raw(msgspec.json.encode(params)),
        origin="editor" if call.client else "shell",
        headless=args.yes,
        consent=once,
        allow_model=not args.no_model,
        flags=flags,
        client=call.client or "",
    )
