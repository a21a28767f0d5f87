"""Reading a model's answer: code blocks, the wanted function in them, its place in the file."""

import ast
import re

from samokoder.agents.repair import context, imports, testcode

_BLOCK = re.compile(
    r"^[ \t]*(?:```|~~~)[^\n]*\n(.*?)(?:^[ \t]*(?:```|~~~)[ \t]*$|\Z)", re.DOTALL | re.MULTILINE
)
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)


def code_blocks(answer: str) -> list[str]:
    """The fenced blocks of an answer, an unfinished last one too; the answer itself without any."""
    answer = _THOUGHT.sub("", answer)
    found = [m.group(1) for m in _BLOCK.finditer(answer)]
    return found or [answer]


def dedented(text: str) -> str:
    """Without the common margin of its lines."""
    lines = text.split("\n")
    margin = min((len(x) - len(x.lstrip()) for x in lines if x.strip()), default=0)
    return "\n".join(x[margin:] if x.strip() else "" for x in lines)


def function_of(answer: str, target: context.Target) -> tuple[str, list[imports.Import]] | str:
    """The target's new text, not yet indented, with the imports that came with it; or, as a plain
    string, why the answer cannot be used.
    """
    wanted = target.name.rpartition(".")[2]
    why = "there is no code in the answer"
    for block in code_blocks(answer):
        code = dedented(block).strip("\n")
        tree = testcode.parse(code)
        if tree is None:
            why = "the code in the answer does not parse"
            continue
        found = [f for f in context.functions("", code) if f.name.rpartition(".")[2] == wanted]
        if not found:
            why = f"the answer does not define `{wanted}`"
            continue
        chosen = next((f for f in found if f.name == target.name), found[0])
        return dedented(chosen.text), _imports(tree)
    return why


def _imports(tree: ast.Module) -> list[imports.Import]:
    found: list[imports.Import] = []
    for node in tree.body:
        if isinstance(node, ast.Import):
            found += [imports.Import(a.name, "", a.asname or "") for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [
                imports.Import(node.module, a.name, a.asname or "")
                for a in node.names
                if a.name != "*"
            ]
    return found


def spliced(text: str, target: context.Target, answer: str) -> tuple[str, str]:
    """The file with the answered function in the target's place, and an empty reason; or an empty
    text and the reason why not. Line ends of the file are kept.
    """
    if not target.name:
        blocks = code_blocks(answer)
        new = max(blocks, key=len)
        if not new.strip():
            return "", "the answer is empty"
        return _like(new.rstrip("\n") + "\n", text), ""
    found = function_of(answer, target)
    if isinstance(found, str):
        return "", found
    body, extra = found
    lines = text.split("\n")
    first = lines[target.start - 1]
    margin = first[: len(first) - len(first.lstrip())]
    end = "\r" if first.endswith("\r") else ""
    new_lines = [(margin + x if x.strip() else x) + end for x in body.rstrip("\n").split("\n")]
    result = "\n".join([*lines[: target.start - 1], *new_lines, *lines[target.end :]])
    tree = testcode.parse(text)
    if extra and tree is not None:
        have = set(testcode.import_sources(tree))
        missing = [i for i in extra if (i.alias or i.name or i.module.split(".")[0]) not in have]
        used = [i for i in missing if re.search(rf"\b{i.alias or i.name or i.module}\b", body)]
        result = imports.added(result, used) or result
    return result, ""


def _like(new: str, old: str) -> str:
    new = new.replace("\r\n", "\n")
    return new.replace("\n", "\r\n") if "\r\n" in old else new
