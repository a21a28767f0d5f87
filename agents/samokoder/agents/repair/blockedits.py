"""Search/replace blocks of an answer, applied to the snapshot's files where they fit uniquely."""

import re
from functools import partial

from anyio import to_thread

from samokoder.agents.edits import applier
from samokoder.agents.workspace.snapshot import Snapshot

_BLOCK = re.compile(
    r"^<{5,9} ?SEARCH[^\n]*\n(?P<search>.*?)"
    r"^={5,9}[^\n]*\n(?P<replace>.*?)^>{5,9} ?REPLACE",
    re.DOTALL | re.MULTILINE,
)


async def applied(snapshot: Snapshot, answer: str) -> tuple[dict[str, str], str]:
    """New texts by path and an empty reason; or nothing and the reason."""
    texts: dict[str, str] = {}
    last = ""
    found = list(_BLOCK.finditer(answer))
    if not found:
        return {}, "the answer holds no SEARCH/REPLACE block"
    at = 0
    for match in found:
        head = answer[at : match.start("search")]
        at = match.end()
        named = [
            p for p in snapshot.files if re.search(rf"(?<![\w./-]){re.escape(p)}(?![\w/-])", head)
        ]
        path = max(named, key=lambda p: head.rfind(p)) if named else last
        if not path:
            return {}, "a block does not say which file it is for"
        last = path
        if path not in texts:
            texts[path] = (await snapshot.read(path)).decode("utf-8", "surrogateescape")
        done = await to_thread.run_sync(
            partial(applier.edit, texts[path], match["search"], match["replace"], path=path)
        )
        if isinstance(done, applier.Refused):
            return {}, f"{path}: {done.reason}"
        texts[path] = done.text
    return texts, ""
