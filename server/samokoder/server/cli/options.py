"""Turns a command's arguments into options of the shell: one definition serves both."""

from typing import Any

import click
import msgspec
from msgspec import inspect as shapes

from samokoder.server.commands.command import Command

_SIMPLE: dict[type[shapes.Type], click.ParamType[Any]] = {
    shapes.StrType: click.STRING,
    shapes.IntType: click.INT,
    shapes.FloatType: click.FLOAT,
}


def _unwrap(kind: shapes.Type) -> tuple[shapes.Type, str]:
    """The type below ``Annotated`` and ``| None``, and its description."""
    text = ""
    while True:
        if isinstance(kind, shapes.Metadata):
            schema = kind.extra_json_schema or {}
            text = text or str(schema.get("description", ""))
            kind = kind.type
        elif isinstance(kind, shapes.UnionType):
            rest = [t for t in kind.types if not isinstance(t, shapes.NoneType)]
            if len(rest) != 1:
                return kind, text
            kind = rest[0]
        else:
            return kind, text


def _parameter(field: shapes.Field, positional: bool) -> click.Parameter | None:
    """The shell's twin of one field; None for what only an editor can say (nested objects)."""
    kind, text = _unwrap(field.type)
    name = field.encode_name
    many = isinstance(kind, shapes.VarTupleType | shapes.ListType)
    inner = (
        _unwrap(kind.item_type)[0]
        if isinstance(kind, shapes.VarTupleType | shapes.ListType)
        else kind
    )
    if isinstance(inner, shapes.LiteralType):
        param: click.ParamType[Any] | None = click.Choice([str(v) for v in inner.values])
    else:
        param = _SIMPLE.get(type(inner))
    if isinstance(kind, shapes.BoolType):
        return click.Option([f"--{name.replace('_', '-')}", name], is_flag=True, help=text)
    if param is None:
        return None
    if positional:
        return click.Argument([name], type=param, required=False, nargs=-1 if many else 1)
    return click.Option(
        [f"--{name.replace('_', '-')}", name],
        type=param,
        multiple=many,
        default=None,
        help=text,
        show_default=False,
    )


def parameters(command: Command) -> list[click.Parameter]:
    """Options and arguments for every field the shell can express."""
    shape = shapes.type_info(command.args)
    assert isinstance(shape, shapes.StructType)
    found = [_parameter(f, f.encode_name in command.positional) for f in shape.fields]
    order = {name: i for i, name in enumerate(command.positional)}
    return sorted((p for p in found if p), key=lambda p: order.get(p.name or "", 99))


def arguments(command: Command, given: dict[str, Any]) -> Any:
    """The command's arguments from what the shell gave; msgspec.ValidationError when wrong."""
    present = {k: v for k, v in given.items() if v not in (None, (), False)}
    return msgspec.convert(present, command.args, strict=True)
