"""Trying a version of a module: each claim by itself, in the sandbox, bounded in time."""

import json

import msgspec

from samokoder.agents.generate.small.agreement import Trial
from samokoder.agents.generate.small.brief import Shown, Wish
from samokoder.agents.repair.workshop import Workshop
from samokoder.agents.workspace.snapshot import Snapshot

SECONDS = 30.0
"""Of all claims about one version together."""

_PROGRAM = """
import contextlib, io, json, signal, subprocess, sys

spec = json.loads(open(sys.argv[1], encoding="utf-8").read())
sys.path.insert(0, ".")
holds, broken = [], ""


def late(number, frame):
    raise TimeoutError("it does not come to an end")


def raises(error, function, *arguments, **named):
    try:
        function(*arguments, **named)
    except error:
        return
    raise AssertionError("nothing was raised")


def shown(words, output):
    argv = [sys.executable, "-m", spec["module"], *words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=5, stdin=subprocess.DEVNULL)
    assert done.stdout.strip() == output


def used(words):
    words = [spec["file"] if word == "<file>" else word for word in words]
    argv = [sys.executable, "-m", spec["module"], *words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=5, stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and done.stdout.strip()


bounded = hasattr(signal, "SIGALRM")
if bounded:
    signal.signal(signal.SIGALRM, late)
names = {"raises": raises}
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    try:
        if bounded:
            signal.alarm(5)
        module = __import__(spec["module"])
        for name in spec["names"]:
            names[name] = getattr(module, name)
    except BaseException as error:  # a model wrote it: it may raise anything, SystemExit too
        broken = f"{type(error).__name__}: {error}"
    if spec["program"] and "__main__" not in open(spec["module"] + ".py", encoding="utf-8").read():
        broken = broken or "it does not run as a program"
    for claim in [] if broken else [*spec["shown"], *spec["claims"], *spec["usages"]]:
        try:
            if bounded:
                signal.alarm(2 if isinstance(claim, str) else 6)
            if isinstance(claim, str):
                exec(claim, dict(names))
            elif len(claim) == 2:
                shown(*claim)
            else:
                used(claim[0])
            holds.append(True)
        except BaseException:  # whatever it raises, the claim does not hold
            holds.append(False)
    if bounded:
        signal.alarm(0)
with open(sys.argv[2], "w", encoding="utf-8") as file:
    json.dump({"holds": holds, "broken": broken}, file)
"""


class _Told(msgspec.Struct):
    holds: tuple[bool, ...] = ()
    broken: str = ""


async def trial(
    workshop: Workshop, tree: Snapshot, python: str, wish: Wish, claims: tuple[str, ...]
) -> Trial:
    """What holds of the version that ``tree`` contains: what the brief shows printed, the claims,
    whether it can be used as the brief says.
    """
    spec = {
        "module": wish.module,
        "names": wish.names,
        "shown": [_pair(s) for s in wish.shown],
        "claims": claims,
        "usages": [[words] for words in wish.usages],
        "program": wish.program,
    }
    async with workshop.bench(tree) as bench:
        program = await bench.put("trial.py", _PROGRAM.encode())
        file = await bench.put("text.txt", b"one two\nthree\n")
        given = await bench.put("claims.json", json.dumps({**spec, "file": file}).encode())
        result = await bench.put("holds.json", b"")
        finished = await bench.run((python, program, given, result), seconds=SECONDS)
        data = await bench.take("holds.json")
    count = len(wish.shown) + len(claims) + len(wish.usages)
    try:
        told = msgspec.json.decode(data, type=_Told)
    except msgspec.DecodeError:
        why = "it does not come to an end" if finished.timed_out else finished.output[-200:]
        return Trial((False,) * count, why or "it ends the interpreter")
    if told.broken or len(told.holds) != count:
        return Trial((False,) * count, told.broken or "it ends the interpreter")
    return Trial(told.holds)


def _pair(shown: Shown) -> tuple[tuple[str, ...], str]:
    return shown.words, shown.output
