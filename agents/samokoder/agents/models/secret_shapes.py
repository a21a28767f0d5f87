r"""What secrets look like: the shapes that providers publish for their keys, and names that tell.

A shape's group 1, or the whole match without one, is the secret. ``anchors`` are the literals
a match can begin with: looking for those first is what makes large texts cheap.
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


def _shape(pattern: str, anchors: str, *, mixed: bool = False) -> Shape:
    return Shape(tuple(anchors.split()), re.compile(pattern), mixed)


SHAPES: Final[tuple[Shape, ...]] = (
    _shape(
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?=[^-]{0,400}?[A-Za-z0-9+/]{20})"
        r"(?:[^-]{0,20000}-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s\\]*)",
        "-----BEGIN",
    ),
    _shape(r"AGE-SECRET-KEY-1[0-9A-Z]{58}", "AGE-SECRET-KEY-1"),
    _shape(
        r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){0,2}",
        "eyJ",
    ),
    # Models
    _shape(r"sk-[A-Za-z0-9_-]{16,}", "sk-", mixed=True),
    _shape(
        r"(?:gsk|csk|fw|tgp_v1|nvapi|pplx|xai)[-_][A-Za-z0-9_-]{20,}",
        "gsk_ csk- fw_ tgp_v1_ nvapi- pplx- xai-",
        mixed=True,
    ),
    _shape(r"AIza[0-9A-Za-z_-]{35}", "AIza"),
    _shape(r"(?:hf|r8)_[A-Za-z0-9]{24,}", "hf_ r8_", mixed=True),
    _shape(
        r"(?:AQVN[\w-]{30,}|y[0-3]_[\w-]{40,}|t1\.9euel[\w.-]{30,})",
        "AQVN y0_ y1_ y2_ y3_ t1.9euel",
    ),
    # Clouds
    _shape(r"(?:AKIA|ASIA)[A-Z0-9]{16}\b", "AKIA ASIA"),
    _shape(r"ABSK[A-Za-z0-9+/]{60,}={0,2}", "ABSK"),
    _shape(r"(?:ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,})", "ya29. GOCSPX-"),
    _shape(
        r"(?:AccountKey|SharedAccessKey|SharedAccessSignature)=([A-Za-z0-9+/=%]{20,})",
        "AccountKey= SharedAccessKey= SharedAccessSignature=",
    ),
    _shape(r"do[opr]_v1_[0-9a-f]{64}\b", "dop_v1_ doo_v1_ dor_v1_"),
    _shape(r"dapi[0-9a-f]{32}\b", "dapi"),
    _shape(r"hv[sbr]\.[\w-]{20,}", "hvs. hvb. hvr."),
    # Code hosts and registries
    _shape(r"gh[pousr]_[A-Za-z0-9]{30,}", "ghp_ gho_ ghu_ ghs_ ghr_"),
    _shape(r"github_pat_\w{22,}", "github_pat_"),
    _shape(
        r"gl(?:pat|dt|rt|cbt|ptt|ft|agent|soat)-[\w-]{20,}",
        "glpat- gldt- glrt- glcbt- glptt- glft- glagent- glsoat-",
    ),
    _shape(r"ATATT3[\w=-]{20,}|ATBB[A-Za-z0-9]{24,}", "ATATT3 ATBB"),
    _shape(r"npm_[A-Za-z0-9]{36}\b", "npm_"),
    _shape(r"pypi-AgE[\w-]{40,}", "pypi-AgE"),
    _shape(r"dckr_pat_[\w-]{20,}", "dckr_pat_"),
    _shape(r"rubygems_[0-9a-f]{48}\b", "rubygems_"),
    # Services
    _shape(r"xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-\d-[A-Za-z0-9-]{10,}", "xox xapp-"),
    _shape(r"hooks\.slack\.com/(?:services|workflows)/([A-Za-z0-9+/]{30,})", "hooks.slack.com/"),
    _shape(r"/api/webhooks/\d+/([\w-]{40,})", "/api/webhooks/"),
    _shape(r":(AA[\w-]{33})\b", ":AA"),
    _shape(r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}", "sk_live_ sk_test_ rk_live_ rk_test_"),
    _shape(r"whsec_[A-Za-z0-9+/=]{24,}", "whsec_"),
    _shape(r"SG\.[\w-]{16,}\.[\w-]{30,}", "SG."),
    _shape(r"key-[0-9a-f]{32}\b", "key-"),
    _shape(r"SK[0-9a-f]{32}\b", "SK"),
    _shape(r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b", "shpat_ shpca_ shppa_ shpss_"),
    _shape(r"sq0(?:atp|csp)-[\w-]{22,}", "sq0atp- sq0csp-"),
    _shape(r"lin_api_[A-Za-z0-9]{32,}", "lin_api_"),
    _shape(r"(?:ntn|secret)_[A-Za-z0-9]{40,}", "ntn_ secret_", mixed=True),
    _shape(r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}\b", "pat"),
    _shape(r"gl(?:sa|c)_[A-Za-z0-9+/=_]{30,}", "glsa_ glc_"),
    _shape(r"sntry[su]_[A-Za-z0-9+/=_-]{30,}", "sntrys_ sntryu_"),
    _shape(r"NRAK-[A-Z0-9]{27}\b", "NRAK-"),
    _shape(r"dp\.(?:pt|st|ct|sa)\.[\w.-]{30,}", "dp.pt. dp.st. dp.ct. dp.sa."),
    # Wires
    _shape(
        r"\w{5,6}\s{1,3}((?=[^\s\"']*\d)[A-Za-z0-9+/_.~-]{16,}={0,2})",
        "Bearer bearer BEARER Token token Basic basic",
    ),
    _shape(r"://[^\s:/@'\"`<>]{0,80}:([^\s/'\"`<>]{1,200})@[\w\[]", "://"),
)

TELLING: Final = re.compile(
    "[Pp][Aa][Ss][Ss]|[Pp][Ww][Dd]|[Ss][Ee][Cc][Rr][Ee][Tt]|[Tt][Oo][Kk][Ee][Nn]|"
    "[Cc][Rr][Ee][Dd][Ee][Nn]|[Kk][Ee][Yy]"
)
"""Where a telling name may be; a cheap first look (spelled out: ten times faster than ``(?i)``)."""

BOUNDARY: Final = re.compile(r"(?:\A|[^A-Za-z0-9_]|\\[nrt]|%[0-9A-Fa-f]{2})\Z")
"""What may stand before a shape that begins with a letter: also an escape of JSON or of a URL."""

QUOTED: Final = re.compile(
    r"""(?:(?P<own>\\?["'`]\]?)\s{0,3}(?P<next>,)?   # the name's own quote, bracket, comma
    |\]?\s{0,3})
    (?::\s?[A-Za-z][\w.\[\]| ]{0,40}?\s?(?=[=]))?       # a type
    (?(next)|(?::=|=>|={1,3}|:|\())\s{0,3}              # says, is, of
    (?:[A-Za-z]{1,2}(?=["']))?                          # a prefix of the literal
    (?P<quote>\\?["'`])(?P<value>(?:(?!(?P=quote))(?:[^\n\\]|\\.)){4,300})(?P=quote)""",
    re.VERBOSE,
)
"""What follows a name when the value is a literal."""

UNQUOTED: Final = re.compile(
    r"""(?:(?P<tight>=)|(?P<element>>)|\ ?[=:]\ {0,3}|(?P<word>\ ))
    (?P<value>[^\s"'`<>(){}\[\],;&|$%*\\=:][^\s"'`<>(){}\[\],;&|\\]{4,298}[^\s"'`<>(){}\[\],;&|\\:])
    (?(element)(?=</)|(?=$|[\s<,;&"'`\\]))""",
    re.VERBOSE | re.MULTILINE,
)
"""What follows a name when it is not: ``=value``, ``: value``, `` value``, ``>value<``."""
