r"""What secrets look like: the shapes that providers publish for their keys, and names that tell.

A shape's group 1, or the whole match without one, is the secret. ``anchors`` are literals one of
which stands in every match: searching for them first is what makes large texts cheap.
Every pattern is linear: no nested repetition, bounded look-around.
"""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of secret. ``mixed`` demands a digit and a letter in what was found."""

    anchors: tuple[str, ...]
    pattern: re.Pattern[str]
    mixed: bool = False


def _shape(pattern: str, *anchors: str, mixed: bool = False) -> Shape:
    return Shape(anchors, re.compile(pattern), mixed)


SHAPES: Final[tuple[Shape, ...]] = (
    _shape(
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:[^-]{0,20000}-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s\\]*)",
        "PRIVATE KEY",
    ),
    _shape(r"AGE-SECRET-KEY-1[0-9A-Z]{58}", "AGE-SECRET-KEY-1"),
    _shape(
        r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{8,}"
        r"(?:\.[A-Za-z0-9_-]+){0,2}",
        "eyJ",
    ),
    # Models
    _shape(r"\bsk-[A-Za-z0-9_-]{16,}", "sk-", mixed=True),
    _shape(
        r"\b(?:gsk|csk|fw|tgp_v1|nvapi|pplx|xai)[-_][A-Za-z0-9_-]{20,}",
        "gsk_",
        "csk-",
        "fw_",
        "tgp_v1_",
        "nvapi-",
        "pplx-",
        "xai-",
        mixed=True,
    ),
    _shape(r"\bAIza[0-9A-Za-z_-]{35}", "AIza"),
    _shape(r"\b(?:hf|r8)_[A-Za-z0-9]{24,}", "hf_", "r8_", mixed=True),
    _shape(
        r"\b(?:AQVN[\w-]{30,}|y[0-3]_[\w-]{40,}|t1\.9euel[\w.-]{30,})",
        "AQVN",
        "y0_",
        "y1_",
        "y2_",
        "y3_",
        "t1.9euel",
    ),
    # Clouds
    _shape(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", "AKIA", "ASIA"),
    _shape(r"\bABSK[A-Za-z0-9+/]{60,}={0,2}", "ABSK"),
    _shape(r"\b(?:ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,})", "ya29.", "GOCSPX-"),
    _shape(
        r"(?:AccountKey|SharedAccessKey|SharedAccessSignature)=([A-Za-z0-9+/=%]{20,})",
        "AccountKey=",
        "SharedAccessKey=",
        "SharedAccessSignature=",
    ),
    _shape(r"\bdo[opr]_v1_[0-9a-f]{64}\b", "_v1_"),
    _shape(r"\bdapi[0-9a-f]{32}\b", "dapi"),
    _shape(r"\bhv[sbr]\.[\w-]{20,}", "hvs.", "hvb.", "hvr."),
    # Code hosts and registries
    _shape(r"\bgh[pousr]_[A-Za-z0-9]{30,}", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    _shape(r"\bgithub_pat_\w{22,}", "github_pat_"),
    _shape(
        r"\bgl(?:pat|dt|rt|cbt|ptt|ft|agent|soat)-[\w-]{20,}",
        "glpat-",
        "gldt-",
        "glrt-",
        "glcbt-",
        "glptt-",
        "glft-",
        "glagent-",
        "glsoat-",
    ),
    _shape(r"\bATATT3[\w=-]{20,}|\bATBB[A-Za-z0-9]{24,}", "ATATT3", "ATBB"),
    _shape(r"\bnpm_[A-Za-z0-9]{36}\b", "npm_"),
    _shape(r"\bpypi-AgE[\w-]{40,}", "pypi-AgE"),
    _shape(r"\bdckr_pat_[\w-]{20,}", "dckr_pat_"),
    _shape(r"\brubygems_[0-9a-f]{48}\b", "rubygems_"),
    # Services
    _shape(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-\d-[A-Za-z0-9-]{10,}", "xox", "xapp-"),
    _shape(r"hooks\.slack\.com/(?:services|workflows)/([A-Za-z0-9+/]{30,})", "hooks.slack.com/"),
    _shape(r"discord(?:app)?\.com/api/webhooks/\d+/([\w-]{40,})", "/api/webhooks/"),
    _shape(r"\b[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40}\b", "."),
    _shape(r"\b\d{8,10}:AA[\w-]{33}\b", ":AA"),
    _shape(r"\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}", "k_live_", "k_test_"),
    _shape(r"\bwhsec_[A-Za-z0-9+/=]{24,}", "whsec_"),
    _shape(r"\bSG\.[\w-]{16,}\.[\w-]{30,}", "SG."),
    _shape(r"\bkey-[0-9a-f]{32}\b", "key-"),
    _shape(r"\bSK[0-9a-f]{32}\b", "SK"),
    _shape(r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b", "shpat_", "shpca_", "shppa_", "shpss_"),
    _shape(r"\bsq0(?:atp|csp)-[\w-]{22,}", "sq0atp-", "sq0csp-"),
    _shape(r"\blin_api_[A-Za-z0-9]{32,}", "lin_api_"),
    _shape(r"\b(?:ntn|secret)_[A-Za-z0-9]{40,}", "ntn_", "secret_", mixed=True),
    _shape(r"\bpat[A-Za-z0-9]{14}\.[0-9a-f]{64}\b", "pat"),
    _shape(r"\bgl(?:sa|c)_[A-Za-z0-9+/=_]{30,}", "glsa_", "glc_"),
    _shape(r"\bsntry[su]_[A-Za-z0-9+/=_-]{30,}", "sntry"),
    _shape(r"\bNRAK-[A-Z0-9]{27}\b", "NRAK-"),
    _shape(r"\bdp\.(?:pt|st|ct|sa)\.[\w.-]{30,}", "dp."),
    # Wires
    _shape(
        r"(?i:\b(?:bearer|token|basic)\s+)((?=[^\s\"']*\d)[A-Za-z0-9+/_.~-]{16,}={0,2})",
        "earer",
        "EARER",
        "oken ",
        "asic ",
    ),
    _shape(
        r"\b[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/@'\"`<>]{0,80}:([^\s/'\"`<>]{1,200})@[\w\[]", "://"
    ),
)

TELLING: Final = re.compile(
    r"(?i)pass(?:word|wd|phrase|code|_|-|\b)|dbpass|pwd|secret|token|credential|key\b|key[_-]|[a-z]Key"
)
"""Where a telling name may be; a cheap first look."""

QUOTED: Final = re.compile(
    r"""\\?["'`]?\]?\s{0,3}                             # the name's own quote or bracket
    (?::\s?[A-Za-z][\w.\[\]| ]{0,40}?\s?(?=[=]))?       # a type
    (?::=|=>|={1,3}|:|,|\(|>)?\s{0,3}                   # says, is, of
    (?:[A-Za-z]{1,2}(?=["']))?                          # a prefix of the literal
    (\\?["'`])((?:(?!\1)(?:[^\n\\]|\\.)){4,300})\1""",
    re.VERBOSE,
)
"""What follows a name when the value is a literal: group 2."""

UNQUOTED: Final = re.compile(
    r"""(?:(?P<tight>[=>])|\ ?[=:]\ {0,3}|(?P<word>\ ))
    (?P<value>[^\s"'`<>(){}\[\],;&|$%*\\=:][^\s"'`<>(){}\[\],;&|\\]{5,299})(?=$|[\s<,;&"'`\\])""",
    re.VERBOSE | re.MULTILINE,
)
"""What follows a name when it is not: ``=value``, ``: value``, `` value``, ``>value<``."""
