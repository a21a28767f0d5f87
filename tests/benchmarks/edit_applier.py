"""Drifted edits on real Python files: how many are applied, and that none is applied wrongly.

    python tests/benchmarks/edit_applier.py --seed 1 --n 2000

Every case is a true edit of a file of the standard library, written as a search/replace block and
then drifted the way models drift. Where the block still says where it belongs, applying it must
give the true file; where it does not (it occurs twice, or a line beside the change was left out),
refusing is right. Exit code 1 when a result is wrong or fewer than 98 % are applied.
"""

import argparse
import ast
import random
import re
import sys
import sysconfig
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from samokoder.agents.edits.applier import Edited, edit
from samokoder.agents.edits.likeness import SMART, key

NEEDED = 0.98


@dataclass(frozen=True)
class Case:
    """``truth`` is the whole new file; ``sure`` says that the block can be placed by what it says.

    ``old`` and ``new`` are the block's lines without ends; ``first`` and ``last`` bound those
    that change, in ``old``.
    """

    file: str
    truth: str
    old: list[str]
    new: list[str]
    first: int
    last: int
    kind: str = "none"
    sure: bool = True

    @property
    def tail(self) -> int:
        """Lines after the changed ones, on both sides."""
        return len(self.old) - self.last


def parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def corpus(limit: int, dice: random.Random) -> list[str]:
    folder = Path(sysconfig.get_paths()["stdlib"])
    files = sorted(
        p
        for p in folder.rglob("*.py")
        if "site-packages" not in p.parts and "bad" not in p.name and p.stat().st_size < 150_000
    )
    texts = []
    for path in dice.sample(files, min(len(files), limit * 2)):
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        plain = "\r" not in text and text.translate(SMART) == text and "\x0c" not in text
        if plain and text.count("\n") >= 40 and text.endswith("\n") and parses(text):
            texts.append(text)
        if len(texts) == limit:
            break
    return texts


def occurrences(lines: list[str], block: list[str]) -> int:
    size = len(block)
    return sum(lines[n : n + size] == block for n in range(len(lines) - size + 1))


def altered(line: str, dice: random.Random) -> str:
    """A line with another name, number or operator."""
    words = list(re.finditer(r"[A-Za-z_]\w{2,}|\d+|==|<=|\+", line))
    if not words:
        return line + "  # changed"
    word = dice.choice(words)
    swap = {"==": "!=", "<=": "<", "+": "-"}.get(word[0])
    if swap is None:
        swap = str(int(word[0]) + 1) if word[0].isdigit() else word[0] + dice.choice(["_x", "2"])
    return line[: word.start()] + swap + line[word.end() :]


def true_edit(text: str, dice: random.Random) -> Case | None:
    lines = text.split("\n")[:-1]
    size, above, below = dice.randint(1, 4), dice.randint(2, 4), dice.randint(2, 4)
    at = dice.randrange(above, max(above + 1, len(lines) - size - below))
    changed = lines[at : at + size]
    shape = dice.choice(["alter", "alter", "insert", "delete", "rewrite"])
    blank = next((x[: len(x) - len(x.lstrip())] for x in reversed(changed) if x.strip()), "")
    extra = [f"{blank}checked_{n} = {dice.randrange(900)}" for n in range(dice.randint(1, 3))]
    if shape == "alter":
        spot = dice.randrange(size)
        fresh = [altered(x, dice) if n == spot and x.strip() else x for n, x in enumerate(changed)]
    elif shape == "insert":
        fresh = changed + extra
    elif shape == "delete":
        fresh = []
    else:
        fresh = extra
    old = lines[at - above : at + size + below]
    new = [*lines[at - above : at], *fresh, *lines[at + size : at + size + below]]
    truth = "\n".join([*lines[: at - above], *new, *lines[at + size + below :]]) + "\n"
    if old == new or len(old) != above + size + below or not parses(truth):
        return None
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return Case(text, truth, old, new, head, len(old) - tail)


def unique(case: Case) -> bool:
    """The block stands out even without indentation and typography."""
    keys = [key(line) for line in case.file.split("\n")]
    return occurrences(keys, [key(line) for line in case.old]) == 1


def placeable(case: Case, *, wild: int = -1, skip: bool = False) -> bool:
    """The drifted block still fits in one place: with any text for line ``wild``, or with one
    line of the file left out anywhere.
    """
    keys, block = [key(x) for x in case.file.split("\n")], [key(x) for x in case.old]
    found = 0
    for at in range(len(keys) - len(block) + 1):
        wrong = [n for n, x in enumerate(block) if keys[at + n] != x]
        rest = keys[at + wrong[0] + 1 : at + len(block) + 1] if skip and wrong else None
        found += set(wrong) <= {wild} or (rest is not None and rest == block[wrong[0] :])
    return found == 1


def context(case: Case, *, beside: bool = False) -> list[int]:
    """Indices in ``old`` of repeated lines; without those beside the change unless asked for."""
    reach = 0 if beside else 1
    kept = [*range(case.first - reach), *range(case.last + reach, len(case.old))]
    return [n for n in kept if len(re.findall(r"\w", case.old[n])) >= 4]


def mirrored(case: Case, n: int) -> int:
    """Where line ``n`` of ``old``, a repeated one, stands in ``new``."""
    return n if n < case.first else n - len(case.old) + len(case.new)


def trailing(case: Case, dice: random.Random) -> Case | None:
    blanks = [" " * dice.randint(0, 3) for _ in case.old]

    def add(lines: list[str]) -> list[str]:
        return [x + blanks[n % len(blanks)] for n, x in enumerate(lines)]

    if any(x != x.rstrip() for x in [*case.old, *case.new]):
        return None
    return replace(case, old=add(case.old), new=add(case.new))


def dedented(case: Case, dice: random.Random) -> Case | None:
    filled = [x for x in [*case.old, *case.new] if x.strip()]
    least = min((len(x) - len(x.lstrip(" ")) for x in filled), default=0)
    if least == 0:
        return None
    cut = least if dice.random() < 0.7 else dice.randint(1, least)
    return replace(case, old=[x[cut:] for x in case.old], new=[x[cut:] for x in case.new])


def smart(case: Case, dice: random.Random) -> Case | None:
    table = str.maketrans({"'": dice.choice("‘’"), '"': dice.choice("“”")})
    old = [x.translate(table) for x in case.old]
    return (
        None
        if old == case.old
        else replace(case, old=old, new=[x.translate(table) for x in case.new])
    )


def typo(case: Case, dice: random.Random) -> Case | None:
    spots = context(case, beside=True)
    if not spots or len(case.old) < 3:
        return None
    n = dice.choice(spots)
    line = case.old[n]
    at = dice.choice([m.start() for m in re.finditer(r"\w", line)])
    wrong = dice.choice(
        [
            line[:at] + line[at + 1 :],
            line[:at] + line[at] + line[at:],
            line[:at] + dice.choice("abcxyz") + line[at + 1 :],
            line[:at] + line[at + 1 : at + 2] + line[at] + line[at + 2 :],
        ]
    )
    if key(wrong) == key(line) or wrong.strip() in (x.strip() for x in case.file.split("\n")):
        return None
    old, new = [*case.old], [*case.new]
    old[n] = wrong
    if dice.random() < 0.7:
        new[mirrored(case, n)] = wrong
    case = replace(case, old=old, new=new)
    return case if placeable(case, wild=n) else None


def omitted(case: Case, dice: random.Random) -> Case | None:
    ends = {0, len(case.old) - 1}
    spots = [n for n in context(case) if n not in ends]
    if not spots:
        return None
    n = dice.choice(spots)
    old, new = [*case.old], [*case.new]
    del old[n]
    if dice.random() < 0.7:
        del new[mirrored(case, n)]
    case = replace(case, old=old, new=new)
    return case if placeable(case, skip=True) else None


def omitted_beside(case: Case, dice: random.Random) -> Case | None:
    spots = [n for n in (case.first - 1, case.last) if 0 < n < len(case.old) - 1]
    if not spots:
        return None
    n = dice.choice(spots)
    old, new = [*case.old], [*case.new]
    del old[n], new[mirrored(case, n)]
    case = replace(case, old=old, new=new, sure=False)
    return case if old != new and placeable(case, skip=True) else None


BOGUS = [
    "self._prepare_everything(first)",
    "logger.debug('entering')",
    "# see above",
    "total += 17",
]


def hallucinated(case: Case, dice: random.Random) -> Case | None:
    spots = [n for n in context(case) if n not in (0, len(case.old) - 1)]
    if not spots:
        return None
    n = dice.choice(spots)
    line = case.old[n]
    bogus = line[: len(line) - len(line.lstrip())] + dice.choice(BOGUS)
    if bogus.strip() in (x.strip() for x in case.file.split("\n")):
        return None
    old, new = [*case.old], [*case.new]
    old.insert(n, bogus)
    if dice.random() < 0.7:
        new.insert(mirrored(case, n), bogus)
    return replace(case, old=old, new=new)


def crlf_file(case: Case, dice: random.Random) -> Case | None:
    return replace(
        case, file=case.file.replace("\n", "\r\n"), truth=case.truth.replace("\n", "\r\n")
    )


def crlf_answer(case: Case, dice: random.Random) -> Case | None:
    return replace(case, old=[x + "\r" for x in case.old], new=[x + "\r" for x in case.new])


def tabbed(text: str) -> str:
    return re.sub(r"(?m)^(?: {4})+", lambda m: "\t" * (len(m[0]) // 4), text)


def tabs_answer(case: Case, dice: random.Random) -> Case | None:
    lines = [*case.old, *case.new]
    indents = {len(x) - len(x.lstrip(" ")) for x in lines if x.strip()}
    if any(n % 4 for n in indents) or indents == {0}:
        return None
    return replace(case, old=[tabbed(x) for x in case.old], new=[tabbed(x) for x in case.new])


def tabs_file(case: Case, dice: random.Random) -> Case | None:
    file, truth = tabbed(case.file), tabbed(case.truth)
    lines = [*case.old, *case.new]
    indents = {len(x) - len(x.lstrip(" ")) for x in lines if x.strip()}
    if any(n % 4 for n in indents) or indents == {0} or not (parses(file) and parses(truth)):
        return None
    return replace(case, file=file, truth=truth)


def two_at_once(case: Case, dice: random.Random) -> Case | None:
    one, other = dice.sample([trailing, dedented, smart, typo], 2)
    drifted = one(case, dice)
    return other(drifted, dice) if drifted is not None else None


def applied_before(case: Case, dice: random.Random) -> Case | None:
    """The file already is as it should be: nothing may change."""
    return replace(case, file=case.truth, sure=False)


Drift = Callable[[Case, random.Random], Case | None]
DRIFTS: dict[str, Drift] = {
    "none": lambda case, _: case,
    "trailing space": trailing,
    "dedent": dedented,
    "smart quotes": smart,
    "typo in context": typo,
    "omitted context line": omitted,
    "omitted beside change": omitted_beside,
    "hallucinated middle": hallucinated,
    "CRLF file": crlf_file,
    "CRLF answer": crlf_answer,
    "tabs in answer": tabs_answer,
    "tabs in file": tabs_file,
    "two drifts": two_at_once,
    "already applied": applied_before,
}
TWICE = "block twice"


def twice(text: str, dice: random.Random) -> Case | None:
    """A block that stands in two places, one of which is meant."""
    lines = text.split("\n")[:-1]
    size = dice.randint(1, 3)
    starts: dict[tuple[str, ...], list[int]] = {}
    for n in range(len(lines) - size):
        block = tuple(lines[n : n + size])
        if sum(len(x.strip()) > 3 for x in block) == size:
            starts.setdefault(block, []).append(n)
    repeated = [at for at in starts.values() if len(at) > 1]
    if not repeated:
        return None
    at = dice.choice(dice.choice(repeated))
    old = lines[at : at + size]
    new = [*old[:-1], altered(old[-1], dice)]
    truth = "\n".join([*lines[:at], *new, *lines[at + size :]]) + "\n"
    drift = dice.choice([DRIFTS["none"], trailing, dedented, smart])
    case = Case(text, truth, old, new, size - 1, size, TWICE, sure=False)
    return drift(case, dice) if parses(truth) and old != new else None


def cases(seed: int, count: int) -> Iterator[Case]:
    """``count`` cases, every kind equally often."""
    dice = random.Random(seed)
    texts = corpus(max(20, min(400, count // 5)), dice)
    kinds = [*DRIFTS, TWICE]
    made = 0
    while made < count:
        kind = kinds[made % len(kinds)]
        text = dice.choice(texts)
        if kind == TWICE:
            case = twice(text, dice)
        else:
            true = true_edit(text, dice)
            case = DRIFTS[kind](true, dice) if true is not None and unique(true) else None
        if case is not None:
            made += 1
            yield replace(case, kind=kind)


def judge(case: Case) -> tuple[str, str]:
    """ "right", "refused" or "wrong", and why it was refused."""
    old, new = ("".join(f"{x}\n" for x in lines) for lines in (case.old, case.new))
    result = edit(case.file, old, new, path="x.py")
    if not isinstance(result, Edited):
        return "refused", result.reason
    if case.kind == TWICE:
        return "wrong", "applied one of two"
    return ("right" if result.text == case.truth else "wrong"), result.how


def run(seed: int, count: int, show: Callable[[Case, str, str], None]) -> dict[str, Counter[str]]:
    """Outcomes by kind."""
    table: dict[str, Counter[str]] = {}
    for case in cases(seed, count):
        outcome, why = judge(case)
        row = table.setdefault(case.kind, Counter())
        row[outcome] += 1
        row["sure"] += case.sure
        row["sure right"] += case.sure and outcome == "right"
        show(case, outcome, why)
    return table


def totals(table: dict[str, Counter[str]]) -> tuple[int, float]:
    """How many are wrong, and the share applied where an application is right."""
    rows = sum(table.values(), Counter())
    return rows["wrong"], rows["sure right"] / max(1, rows["sure"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--n", type=int, default=1500)
    parser.add_argument("--verbose", action="store_true", help="print what was wrong or refused")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 30)

    def show(case: Case, outcome: str, why: str) -> None:
        if options.verbose and (outcome == "wrong" or (case.sure and outcome == "refused")):
            print(f"--- {case.kind}: {outcome}: {why}")
            print("\n".join(["<<<", *case.old, "===", *case.new, ">>>"]))

    start = time.perf_counter()
    table = run(seed, options.n, show)
    took = time.perf_counter() - start
    print(f"seed {seed}, {options.n} edits, {took / options.n * 1000:.1f} ms each")
    print(f"{'drift':24}{'cases':>7}{'applied %':>11}{'refused %':>11}{'wrong %':>9}")
    for kind, row in table.items():
        size = row["right"] + row["refused"] + row["wrong"]
        shares = [100 * row[name] / size for name in ("right", "refused", "wrong")]
        print(f"{kind:24}{size:7}{shares[0]:11.1f}{shares[1]:11.1f}{shares[2]:9.2f}")
    wrong, share = totals(table)
    print(f"wrong {100 * wrong / options.n:.2f} %, applied where right {100 * share:.2f} %")
    return 0 if wrong == 0 and share >= NEEDED else 1


if __name__ == "__main__":
    sys.exit(main())
