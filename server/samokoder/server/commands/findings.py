"""`samokoder.finding.*`: what reviews found, what the user does not want to hear of, exports."""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from samokoder.agents.review import prose, session
from samokoder.agents.review.request import Reported
from samokoder.agents.review.sarif import sarif
from samokoder.agents.review.sharing import ShareRequest
from samokoder.agents.review.shelf import Kept, StateShelf, dismissal_of
from samokoder.agents.review.view import FindingView, view
from samokoder.server.commands import writing
from samokoder.server.commands.command import Args, Call, Command
from samokoder.server.commands.naming import Finding, named
from samokoder.server.commands.shared import Root, Uri, path_of, root_of
from samokoder.server.findings import EVENT, silenced_in, standing
from samokoder.server.version import VERSION
from samokoder.state import dismissals, workspaces


class ListArgs(Args, frozen=True):
    root: Root = ""
    path: Annotated[str, Meta(description="Only findings in this file or folder.")] = ""
    uri: Uri = ""
    dismissed: Annotated[bool, Meta(description="Show dismissed findings too.")] = False


class DismissArgs(Args, frozen=True):
    finding: Finding = ""
    reason: Annotated[str, Meta(description="Why it is no finding.")] = ""
    share: Annotated[
        bool, Meta(description="Write it into .samokoder/dismissals.toml, to be committed.")
    ] = False
    revoke: Annotated[bool, Meta(description="Take the dismissal back.")] = False
    root: Root = ""
    uri: Uri = ""


class ExportArgs(Args, frozen=True):
    root: Root = ""
    format: Annotated[Literal["sarif", "json", "markdown"], Meta(description="What to print.")] = (
        "sarif"
    )
    dismissed: Annotated[bool, Meta(description="Include dismissed findings, marked as such.")] = (
        True
    )


class Dismissed(msgspec.Struct, frozen=True, kw_only=True):
    """What a dismissal did. ``run`` wrote the shared file, where one did."""

    message: str
    finding: str = ""
    shared: bool = False
    run: str = ""


async def gathered(call: Call, root: Path, *, dismissed: bool) -> tuple[FindingView, ...]:
    """The open findings of a workspace where they are now, gravest first."""
    shelf = StateShelf(call.service.db)
    opened = await standing(root, await shelf.opened(root), call.service.editors)
    silenced = await silenced_in(shelf, root)
    ranked = sorted(opened, key=lambda kept: session.order(kept.finding))
    return tuple(
        view(Reported(k.fingerprint, k.finding, _reason(silenced, k)))
        for k in ranked
        if dismissed or k.fingerprint not in silenced
    )


def _reason(silenced: dict[str, str], kept: Kept) -> str:
    reason = silenced.get(kept.fingerprint)
    return "" if reason is None else reason or "dismissed"


async def list_findings(call: Call, args: ListArgs) -> tuple[FindingView, ...]:
    root = await _root(call, args.root, args.uri)
    found = await gathered(call, root, dismissed=args.dismissed)
    place = args.path.strip("/")
    if args.uri:
        place = path_of(args.uri).relative_to(root).as_posix()
    return tuple(f for f in found if not place or f.path == place or f.path.startswith(f"{place}/"))


async def _root(call: Call, root: str, uri: str) -> Path:
    return await root_of(call, root, path_of(uri) if uri else None)


async def dismiss(call: Call, args: DismissArgs) -> Dismissed:
    root = await _root(call, args.root, args.uri)
    kept = await named(call, root, args.finding)
    name = kept.fingerprint
    async with call.service.db.session() as s:
        workspace = await workspaces.ensure(s, str(root))
        if args.revoke:
            was = await dismissals.revoke(s, workspace.id, name)
        else:
            await dismissals.make(s, workspace.id, dismissal_of(kept, args.reason))
    run_id = ""
    if args.share or args.revoke:
        run_id = await _share(call, root, kept, args)
    call.service.engine.stream.put(EVENT, root=str(root), paths=[kept.finding.path])
    short = name[:12]
    if args.revoke:
        done = was or bool(run_id)
        message = f"{short} is shown again" if done else f"{short} was not dismissed"
    else:
        message = f"{short} is dismissed" + (f": {args.reason}" if args.reason else "")
    return Dismissed(message=message, finding=name, shared=bool(run_id), run=run_id)


async def _share(call: Call, root: Path, kept: Kept, args: DismissArgs) -> str:
    """Write the project's file through a change set; the run that did, "" when nothing changed."""
    request = (
        ShareRequest(remove=kept.fingerprint)
        if args.revoke
        else ShareRequest(add=(dismissal_of(kept, args.reason),))
    )
    title = "Take back a dismissal" if args.revoke else "Dismiss a finding"
    return await writing.written(call, root, "share", title, request)


async def export(call: Call, args: ExportArgs) -> Any:
    root = await root_of(call, args.root)
    found = await gathered(call, root, dismissed=args.dismissed)
    if args.format == "sarif":
        return sarif(found, root, VERSION)
    if args.format == "json":
        return found
    return {"markdown": prose.markdown([f for f in found if not f.dismissed], root.name)}


def _show_list(found: tuple[FindingView, ...]) -> str:
    return prose.lines(found) or "No findings."


def _show_export(result: Any) -> str:
    if isinstance(result, dict) and "markdown" in result:
        return str(result["markdown"])
    return msgspec.json.format(msgspec.json.encode(result), indent=2).decode()


COMMANDS = (
    Command(
        "samokoder.finding.list",
        ListArgs,
        list_findings,
        "List the findings of reviews, gravest first.",
        show=_show_list,
        positional=("path",),
    ),
    Command(
        "samokoder.finding.dismiss",
        DismissArgs,
        dismiss,
        "Do not show a finding any more, with a reason; or show it again.",
        show=lambda result: str(result.message),
        positional=("finding",),
    ),
    Command(
        "samokoder.finding.export",
        ExportArgs,
        export,
        "Print the findings as SARIF 2.1.0, JSON or Markdown.",
        show=_show_export,
    ),
)
