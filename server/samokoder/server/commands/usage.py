"""`samokoder.usage`: the ledger of model calls, failed attempts included."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from samokoder.server.commands import text
from samokoder.server.commands.command import Args, Call, Command
from samokoder.server.commands.shared import Root, root_of
from samokoder.state import calls, clock, workspaces

Group = Literal["all", "run", "agent", "role", "model", "provider", "day"]


class UsageArgs(Args, frozen=True):
    root: Root = ""
    all: Annotated[bool, Meta(description="Every workspace.")] = False
    by: Annotated[Group, Meta(description="Sums per what.")] = "model"
    days: Annotated[int, Meta(ge=0, description="Only the last days; 0 means always.")] = 0
    run: Annotated[str, Meta(description="Only this run.")] = ""


class Sum(msgspec.Struct, frozen=True):
    """One group. ``micros`` are millionths of a US dollar; None when a price is unknown."""

    name: str
    calls: int
    failed: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    micros: int | None


class Usage(msgspec.Struct, frozen=True):
    """Sums, the busiest first (days: the newest first)."""

    by: str
    sums: tuple[Sum, ...]


async def usage(call: Call, args: UsageArgs) -> Usage:
    run = (await call.service.engine.summary(args.run)).id if args.run else None
    root = None if args.all or run else await root_of(call, args.root)
    since = clock.now_ms() - args.days * clock.DAY_MS if args.days else None
    async with call.service.db.reading() as s:
        workspace = await workspaces.find(s, str(root)) if root is not None else None
        if root is not None and workspace is None:
            return Usage(args.by, ())
        totals = await calls.totals(
            s,
            args.by,
            run_id=run,
            workspace_id=workspace.id if workspace is not None else None,
            since=since,
        )
    return Usage(args.by, tuple(_sum(total) for total in totals if total.calls))


def _sum(total: calls.Total) -> Sum:
    return Sum(
        total.name,
        total.calls,
        total.failed + total.unknown,
        total.tokens_in,
        total.tokens_out,
        total.tokens_cached,
        None if total.unpriced else total.micros,
    )


def _show(result: Usage) -> str:
    if not result.sums:
        return "No model was called."
    lines = [f"{result.by:<32} {'calls':>7} {'failed':>7} {'in':>10} {'out':>10}  cost"]
    for item in result.sums:
        name = item.name
        if result.by == "day" and name:
            name = text.when(int(name) / 1000)[:10]
        lines.append(
            f"{name or 'all':<32} {item.calls:>7} {item.failed:>7} {item.input_tokens:>10} "
            f"{item.output_tokens:>10}  {text.money(item.micros)}"
        )
    return "\n".join(lines)


COMMANDS = (
    Command(
        "samokoder.usage",
        UsageArgs,
        usage,
        "Show what model calls have cost.",
        show=_show,
    ),
)
