"""Precision and recall of file:line over the corpus of real outputs, per tool.

    python tests/benchmarks/error_detection.py [--wrong]

``known`` reads each log with its tool's own parser, ``pasted`` as text of unknown origin. A label
is a place the report must name; whatever else a problem names counts against precision.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from samokoder.agents.checks.parse import parse
from samokoder.agents.checks.places import Places

LOGS = Path(__file__).parent.parent / "scenarios" / "logs"


@dataclass
class Score:
    """Counts of one tool; ``wrong`` says which places were missed (-) or invented (+)."""

    logs: int = 0
    right: int = 0
    missed: int = 0
    invented: int = 0
    wrong: tuple[str, ...] = ()

    @property
    def precision(self) -> float:
        found = self.right + self.invented
        return self.right / found if found else 1.0

    @property
    def recall(self) -> float:
        wanted = self.right + self.missed
        return self.right / wanted if wanted else 1.0


def scores(*, pasted: bool) -> dict[str, Score]:
    """The score of every tool of the corpus."""
    found: dict[str, Score] = {}
    for log, labels in corpus():
        score = found.setdefault(log.parent.name, Score())
        places = Places(roots=("/srv/project",), files=frozenset(labels["files"]))
        kind = "text" if pasted else labels["kind"]
        said = {f"{p.path}:{p.line}" for p in parse(kind, log.read_text("utf-8"), places).problems}
        wanted = set(labels["expected"])
        score.logs += 1
        score.right += len(said & wanted)
        score.missed += len(wanted - said)
        score.invented += len(said - wanted)
        name = f"{log.parent.name}/{log.stem}"
        score.wrong += tuple(f"{name} - {place}" for place in sorted(wanted - said))
        score.wrong += tuple(f"{name} + {place}" for place in sorted(said - wanted))
    return found


def corpus() -> Iterator[tuple[Path, dict[str, list[str]]]]:
    """Every log with its labels."""
    for log in sorted(LOGS.glob("*/*.log")):
        yield log, json.loads(log.with_suffix(".json").read_text("utf-8"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wrong", action="store_true", help="list every miss and invention")
    options = parser.parse_args()
    known, pasted = scores(pasted=False), scores(pasted=True)
    print(f"{'':10}{'':6}{'':7}   known            pasted")
    print(f"{'tool':10}{'logs':>6}{'places':>7}   precision recall  precision recall")
    for tool, one in known.items():
        other = pasted[tool]
        print(
            f"{tool:10}{one.logs:6}{one.right + one.missed:7}"
            f"   {one.precision:9.3f} {one.recall:6.3f}  {other.precision:9.3f} {other.recall:6.3f}"
        )
    for title, group in (("known", known), ("pasted", pasted)):
        right = sum(s.right for s in group.values())
        precision = right / max(1, right + sum(s.invented for s in group.values()))
        recall = right / max(1, right + sum(s.missed for s in group.values()))
        print(f"all, {title}: precision {precision:.3f}, recall {recall:.3f}")
        if options.wrong:
            print("\n".join(line for score in group.values() for line in score.wrong))


if __name__ == "__main__":
    main()
