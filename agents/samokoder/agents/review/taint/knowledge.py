"""Names of the web frameworks and of the standard library that the flow of data depends on."""

import re
from typing import Final

from samokoder.agents.review.taint.hazard import ALL, Hazard

REQUEST: Final = "@request"
"""Path of any framework's request object."""
SESSION: Final = "@session"

REQUESTS: Final = frozenset(
    {"flask.request", "flask.globals.request", "quart.request", "bottle.request", "sanic.request"}
)
SESSIONS: Final = frozenset({"flask.session", "flask.globals.session", "quart.session"})
REQUEST_TYPES: Final = frozenset({"Request", "HttpRequest", "WSGIRequest", "HTTPConnection"})

SENT: Final = frozenset(
    {"args", "form", "values", "cookies", "headers", "json", "data", "files", "query_string",
     "full_path", "url", "path", "base_url", "referrer", "stream", "get_json", "get_data", "GET",
     "POST", "COOKIES", "META", "FILES", "body", "query_params", "path_params", "query",
     "match_info", "rel_url", "params", "forms", "environ", "view_args", "user_agent", "uri",
     "arguments", "content", "text", "post", "get_full_path", "raw_path", "stream_data"}
)  # fmt: skip
"""Attributes of a request that a client decides about."""

SENT_METHODS: Final = frozenset(
    {"get_argument", "get_arguments", "get_query_argument", "get_query_arguments",
     "get_body_argument", "get_body_arguments"}
)  # fmt: skip
HANDLER_ATTRIBUTES: Final = frozenset({"path", "headers", "rfile", "requestline"})
"""What a handler of the standard library's server holds of the request."""

CHANCE: Final = re.compile(
    r"^random\.(?:random|rand\w+|choice|choices|sample|uniform|getrandbits|triangular|gauss|"
    r"normalvariate|shuffle|betavariate|expovariate|gammavariate|lognormvariate|vonmisesvariate|"
    r"paretovariate|weibullvariate|Random\(\)\.\w+)$"
    r"|^numpy\.random\.\w+$"
)
SECRET_NAME: Final = re.compile(
    r"(?:^|_)(?:pass(?:word|wd|phrase)?|pwd|secrets?|tokens?|nonce|salt|otp|api_?key|session_?id|"
    r"csrf\w*|remember_?me\w*|auth_?key|private_?key|credential\w*|reset_?code)(?:$|_)",
    re.I,
)
SESSION_NAME: Final = re.compile(r"session", re.I)

CLEAN_CALLS: Final = frozenset(
    {"len", "int", "float", "bool", "complex", "isinstance", "issubclass", "hasattr", "id", "hash",
     "callable", "type", "ord", "abs", "round", "any", "all", "sum", "range", "uuid.UUID",
     "datetime.datetime.strptime", "datetime.date.fromisoformat", "decimal.Decimal",
     "ipaddress.ip_address", "os.path.exists", "os.path.isfile", "os.path.isdir",
     "os.path.getsize", "hmac.compare_digest", "time.time", "print",
     "os.system", "subprocess.call", "subprocess.check_call", "os.path.getmtime"}
)  # fmt: skip
"""Calls whose results hold nothing of what was passed."""

CLEAN_METHODS: Final = frozenset(
    {"hexdigest", "digest", "startswith", "endswith", "isdigit", "isalpha", "isalnum", "isnumeric",
     "isdecimal", "isidentifier", "isspace", "islower", "isupper", "istitle", "isascii", "find",
     "index", "rfind", "rindex", "count", "exists", "is_file", "is_dir", "is_valid",
     "total_seconds", "bit_length", "fetchone", "fetchall", "fetchmany", "first", "one", "scalar",
     "one_or_none", "scalars", "get_or_404", "first_or_404", "get_object_or_404", "filter_by",
     "filter", "exclude", "find_one", "aggregate", "commit", "rollback",
     "close", "check_password", "verify", "setFeature", "write", "info", "debug", "warning",
     "error", "exception", "critical"}
)  # fmt: skip

CLEANERS: Final[dict[str, frozenset[Hazard]]] = {
    "html.escape": frozenset({Hazard.XSS}),
    "cgi.escape": frozenset({Hazard.XSS}),
    "markupsafe.escape": frozenset({Hazard.XSS}),
    "flask.escape": frozenset({Hazard.XSS}),
    "bleach.clean": frozenset({Hazard.XSS}),
    "nh3.clean": frozenset({Hazard.XSS}),
    "django.utils.html.escape": frozenset({Hazard.XSS}),
    "django.utils.html.conditional_escape": frozenset({Hazard.XSS}),
    "django.utils.html.strip_tags": frozenset({Hazard.XSS}),
    "django.utils.html.format_html": frozenset({Hazard.XSS}),
    "xml.sax.saxutils.escape": frozenset({Hazard.XSS}),
    "xml.sax.saxutils.quoteattr": frozenset({Hazard.XSS, Hazard.XPATH}),
    "json.dumps": frozenset(),
    "shlex.quote": frozenset({Hazard.COMMAND}),
    "pipes.quote": frozenset({Hazard.COMMAND}),
    "urllib.parse.quote": frozenset({Hazard.XSS, Hazard.COMMAND, Hazard.XPATH, Hazard.SQL}),
    "urllib.parse.quote_plus": frozenset(
        {Hazard.XSS, Hazard.COMMAND, Hazard.XPATH, Hazard.SQL, Hazard.PATH, Hazard.REDIRECT}
    ),
    "urllib.parse.urlencode": frozenset(
        {Hazard.XSS, Hazard.COMMAND, Hazard.XPATH, Hazard.SQL, Hazard.PATH, Hazard.REDIRECT}
    ),
    "os.path.basename": frozenset({Hazard.PATH}),
    "werkzeug.utils.secure_filename": frozenset({Hazard.PATH, Hazard.COMMAND}),
    "werkzeug.security.safe_join": frozenset({Hazard.PATH}),
    "flask.safe_join": frozenset({Hazard.PATH}),
    "django.utils._os.safe_join": frozenset({Hazard.PATH}),
    "ldap3.utils.conv.escape_filter_chars": frozenset({Hazard.LDAP}),
    "ldap3.utils.dn.escape_rdn": frozenset({Hazard.LDAP}),
    "ldap.filter.escape_filter_chars": frozenset({Hazard.LDAP}),
    "ldap.dn.escape_dn_chars": frozenset({Hazard.LDAP}),
    "flask.jsonify": frozenset({Hazard.XSS}),
    "flask.render_template": frozenset({Hazard.XSS}),
    "flask.url_for": ALL,
    "flask.redirect": frozenset({Hazard.XSS}),
    "django.shortcuts.render": frozenset({Hazard.XSS}),
    "django.http.JsonResponse": frozenset({Hazard.XSS}),
    "ast.literal_eval": frozenset({Hazard.CODE}),
    "secrets.token_hex": ALL,
    "secrets.token_urlsafe": ALL,
}
"""What a call makes harmless in its result."""

_CLEANING = re.compile(
    r"(?:^|_|\b)(?:safe|sanit\w+|escaped?|clean(?:ed|se)?|neutrali[sz]e|encode_for|valid(?:ate)?d?|"
    r"whitelist\w*|allowlist\w*)(?:_|$|\b)",
    re.I,
)
CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
"""Where a camelCase name has a new word."""
_ABOUT: Final = (
    (re.compile(r"html|xss|markup|xml", re.I), frozenset({Hazard.XSS})),
    (re.compile(r"sql", re.I), frozenset({Hazard.SQL})),
    (re.compile(r"shell|cmd|command", re.I), frozenset({Hazard.COMMAND})),
    (re.compile(r"file|path", re.I), frozenset({Hazard.PATH})),
    (re.compile(r"ldap", re.I), frozenset({Hazard.LDAP})),
    (re.compile(r"xpath", re.I), frozenset({Hazard.XPATH})),
    (re.compile(r"url|uri|redirect", re.I), frozenset({Hazard.REDIRECT, Hazard.SSRF})),
)


def cleaned_by_name(name: str) -> frozenset[Hazard]:
    """What a function that was not seen makes harmless, judging by its name alone."""
    words = CAMEL.sub("_", name)
    if not _CLEANING.search(words) or re.search(r"(?:^|_)(?:un|in)(?:safe|escape\w*)", words, re.I):
        return frozenset()
    for pattern, hazards in _ABOUT:
        if pattern.search(words):
            return hazards
    return ALL


NUMBERS: Final = frozenset(
    {"int", "float", "bool", "Decimal", "UUID", "date", "datetime", "timedelta"}
)
"""Annotations of parameters that a framework converts before the handler sees them."""
