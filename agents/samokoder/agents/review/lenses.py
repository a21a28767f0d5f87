"""What models look for: one narrow question each."""

from dataclasses import dataclass

from samokoder.agents.review.finding import Category


@dataclass(frozen=True, slots=True)
class Lens:
    """``question`` ends the prompt; everything before it is the same for all lenses."""

    name: str
    category: Category
    question: str


LENSES = {
    lens.name: lens
    for lens in (
        Lens(
            "correctness",
            Category.CORRECTNESS,
            "wrong results and crashes: inverted or missing conditions, off-by-one, wrong variable "
            "or operator, unhandled empty or missing values, wrong order, broken invariants, a "
            "change that does not do what it says.",
        ),
        Lens(
            "security",
            Category.SECURITY,
            "security: outside data that reaches queries, commands, paths, templates, redirects or "
            "deserialisers unchecked, missing authorisation, secrets in code or logs, weak "
            "cryptography, unsafe defaults.",
        ),
        Lens(
            "data",
            Category.DATA,
            "loss of data and concurrency: writes that are not atomic, errors that are swallowed, "
            "missing rollback or flush, races, locks that are not released, shared state changed "
            "without protection, deadlocks.",
        ),
        Lens(
            "api",
            Category.API,
            "misuse of functions and libraries: wrong arguments or their order, ignored results, "
            "resources that are not closed, callers that this change breaks, contracts of callees "
            "that are not kept.",
        ),
        Lens(
            "tests",
            Category.TESTS,
            "tests that cannot fail, check the wrong thing, depend on time or order, or were "
            "weakened by this change. Missing tests are no finding.",
        ),
    )
}

ALL = Lens(
    "bugs",
    Category.CORRECTNESS,
    "bugs: code that gives a wrong result, crashes, loses data or lets a stranger do harm.",
)
"""The one question for small models."""
