"""Claims about a module, one assertion each: read from a model's answer, written as a test file."""

import ast
import re
from collections.abc import Collection, Sequence

from samokoder.agents.generate.small.brief import Shown, Wish

_ALLOWED = (
    ast.Assert, ast.Compare, ast.Call, ast.Name, ast.Load, ast.Constant, ast.List, ast.Tuple,
    ast.Dict, ast.Set, ast.UnaryOp, ast.USub, ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.BinOp,
    ast.Mult, ast.Add, ast.Not, ast.Expr, ast.In, ast.NotIn, ast.keyword, ast.Pow, ast.Div,
    ast.Sub,
)  # fmt: skip
_RAISES = re.compile(r"^assert (\w+)\((.*)\) (?:raises|==|is) (\w*Error)$")
_BUILTINS = frozenset({"raises", "list", "tuple", "set", "sorted", "round", "len", "isinstance",
                       "float", "int", "str", "dict", "bool", "ValueError", "TypeError", "KeyError",
                       "IndexError", "ZeroDivisionError", "Exception"})  # fmt: skip


def read(answer: str, wanted: Wish, most: int = 24) -> tuple[str, ...]:
    """The usable assertions of an answer, each about one of the functions, each once.

    What is written nearly right is put right: `assert f(x) raises E` or `== E`, and several values
    given to a function that takes one list of them.
    """
    found: dict[str, None] = {}
    takes = {f.partition("(")[0]: _parameters(f) for f in wanted.functions}
    for line in answer.splitlines():
        text = _RAISES.sub(r"raises(\3, \1, \2)", line.strip("`- ").rstrip(",;"))
        text = re.sub(r", \)$", ")", text)
        if not usable(text, wanted.names):
            continue
        (statement,) = ast.parse(text).body
        if isinstance(statement, ast.Assert):
            statement.msg = None
        if all(_fits(call, takes) for call in _calls(statement)):
            found[ast.unparse(statement)] = None
    return tuple(found)[:most]


def _parameters(signature: str) -> tuple[int, int]:
    """How many arguments a function takes, least and most."""
    arguments = ast.parse(f"def {signature}: pass").body[0].args  # type: ignore[attr-defined]
    if arguments.vararg or arguments.kwonlyargs or arguments.kwarg:
        return 0, 99
    most = len(arguments.args)
    return most - len(arguments.defaults), most


def _calls(statement: ast.stmt) -> list[tuple[str, list[ast.expr]]]:
    """Calls of functions by name with the list of their arguments, which may be changed."""
    found: list[tuple[str, list[ast.expr]]] = []
    for node in ast.walk(statement):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if _is_raises(node) and len(node.args) > 1:
            found.append((ast.unparse(node.args[1]), node.args[2:]))
        else:
            found.append((node.func.id, node.args))
    return found


def _fits(call: tuple[str, list[ast.expr]], takes: dict[str, tuple[int, int]]) -> bool:
    """Whether the function takes so many; several values for one are made a list of them."""
    name, arguments = call
    if name not in takes:
        return True
    least, most = takes[name]
    if most == 1 and len(arguments) > 1 and all(isinstance(a, ast.Constant) for a in arguments):
        arguments[:] = [ast.List(list(arguments), ast.Load())]
    return least <= len(arguments) <= most


def called(claim: str, names: Collection[str]) -> ast.Call | None:
    """The first call of one of these functions, as a call also where `raises` makes it."""
    for node in ast.walk(ast.parse(claim)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id == "raises" and len(node.args) > 1:
            return ast.Call(node.args[1], list(node.args[2:]), [])
        if node.func.id in names:
            return node
    return None


def about(claim: str) -> str:
    """The function a claim is about: the first that it calls."""
    for node in ast.walk(ast.parse(claim)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "raises" and len(node.args) > 1:
                return ast.unparse(node.args[1])
            if node.func.id not in _BUILTINS:
                return node.func.id
    return ""


def usable(text: str, names: Collection[str]) -> bool:
    """One statement of literals and known names that calls a function of the module."""
    try:
        (statement,) = ast.parse(text).body
    except (SyntaxError, ValueError):
        return False
    if isinstance(statement, ast.Assert):
        statement.msg = None
        if not isinstance(statement.test, ast.Compare | ast.Call | ast.UnaryOp):
            return False
    elif not (isinstance(statement, ast.Expr) and _is_raises(statement.value)):
        return False
    if _nested(statement):
        return False
    used: set[str] = set()
    for node in ast.walk(statement):
        if not isinstance(node, _ALLOWED):
            return False
        if isinstance(node, ast.Name):
            used.add(node.id)
    return bool(used & set(names)) and used <= {*names, *_BUILTINS}


def _nested(statement: ast.stmt) -> bool:
    """A function of itself: what a small model falls into and cannot work out."""
    calls = [n for n in ast.walk(statement) if isinstance(n, ast.Call)]
    return any(
        isinstance(inner, ast.Call) and ast.dump(inner.func) == ast.dump(outer.func)
        for outer in calls
        for argument in outer.args
        for inner in ast.walk(argument)
    )


def _is_raises(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "raises"
    )


def test_file(wish: Wish, claims: Sequence[str]) -> str:
    """The claims as tests of the standard library, which every test runner collects."""
    mine: dict[str, list[str]] = {name: [] for name in wish.names}
    for claim in claims:
        mine.setdefault(about(claim), []).append(claim)
    lines = ["import unittest"]
    if wish.shown:
        lines = ["import subprocess", "import sys", "import unittest"]
    lines += ["", f"from {wish.module} import {', '.join(sorted(wish.names))}", "", ""]
    lines += [f"class {_camel(wish.module)}Test(unittest.TestCase):"]
    for name, ones in mine.items():
        for number, claim in enumerate(ones, 1):
            lines += [f"    def test_{name}_{number}(self):", *_body(claim), ""]
    for number, shown in enumerate(wish.shown, 1):
        lines += [*_program(wish.module, shown, number), ""]
    if lines[-1].endswith(":"):
        lines += ["    pass", ""]
    lines += ["", 'if __name__ == "__main__":', "    unittest.main()", ""]
    return "\n".join(lines)


def _body(claim: str) -> list[str]:
    statement = ast.parse(claim).body[0]
    if isinstance(statement, ast.Expr):
        assert isinstance(statement.value, ast.Call)
        error, function, *rest = (ast.unparse(a) for a in statement.value.args)
        return [
            f"        with self.assertRaises({error}):",
            f"            {function}({', '.join(rest)})",
        ]
    assert isinstance(statement, ast.Assert)
    test = statement.test
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        left, right = ast.unparse(test.left), ast.unparse(test.comparators[0])
        if isinstance(test.ops[0], ast.Eq):
            close = any(
                isinstance(n, ast.Constant) and isinstance(n.value, float)
                for n in ast.walk(test.comparators[0])
            ) and not isinstance(test.comparators[0], ast.List | ast.Tuple | ast.Dict)
            verb = "assertAlmostEqual" if close else "assertEqual"
            more = ", places=2" if close else ""
            return [f"        self.{verb}({left}, {right}{more})"]
    return [f"        self.assertTrue({ast.unparse(test)})"]


def _program(module: str, shown: Shown, number: int) -> list[str]:
    words = ", ".join(repr(word) for word in shown.words)
    return [
        f"    def test_program_{number}(self):",
        f'        argv = [sys.executable, "-m", {module!r}{", " if words else ""}{words}]',
        "        done = subprocess.run(argv, capture_output=True, text=True, check=False)",
        f"        self.assertEqual(done.stdout.strip(), {shown.output!r}, done.stderr)",
    ]


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
