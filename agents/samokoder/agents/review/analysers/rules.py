"""Which of ruff's rules are about mistakes, and what they are worth: style is not reviewed."""

import re
from dataclasses import dataclass
from typing import Final

from samokoder.agents.checks.check import Severity
from samokoder.agents.review.finding import Category

_W, _I = Severity.WARNING, Severity.INFO


@dataclass(frozen=True, slots=True)
class Worth:
    """``confidence`` is how often such a hit is a mistake, from 0 to 1, set by hand."""

    severity: Severity
    category: Category
    confidence: float


_SURE = Worth(_W, Category.CORRECTNESS, 0.9)
_LIKELY = Worth(_W, Category.CORRECTNESS, 0.7)
_MAYBE = Worth(_I, Category.CORRECTNESS, 0.5)
_WAIT = Worth(_W, Category.CONCURRENCY, 0.8)
_MISUSE = Worth(_W, Category.API, 0.8)

RUFF: Final[dict[str, Worth]] = {
    # the program cannot run, or not like that
    "F402": _LIKELY, "F502": _SURE, "F503": _SURE, "F504": _LIKELY, "F505": _SURE, "F506": _SURE,
    "F507": _SURE, "F508": _SURE, "F509": _SURE, "F521": _SURE, "F522": _LIKELY, "F523": _LIKELY,
    "F524": _SURE, "F525": _SURE, "F601": _LIKELY, "F602": _LIKELY, "F621": _SURE, "F622": _SURE,
    "F631": _SURE, "F632": _LIKELY, "F633": _SURE, "F634": _SURE, "F701": _SURE, "F702": _SURE,
    "F704": _SURE, "F706": _SURE, "F707": _SURE, "F811": _MAYBE, "F821": _SURE, "F822": _LIKELY,
    "F823": _SURE, "F841": _MAYBE, "F901": _SURE,
    "PLE0100": _SURE, "PLE0101": _SURE, "PLE0115": _SURE, "PLE0116": _SURE, "PLE0117": _SURE,
    "PLE0118": _SURE, "PLE0237": _SURE, "PLE0241": _SURE, "PLE0302": _SURE, "PLE0303": _SURE,
    "PLE0305": _SURE, "PLE0307": _SURE, "PLE0308": _SURE, "PLE0309": _SURE, "PLE0604": _SURE,
    "PLE0605": _SURE, "PLE0643": _SURE, "PLE0704": _SURE, "PLE1132": _SURE, "PLE1142": _SURE,
    "PLE1205": _SURE, "PLE1206": _SURE, "PLE1300": _SURE, "PLE1307": _SURE, "PLE1310": _LIKELY,
    "PLE1507": _SURE, "PLE1519": _SURE, "PLE1520": _SURE, "PLE1700": _SURE, "PLE2502": _SURE,
    "PLE2510": _LIKELY, "PLE2512": _LIKELY, "PLE2513": _LIKELY, "PLE2514": _LIKELY,
    "PLE2515": _LIKELY,
    # what is written is not what was meant
    "PLR0124": _LIKELY, "PLW0127": _LIKELY, "PLW0128": _LIKELY, "PLW0129": _SURE,
    "PLW0131": _LIKELY, "PLW0133": _SURE, "PLW0177": _SURE, "PLW0211": _LIKELY, "PLW0245": _SURE,
    "PLW0604": _MAYBE, "PLW0642": _LIKELY, "PLW0711": _SURE, "PLW1501": _SURE, "PLW1507": _LIKELY,
    "PLW1508": _MISUSE, "PLW1509": _WAIT, "PLW2101": _WAIT,
    "B002": _SURE, "B003": _LIKELY, "B004": _MAYBE, "B005": _LIKELY, "B006": _MAYBE,
    "B012": _LIKELY, "B015": _SURE, "B016": _SURE, "B018": _MAYBE, "B020": _LIKELY, "B021": _LIKELY,
    "B022": _LIKELY, "B023": _LIKELY, "B025": _SURE, "B026": _MAYBE, "B029": _SURE, "B030": _SURE,
    "B031": _LIKELY, "B032": _SURE, "B033": _LIKELY, "B034": _LIKELY, "B035": _SURE,
    "B039": _LIKELY, "PIE796": _SURE, "RUF008": _SURE, "RUF016": _SURE, "RUF024": _SURE,
    "RUF030": _SURE, "RUF034": _SURE, "RUF040": _SURE, "T100": Worth(_W, Category.TESTS, 0.8),
    # waiting and losing what was started
    "ASYNC100": _WAIT, "ASYNC105": _WAIT, "ASYNC115": _MAYBE, "ASYNC210": _WAIT, "ASYNC220": _WAIT,
    "ASYNC221": _WAIT, "ASYNC222": _WAIT, "ASYNC230": _MAYBE, "ASYNC251": _WAIT, "RUF006": _WAIT,
}  # fmt: skip
"""By code. Codes that begin with E9 are syntax errors, told by the parser itself."""

TAINT_KNOWS: Final = frozenset(
    {"22", "78", "79", "89", "90", "94", "95", "327", "328", "330", "338", "501", "502", "601",
     "611", "614", "643", "918", "1336", "20"}
)  # fmt: skip
"""Weaknesses that depend on where data comes from: where the flow was followed, it decides."""

BANDIT_LEFT_OUT: Final = re.compile(
    r"^B(?:101|10[567]|110|112|113|201|303|305|306|311|324|40\d|41\d|501|506|603|606|607|703)$"
)
"""Bandit's rules that are about style, too often wrong, or found better by the data-flow pass."""
