"""Make the pages that are made from the code; with ``--check`` only say which are out of date."""

import argparse
import ast
import inspect
import json
import sys
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from samokoder.agents import settings
from samokoder.agents.caution import MOST_CAUTIOUS, UNTRUSTED
from samokoder.agents.setting import SETTINGS, describe
from samokoder.server import service  # noqa: F401 - brings every module that defines errors
from samokoder.server.commands.registry import COMMANDS
from samokoder.state.errors import SamokoderError

DOCS = Path(__file__).resolve().parent.parent / "docs"

CONFIGURATION = """# Settings

This page is made from the code by `make docs`: change `agents/samokoder/agents/settings.py`.

Settings come from six places. Where two set the same key, the later one of this list wins:

1. the defaults below
2. your own file: `config.toml` in your configuration folder (`~/.config/samokoder` on Linux,
   `SAMOKODER_CONFIG_DIR` overrides); `samokoder doctor` prints where it is
3. the workspace's file: `samokoder.toml` in its root
4. your editor's settings under `samokoder`
5. the environment: `SAMOKODER_<SECTION>_<KEY>`, for example `SAMOKODER_BUDGET_MONEY=0.5`
6. flags on the command line

`workspace.ignore` is the exception: every place adds to it. Lists in the environment are a JSON
array or a single item. `samokoder doctor` says what is wrong with your settings.

```toml
[model]
coder = "openai:gpt-5-mini"

[budget]
money = 0.5

[check]
commands = ["pytest -q", "ruff check"]
```

**What is wrong is said, and never stops the work.** An unknown key is named with the nearest known
one; a value of the wrong type with what it must be, the file and the line. The place below then
counts. The settings that bound what may be done fail closed: where such a value cannot be read, the
most cautious one holds until it is mended ({cautious}).

**A workspace's file grants nothing by itself.** Until you trust the workspace, its `samokoder.toml`
can only make Samokoder more careful: lower a limit, confine more, ask more often. In the tables,
*stricter* marks settings it may tighten; everything else in it is held back and named.
"""

COMMANDS_PAGE = """# Commands

This page is made from the code by `make docs`.

An editor sends them as `workspace/executeCommand` with at most one JSON object; the shell's twin of
`samokoder.a.b` is `samokoder a b`, with `--json` for the same result. Every argument may be left
out. Unknown arguments and wrong types are errors. Errors, exit codes, progress:
[protocol](protocol.md).
"""


def documented(source: str) -> dict[str, dict[str, str]]:
    """Of every class: each field's documentation, the string below it."""
    found: dict[str, dict[str, str]] = {}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.ClassDef):
            continue
        for field, text in zip(node.body, node.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
            ):
                words = inspect.cleandoc(str(text.value.value)).replace("\n", " ")
                found.setdefault(node.name, {})[field.target.id] = words
    return found


def toml(value: object) -> str:
    """A default as it is written in a settings file."""
    return json.dumps(value, ensure_ascii=False)


def configuration() -> str:
    """docs/configuration.md"""
    words = documented(inspect.getsource(settings))
    cautious = ", ".join(f"`{key} = {toml(value)}`" for key, value in MOST_CAUTIOUS.items())
    lines = [CONFIGURATION.format(cautious=cautious)]
    for section in msgspec.structs.fields(settings.Settings):
        lines += [f"## `[{section.encode_name}]`", ""]
        lines += [
            "| key | default | must be | untrusted workspace | |",
            "| --- | --- | --- | --- | --- |",
        ]
        for field in msgspec.structs.fields(section.type):
            key = f"{section.encode_name}.{field.encode_name}"
            said = words[section.type.__name__][field.name]
            may = "stricter" if key in UNTRUSTED else "held back"
            row = (
                f"`{field.encode_name}`",
                f"`{toml(SETTINGS[key].default)}`",
                describe(field.type),
                may,
                said,
            )
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
        lines.append("")
    return "\n".join(lines)


def kind(schema: Mapping[str, Any]) -> str:
    """A JSON Schema in a few words."""
    if "enum" in schema:
        return " or ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind(option) for option in schema["anyOf"]))
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    name = str(schema.get("type", "anything"))
    if name == "array":
        return f"list of {kind(schema.get('items') or {})}"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None:
        return f"{name}, {low} to {high}" if high is not None else f"{name}, at least {low}"
    return name


def commands() -> str:
    """docs/commands.md"""
    lines = [COMMANDS_PAGE]
    for name, command in sorted(COMMANDS.items()):
        shell = " ".join([*name.split("."), *(f"[{word.upper()}]" for word in command.positional)])
        lines += [f"## `{name}`", "", command.summary, "", f"Shell: `{shell}`", ""]
        _, parts = msgspec.json.schema_components([command.args])
        arguments = parts[command.args.__name__]["properties"]
        if arguments:
            lines += ["| argument | type | default | |", "| --- | --- | --- | --- |"]
        for argument, schema in arguments.items():
            default = json.dumps(schema.get("default"), ensure_ascii=False)
            words = schema.get("description", "")
            row = (f"`{argument}`", kind(schema), f"`{default}`", words)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
        lines += [*([""] if arguments else []), f"Result: {result(command.run)}", ""]
    lines += ["The same as JSON Schema: [schema/commands.json](schema/commands.json).", ""]
    return "\n".join(lines)


def returned(run: Any) -> Any:
    """The type a command returns."""
    return typing.get_type_hints(run, include_extras=True)["return"]


def result(run: Any) -> str:
    """The command's result in a few words."""
    (schema,), _ = msgspec.json.schema_components([returned(run)])
    return kind(schema)


def schemas() -> str:
    """docs/schema/commands.json: arguments and result of every command."""
    kinds = [(name, c.args, returned(c.run)) for name, c in sorted(COMMANDS.items())]
    flat = [one for _, args, back in kinds for one in (args, back)]
    template = "#/$defs/{name}"
    found, parts = msgspec.json.schema_components(flat, ref_template=template)
    table = {
        name: {"arguments": found[2 * at], "result": found[2 * at + 1]}
        for at, (name, _, _) in enumerate(kinds)
    }
    return pretty({"$schema": DIALECT, "commands": table, "$defs": parts})


def settings_schema() -> str:
    """docs/schema/settings.json: a settings file, for editors that complete TOML."""
    words = documented(inspect.getsource(settings))
    template = "#/$defs/{name}"
    (schema,), parts = msgspec.json.schema_components([settings.Settings], ref_template=template)
    for name, fields in words.items():
        for field, said in fields.items():
            parts[name]["properties"][field]["description"] = said
    return pretty({"$schema": DIALECT, **schema, "$defs": parts})


ERRORS = """# Errors

This page is made from the code by `make docs`.

Every error has a stable `code`, is one plain sentence, and says what to do next. The exit code is
what the shell ends with.

| `code` | exit code | meaning | what helps |
| --- | --- | --- | --- |
"""


def errors() -> str:
    """docs/errors.md"""
    found: dict[str, type[SamokoderError]] = {}
    waiting: list[type[SamokoderError]] = [SamokoderError]
    while waiting:
        kind = waiting.pop()
        # A subclass that keeps its parent's code is no error of its own.
        found.setdefault(kind.code, kind)
        waiting += kind.__subclasses__()
    rows = (
        f"| `{code}` | {kind.exit_code} | {kind('').title}. | {kind.default_hint} |"
        for code, kind in sorted(found.items())
    )
    return ERRORS + "\n".join(rows) + "\n"


DIALECT = "https://json-schema.org/draft/2020-12/schema"


def pretty(value: object) -> str:
    """JSON as it is committed."""
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def pages() -> Iterator[tuple[Path, str]]:
    """Every generated page and what it should hold."""
    yield DOCS / "configuration.md", configuration()
    yield DOCS / "commands.md", commands()
    yield DOCS / "errors.md", errors()
    yield DOCS / "schema" / "commands.json", schemas()
    yield DOCS / "schema" / "settings.json", settings_schema()


def main() -> None:
    """Write, or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check: bool = parser.parse_args().check
    stale = []
    for path, text in pages():
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(str(path.relative_to(DOCS.parent)))
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
    if stale:
        print(("out of date, run `make docs`: " if check else "written: ") + ", ".join(stale))
    sys.exit(1 if stale and check else 0)


if __name__ == "__main__":
    main()
