"""What a workspace's own file may set before the user trusts it, and what counts as cautious.

A repository's file may make Samokoder more careful, never less: lower a limit, ask more often,
confine more. Everything it may not do yet is held back and named. A setting that is not in this
table is held back, so that a new one is safe until somebody thought about it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from samokoder.agents.setting import SETTINGS

Rule = Callable[[Any, Any], bool]
"""(value wanted, value in effect below it) → is the wanted one at least as cautious?"""


def _lower(wanted: Any, now: Any) -> bool:
    return bool(wanted <= now)


def _lower_or_first(wanted: Any, now: Any) -> bool:
    """0 means no limit."""
    return bool(wanted == now or (wanted > 0 and (now == 0 or wanted <= now)))


def _fewer(wanted: Any, now: Any) -> bool:
    return set(wanted) <= set(now)


def _hides(wanted: Any, now: Any) -> bool:
    """Patterns are added to the user's; one that begins with ! would show what is hidden."""
    return not any(pattern.lstrip().startswith("!") for pattern in wanted)


def _order(*from_bold_to_careful: object) -> Rule:
    return lambda wanted, now: from_bold_to_careful.index(wanted) >= from_bold_to_careful.index(now)


UNTRUSTED: Final[Mapping[str, Rule]] = {
    **dict.fromkeys((key for key in SETTINGS if key.startswith("budget.")), _lower),
    "model.stall_timeout": _lower,
    "model.total_timeout": _lower,
    "model.attempts": _lower,
    "model.samples": _lower,
    "model.parallel": _lower,
    "model.requests_per_minute": _lower_or_first,
    "model.tokens_per_minute": _lower_or_first,
    "fix.rungs": _fewer,
    "fix.attempts": _lower,
    "fix.candidates": _lower,
    "fix.seconds": _lower,
    "review.floor": _order("error", "warning", "info", "hint"),
    "review.prove": _order(True, False),
    "check.timeout": _lower,
    "sandbox.mode": _order("off", "auto", "required"),
    "sandbox.network": _order(True, False),
    "sandbox.unconfined": _order(True, False),
    "sandbox.memory": _lower,
    "sandbox.processes": _lower,
    "execute.network": _order("always", "ask", "never"),
    "generate.approval": _order("none", "epic", "plan"),
    "generate.questions": _lower,
    "generate.review": _order("never", "auto", "always"),
    "generate.rounds": _lower,
    "generate.repairs": _lower,
    "generate.documentation": _order(True, False),
    "execute.seconds": _lower,
    **dict.fromkeys(
        (
            f"preview.{name}"
            for name in (
                "minutes",
                "longest_minutes",
                "limit",
                "start_seconds",
                "install_seconds",
                "memory",
                "install_memory",
                "processes",
                "cpus",
                "files",
                "scratch",
                "log",
            )
        ),
        _lower,
    ),
    "preview.pull": _order(True, False),
    "preview.install": _order(True, False),
    "preview.environment": _fewer,
    "preview.egress": _fewer,
    "preview.seccomp": _order("default", "strict"),
    "run.parallel": _lower,
    "run.apply": _order("proven", "ask", "never"),
    "run.approval": _order("auto", "ask"),
    "workspace.max_file_size": _lower,
    "workspace.ignore": _hides,
}

MOST_CAUTIOUS: Final[Mapping[str, Any]] = {
    "sandbox.mode": "required",
    "sandbox.network": False,
    "sandbox.unconfined": False,
    "execute.network": "never",
    "preview.pull": False,
    "preview.install": False,
    "preview.environment": (),
    "preview.egress": (),
    "preview.seccomp": "strict",
    "run.apply": "never",
    "run.approval": "ask",
    "budget.tokens": 0,
    "budget.money": 0.0,
    "budget.calls": 0,
    "budget.tokens_per_day": 0,
    "budget.money_per_day": 0.0,
}
"""What holds when a place means to set the key and its value cannot be read: fail closed."""


def allowed(key: str, wanted: Any, now: Any) -> bool:
    """May an untrusted workspace's file set this value over the one below it?"""
    rule = UNTRUSTED.get(key)
    return wanted == now or (rule is not None and rule(wanted, now))
