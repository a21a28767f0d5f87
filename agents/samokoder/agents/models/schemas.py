"""JSON Schemas as the providers want them."""

from typing import Any, Final

_GEMINI: Final = frozenset(
    {
        "type",
        "format",
        "description",
        "nullable",
        "enum",
        "items",
        "properties",
        "required",
        "anyOf",
        "minItems",
        "maxItems",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "pattern",
        "propertyOrdering",
    }
)

_DEEPEST: Final = 32


def is_closed(schema: Any) -> bool:
    """Every object names all its properties and no others: what strict modes demand."""
    if isinstance(schema, list):
        return all(is_closed(item) for item in schema)
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" or isinstance(schema.get("properties"), dict):
        named = set(schema.get("properties", {}))
        if schema.get("additionalProperties") is not False:
            return False
        if named != set(schema.get("required", ())):
            return False
    inner = (value for key, value in schema.items() if key not in ("enum", "const", "default"))
    return all(is_closed(value) for value in inner)


def for_gemini(schema: dict[str, Any]) -> dict[str, Any]:
    """The part of the schema that ``responseSchema`` knows, references resolved.

    Recursion ends in an unconstrained value: the dialect has no references.
    """
    return _gemini(schema, schema.get("$defs") or schema.get("definitions") or {}, 0)


def _gemini(schema: dict[str, Any], named: dict[str, Any], depth: int) -> dict[str, Any]:
    if depth > _DEEPEST:
        return {"type": "string"}
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return _gemini(named.get(reference.rpartition("/")[2], {}), named, depth + 1)
    out: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "const":
            out["enum"] = [value]
        elif key == "oneOf":
            out["anyOf"] = [_gemini(item, named, depth + 1) for item in value]
        elif key not in _GEMINI:
            continue
        elif key == "properties":
            out[key] = {name: _gemini(item, named, depth + 1) for name, item in value.items()}
        elif key == "items":
            out[key] = _gemini(value, named, depth + 1)
        elif key == "anyOf":
            out[key] = [_gemini(item, named, depth + 1) for item in value]
        elif key == "type" and isinstance(value, list):
            kinds = [kind for kind in value if kind != "null"]
            out["type"] = kinds[0] if kinds else "string"
            if len(kinds) < len(value):
                out["nullable"] = True
        else:
            out[key] = value
    choices = out.get("anyOf")
    if choices and any(choice.get("type") == "null" for choice in choices):
        rest = [choice for choice in choices if choice.get("type") != "null"]
        out["nullable"] = True
        if len(rest) == 1:
            del out["anyOf"]
            out = {**rest[0], **out}
        else:
            out["anyOf"] = rest
    if "enum" in out and "type" not in out and all(isinstance(v, str) for v in out["enum"]):
        out["type"] = "string"
    return out
