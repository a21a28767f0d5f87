"""Security settings that are wrong as written, whatever data flows: ciphers, cookies, secrets."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from samokoder.agents.checks.check import Severity
from samokoder.agents.models import redact
from samokoder.agents.review import dotted
from samokoder.agents.review.finding import Category, Finding
from samokoder.agents.review.pyfile import PyFile
from samokoder.agents.review.taint import knowledge, sinks

_WARNING, _INFO = Severity.WARNING, Severity.INFO

_WEAK_HASH: Final = frozenset({"md2", "md4", "md5", "sha", "sha1"})
_WEAK_CIPHER: Final = re.compile(
    r"\.(?:DES3?|ARC[24]|Blowfish|XOR|CAST|RC4|IDEA|SEED|TripleDES|CAST5)(?:\.new)?$"
)
_CIPHER_HOME: Final = re.compile(r"^(?:Crypto|Cryptodome|cryptography)\b")
_OLD_PROTOCOL: Final = frozenset(
    {"ssl.PROTOCOL_SSLv2", "ssl.PROTOCOL_SSLv3", "ssl.PROTOCOL_TLSv1", "ssl.PROTOCOL_TLSv1_1"}
)
_HTTP: Final = re.compile(
    r"^(?:requests|httpx)\.(?:get|post|put|delete|patch|head|options|request|Client|AsyncClient|"
    r"stream|Session)$"
)
_PLACEHOLDER: Final = re.compile(
    r"example|change|dummy|sample|test|placeholder|your|xxx|todo|none|null|default|secret|password|"
    r"passwd|token|<|\{|\$|\*\*|^env|https?:|^[a-z_ .:/-]+$|^[A-Z_]+$",
    re.I,
)
_COOKIE_METHODS: Final = frozenset({"set_cookie", "set_signed_cookie"})


@dataclass(frozen=True, slots=True)
class _Fault:
    node: ast.AST
    rule: str
    cwe: str
    message: str
    severity: Severity = _WARNING
    confidence: float = 0.7
    advice: str = ""


def findings(file: PyFile) -> tuple[Finding, ...]:
    """What is wrong as written, in the order of the text."""
    names = dotted.names(file.tree)
    found: list[Finding] = []
    about = _topics(file.tree)
    for node in ast.walk(file.tree):
        for fault in _faults(node, names, about):
            place = file.place(fault.node, first_line=True)
            found.append(
                Finding(
                    file.path, place.line, place.column, place.end_line, place.end_column,
                    place.quote, fault.rule, f"{fault.message} (CWE-{fault.cwe})", "taint",
                    Category.SECURITY, fault.cwe, fault.severity, fault.confidence,
                    advice=fault.advice,
                )
            )  # fmt: skip
    return tuple(sorted(found, key=lambda f: (f.line, f.column, f.rule)))


def _topics(tree: ast.Module) -> list[tuple[int, int]]:
    """Lines of the functions that speak of passwords, tokens and the like."""
    found: list[tuple[int, int]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for inner in ast.walk(node):
                word = (
                    inner.id if isinstance(inner, ast.Name)
                    else inner.arg if isinstance(inner, ast.arg | ast.keyword)
                    else inner.attr if isinstance(inner, ast.Attribute)
                    else inner.value if isinstance(inner, ast.Constant) else ""
                )  # fmt: skip
                if isinstance(word, str) and len(word) < 60 and _secretive(word):
                    found.append((node.lineno, node.end_lineno or node.lineno))
                    break
    return found


def _secretive(word: str) -> bool:
    return bool(
        knowledge.SECRET_NAME.search(re.sub(r"[^A-Za-z0-9]+", "_", sinks.snake(word)))
        or re.search(r"signature|hmac|credential", word, re.I)
    )


def _faults(node: ast.AST, names: dotted.Names, about: list[tuple[int, int]]) -> Iterator[_Fault]:
    if isinstance(node, ast.Call):
        path = names.of(node.func)
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        yield from _hash(node, path, about)
        yield from _call(node, path, method)
        if method in _COOKIE_METHODS:
            yield from _cookie(node)
    elif isinstance(node, ast.Attribute):
        yield from _attribute(node, names.of(node))
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        yield from _assigned(node)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _key(node.value):
        yield _Fault(
            node, "hardcoded-secret", "798", "A real-looking key stands in the code", _WARNING,
            0.9, "Read it from the environment and revoke this one.",
        )  # fmt: skip


def _hash(node: ast.Call, path: str, about: list[tuple[int, int]]) -> Iterator[_Fault]:
    name = ""
    if path.startswith("hashlib."):
        name = path.removeprefix("hashlib.")
        if name == "new":
            first = node.args[0] if node.args else None
            value = first.value if isinstance(first, ast.Constant) else ""
            name = value if isinstance(value, str) else ""
    elif _CIPHER_HOME.match(path):
        match = re.search(r"\.(MD[245]|SHA1?)(?:\.new)?$", path)
        name = match[1] if match else ""
    if (
        name.lower().replace("-", "") not in _WEAK_HASH
        or _keyword(node, "usedforsecurity") is False
    ):
        return
    sensitive = any(first <= node.lineno <= last for first, last in about)
    yield _Fault(
        node, "weak-hash", "328", f"{name.upper()} can be forged and reversed quickly",
        _WARNING if sensitive else _INFO, 0.7 if sensitive else 0.4,
        "Use SHA-256, or a password hash for passwords.",
    )  # fmt: skip


def _call(node: ast.Call, path: str, method: str) -> Iterator[_Fault]:
    if _CIPHER_HOME.match(path) and _WEAK_CIPHER.search(path):
        yield _Fault(node, "weak-cipher", "327", f"`{path.rpartition('.')[0]}` is a broken cipher")
    elif path.startswith("cryptography.") and path.endswith("modes.ECB"):
        yield _Fault(node, "weak-cipher", "327", "ECB shows equal blocks as equal")
    elif _HTTP.match(path) and _keyword(node, "verify") is False:
        yield _Fault(node, "unverified-tls", "295", "The server's certificate is not checked")
    elif path == "ssl._create_unverified_context":
        yield _Fault(node, "unverified-tls", "295", "Certificates are not checked")
    elif method == "set_missing_host_key_policy" and "AutoAdd" in ast.unparse(node):
        yield _Fault(node, "unverified-host", "295", "Any host key is accepted")
    elif path == "jwt.decode" and (
        _keyword(node, "verify") is False or "'verify_signature': False" in ast.unparse(node)
    ):
        yield _Fault(node, "unverified-token", "347", "The token's signature is not checked")
    elif method == "run" and _keyword(node, "debug") is True and path.startswith("app"):
        yield _Fault(node, "debug-server", "489", "The debugger lets visitors run code")
    elif path == "tempfile.mktemp":
        yield _Fault(node, "racy-temporary-file", "377", "Another program can take that name first")
    elif path in ("yaml.load", "yaml.load_all") and len(node.args) < 2 and not node.keywords:
        yield _Fault(node, "unsafe-deserialisation", "502", "This loader can run code")
    elif path.endswith(("rsa.generate_private_key", "RSA.generate", "DSA.generate")):
        size = _keyword(node, "key_size")
        if size is None and node.args and isinstance(node.args[0], ast.Constant):
            size = node.args[0].value
        if isinstance(size, int) and 16 <= size < 2048:
            yield _Fault(node, "short-key", "326", f"A key of {size} bits is too short")
    elif path == "os.chmod" and len(node.args) == 2:
        mode = node.args[1]
        if isinstance(mode, ast.Constant) and isinstance(mode.value, int) and mode.value & 0o002:
            yield _Fault(node, "open-permissions", "732", "Everybody may write to this file")
    elif path.endswith("jinja2.Environment") and _keyword(node, "autoescape") is False:
        yield _Fault(node, "no-autoescape", "79", "Templates do not escape what they show")


def _cookie(node: ast.Call) -> Iterator[_Fault]:
    if any(k.arg is None for k in node.keywords):
        return
    secure = _keyword(node, "secure")
    given = any(k.arg == "secure" for k in node.keywords)
    if given and secure is not False and secure is not None:
        return
    if given and secure is None and not _is_none(node, "secure"):
        return  # decided at run time
    yield _Fault(
        node, "insecure-cookie", "614", "This cookie also travels over plain HTTP",
        _WARNING if given else _INFO, 0.8 if given else 0.5, "Pass `secure=True`.",
    )  # fmt: skip


def _attribute(node: ast.Attribute, path: str) -> Iterator[_Fault]:
    if path in _OLD_PROTOCOL:
        yield _Fault(node, "old-tls", "327", f"`{path}` is a broken protocol")
    elif node.attr == "MODE_ECB" and _CIPHER_HOME.match(path):
        yield _Fault(node, "weak-cipher", "327", "ECB shows equal blocks as equal")


def _assigned(node: ast.Assign | ast.AnnAssign) -> Iterator[_Fault]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if not (isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)):
        return
    text = node.value.value
    for target in targets:
        name = (
            target.id if isinstance(target, ast.Name)
            else target.attr if isinstance(target, ast.Attribute) else ""
        )  # fmt: skip
        if name and knowledge.SECRET_NAME.search(sinks.snake(name)) and _random_looking(text):
            yield _Fault(
                node, "hardcoded-secret", "798", f"`{name}` is written in the code", _WARNING, 0.6,
                "Read it from the environment.",
            )  # fmt: skip


def _key(text: str) -> bool:
    return 16 <= len(text) < 4000 and bool(redact.find(text))


def _random_looking(text: str) -> bool:
    """Whether a text looks drawn by lot: long, mixed, and no words."""
    if not 12 <= len(text) <= 200 or _PLACEHOLDER.search(text) or " " in text:
        return False
    return (
        redact.entropy(text) >= 3.2
        and any(c.isdigit() for c in text)
        and any(c.isalpha() for c in text)
    )


def _keyword(node: ast.Call, name: str) -> object:
    for keyword in node.keywords:
        if keyword.arg == name and isinstance(keyword.value, ast.Constant):
            return keyword.value.value
    return None


def _is_none(node: ast.Call, name: str) -> bool:
    return any(
        k.arg == name and isinstance(k.value, ast.Constant) and k.value.value is None
        for k in node.keywords
    )
