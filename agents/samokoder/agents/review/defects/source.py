"""Mistakes that the text of a program shows by itself, as a source of findings."""

import ast
from dataclasses import dataclass

from samokoder.agents.review import dotted, static
from samokoder.agents.review.defects import calls, conditions, databases, loops, paths, scripts
from samokoder.agents.review.defects.defect import Defect, Finder, Function, Module
from samokoder.agents.review.finding import Finding
from samokoder.agents.review.pyfile import PyFile
from samokoder.agents.review.source import Scope
from samokoder.agents.workspace.snapshot import Snapshot

FINDERS: tuple[Finder, ...] = (
    *conditions.FINDERS, *loops.FINDERS, *calls.FINDERS, *paths.FINDERS,
    *databases.FINDERS,
)  # fmt: skip


@dataclass(frozen=True)
class DefectSource:
    """See :class:`samokoder.agents.review.source.Source`."""

    name: str = "defects"

    async def findings(self, snapshot: Snapshot, scope: Scope) -> tuple[Finding, ...]:
        found = await static.over_python(snapshot, scope, analyse)
        return (*found, *await static.over(snapshot, scope, scripts.SUFFIXES, scripts.analyse))


def analyse(file: PyFile) -> tuple[Finding, ...]:
    """What all finders find, in the order of the text, one of a kind at a place."""
    module = read(file)
    found: dict[tuple[int, int, str], Finding] = {}
    for finder in FINDERS:
        for defect in finder(module):
            finding = told(file, defect)
            found.setdefault((finding.line, finding.column, finding.rule), finding)
    return tuple(sorted(found.values(), key=lambda f: (f.line, f.column)))


def read(file: PyFile) -> Module:
    """The file with parents and functions."""
    parents: dict[ast.AST, ast.AST] = {}
    nodes: list[ast.AST] = []
    functions: dict[str, Function] = {}
    twice: set[str] = set()
    stack: list[ast.AST] = [file.tree]
    while stack:
        node = stack.pop()
        nodes.append(node)
        for child in ast.iter_child_nodes(node):
            parents[child] = node
            stack.append(child)
        if isinstance(node, Function):
            if node.name in functions:
                twice.add(node.name)
            functions[node.name] = node
    once = {k: v for k, v in functions.items() if k not in twice}
    return Module(file, dotted.names(file.tree), tuple(nodes), parents, once)


def told(file: PyFile, defect: Defect) -> Finding:
    """The finding for one defect."""
    place = file.place(defect.node, first_line=True)
    return Finding(
        file.path, place.line, place.column, place.end_line, place.end_column, place.quote,
        defect.rule, f"{defect.message[:1].upper()}{defect.message[1:]}.", "defects",
        defect.category, defect.cwe, defect.severity, defect.confidence,
        related=tuple(file.place(n, note, first_line=True) for n, note in defect.also),
        advice=defect.advice,
    )  # fmt: skip
