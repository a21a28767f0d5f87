"""The data-flow pass as a source of findings."""

from dataclasses import dataclass

from samokoder.agents.review import static
from samokoder.agents.review.finding import Finding
from samokoder.agents.review.pyfile import PyFile
from samokoder.agents.review.source import Scope
from samokoder.agents.review.taint import findings, flow, misuse
from samokoder.agents.workspace.snapshot import Snapshot


@dataclass(frozen=True)
class TaintSource:
    """See :class:`samokoder.agents.review.source.Source`."""

    name: str = "taint"

    async def findings(self, snapshot: Snapshot, scope: Scope) -> tuple[Finding, ...]:
        return await static.over_python(snapshot, scope, analyse)


def analyse(file: PyFile) -> tuple[Finding, ...]:
    """Outside data where it does harm, and security settings that are wrong as written."""
    flows = tuple(findings.told(file, hit) for hit in flow.hits(file))
    told = {(f.line, f.cwe) for f in flows}
    return (*flows, *(f for f in misuse.findings(file) if (f.line, f.cwe) not in told))
