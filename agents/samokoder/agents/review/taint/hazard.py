"""What can go wrong where outside data ends up, with its weakness number."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from samokoder.agents.checks.check import Severity


class Hazard(StrEnum):
    SQL = "sql-injection"
    COMMAND = "command-injection"
    CODE = "code-injection"
    PATH = "path-traversal"
    TEMPLATE = "template-injection"
    DESERIALISE = "unsafe-deserialisation"
    REDIRECT = "open-redirect"
    XSS = "cross-site-scripting"
    XPATH = "xpath-injection"
    LDAP = "ldap-injection"
    XXE = "xml-external-entities"
    TRUST = "trust-boundary"
    SSRF = "server-side-request-forgery"
    RANDOM = "guessable-random"


ALL: Final = frozenset(Hazard)


@dataclass(frozen=True, slots=True)
class Facts:
    """``harm`` completes "…, so whoever sends it can …"."""

    cwe: str
    harm: str
    advice: str
    severity: Severity = Severity.ERROR


FACTS: Final = {
    Hazard.SQL: Facts(
        "89", "change what the database is asked", "Pass it as a parameter of the query."
    ),
    Hazard.COMMAND: Facts(
        "78", "run commands of their own", "Pass a list of arguments, without a shell."
    ),
    Hazard.CODE: Facts("94", "run code of their own", "Parse it, say with `ast.literal_eval`."),
    Hazard.PATH: Facts(
        "22", "reach other files", "Resolve the path and check that it lies in the folder meant."
    ),
    Hazard.TEMPLATE: Facts(
        "1336", "run code in the template engine", "Keep templates fixed; pass it as a variable."
    ),
    Hazard.DESERIALISE: Facts(
        "502", "run code while it is being read", "Use a plain format such as JSON."
    ),
    Hazard.REDIRECT: Facts(
        "601", "send people to any site", "Check the host, or redirect to known places.",
        Severity.WARNING,
    ),
    Hazard.XSS: Facts("79", "put scripts into the page", "Escape it for HTML."),
    Hazard.XPATH: Facts("643", "change what is looked up", "Pass it as a variable of the query."),
    Hazard.LDAP: Facts("90", "change what is looked up", "Escape it for LDAP filters."),
    Hazard.XXE: Facts(
        "611", "read files through the parser", "Leave external entities switched off."
    ),
    Hazard.TRUST: Facts(
        "501", "put values where later code trusts them", "Check it before it is stored.",
        Severity.INFO,
    ),
    Hazard.SSRF: Facts(
        "918", "make this server call any address", "Check the host against a list.",
        Severity.WARNING,
    ),
    Hazard.RANDOM: Facts(
        "330", "guess it", "Use the `secrets` module.", Severity.WARNING,
    ),
}  # fmt: skip
