"""Files changed on the user's word: a run proposes the change, and it is applied at once."""

from pathlib import Path

import msgspec

from samokoder.agents.errors import Conflict, InvalidInput
from samokoder.agents.runs.order import Order
from samokoder.server.commands.command import Call


async def written(call: Call, root: Path, kind: str, title: str, request: object) -> str:
    """Carry it out; the run that did, "" when there was nothing to change.

    The kind's result has ``changed``. Raises InvalidInput or Conflict.
    """
    engine = call.service.engine
    order = Order(
        kind=kind,
        root=str(root),
        title=title,
        params=msgspec.Raw(msgspec.json.encode(request)),
        origin="editor" if call.client else "shell",
        headless=True,
        allow_model=False,
        client=call.client or "",
    )
    run_id = await engine.submit(order)
    await engine.ended(run_id)
    run, _, stored = await engine.outcome(run_id)
    if stored is None:
        raise InvalidInput(run.reason)
    if not msgspec.json.decode(stored)["changed"]:
        return ""
    done = await engine.apply(run_id, client=call.client)
    if done.conflicts:
        raise Conflict("; ".join(done.conflicts))
    return run_id
