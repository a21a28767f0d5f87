"""R13: secrets are found, replaced, restored; ordinary code stays as it is."""

import random
import string
import sysconfig
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samokoder.agents.models.redact import PLACEHOLDER, SCRUBBED, redact, restore, scrub

_RANDOM = random.Random(7)


def _canary(size: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "a1B" + "".join(_RANDOM.choices(letters, k=size - 3))


HEX = "0123456789abcdef"
UP = string.ascii_uppercase + "234567"
BODY = "\n".join(_canary(64) for _ in range(5))

SECRETS = {
    "openai": "sk-proj-" + _canary(48),
    "anthropic": "sk-ant-api03-" + _canary(90),
    "openrouter": "sk-or-v1-" + "".join(_RANDOM.choices(HEX, k=64)),
    "groq": "gsk_" + _canary(52),
    "google": "AIza" + _canary(35),
    "google-oauth": "GOCSPX-" + _canary(28),
    "xai": "xai-" + _canary(80),
    "hub": "hf_" + _canary(34),
    "yandex": "AQVN" + _canary(36),
    "aws-id": "AKIA" + "".join(_RANDOM.choices(UP, k=16)),
    "github": "ghp_" + _canary(36),
    "github-fine": "github_pat_" + _canary(82),
    "gitlab": "glpat-" + _canary(20),
    "npm": "npm_" + _canary(36),
    "pypi": "pypi-AgE" + _canary(60),
    "slack": "xoxb-" + "1234567890-" + _canary(24),
    "stripe": "sk_live_" + _canary(24),
    "sendgrid": "SG." + _canary(22) + "." + _canary(43),
    "telegram": "AA" + _canary(33),
    "digitalocean": "dop_v1_" + "".join(_RANDOM.choices(HEX, k=64)),
    "databricks": "dapi" + "".join(_RANDOM.choices(HEX, k=32)),
    "vault": "hvs." + _canary(24),
    "jwt": "eyJ" + _canary(20) + ".eyJ" + _canary(40) + "." + _canary(43),
    "pem": f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n-----END RSA PRIVATE KEY-----",
    "openssh": f"-----BEGIN OPENSSH PRIVATE KEY-----\n{BODY}\n-----END OPENSSH PRIVATE KEY-----",
    "pem-cut": f"-----BEGIN PRIVATE KEY-----\n{BODY}",
    "age": "AGE-SECRET-KEY-1" + "".join(_RANDOM.choices(UP, k=58)),
}

PLACES = {
    "alone": "{}",
    "line": "here it is: {} and more",
    "python": 'client = Client("{}", region="eu")',
    "json escape": '{{"log": "key\\n{}\\n"}}',
    "query": "https://example.org/x?auth%3D{}&a=1",
}

NAMED = {
    "python literal": ('password = "Tr0ub4dor&3"', "Tr0ub4dor&3"),
    "python keyword": ("connect(user='bob', password='hunter2x')", "hunter2x"),
    "typed": ('API_KEY: str = "c4n4ry9f8e7d6c"', "c4n4ry9f8e7d6c"),
    "json": ('{"clientSecret": "9fQz81kLmPq22x"}', "9fQz81kLmPq22x"),
    "json in json": ('"{\\"api_key\\": \\"9fQz81kLmPq22x\\"}"', "9fQz81kLmPq22x"),
    "yaml": ("db:\n  password: s3cr3t!canary\n", "s3cr3t!canary"),
    "env": ("export DB_PASSWORD=correcthorse9\n", "correcthorse9"),
    "env token": ("CI_JOB_TOKEN=64_xYz81kLmPq22x\n", "64_xYz81kLmPq22x"),
    "aws": (
        "aws_secret_access_key = wJalrXUtnFEMIK7MDENGbPxRfiCYzz81canary\n",
        "wJalrXUtnFEMIK7MDENGbPxRfiCYzz81canary",
    ),
    "flag": ("curl --token 9fQz81kLmPq22x https://example.org", "9fQz81kLmPq22x"),
    "flag equals": ("tool --password=pa55-w0rd!", "pa55-w0rd!"),
    "header": ("Authorization: Bearer 9fQz81kLmPq22x7Hh3", "9fQz81kLmPq22x7Hh3"),
    "basic": ("authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0", "czZCaGRSa3F0MzpnWDFmQmF0"),
    "xml": ("<password>hunter2x!</password>", "hunter2x!"),
    "pair": ('("password", "hunter2x!")', "hunter2x!"),
    "subscript": ("config['secret_key'] = 'z9!kd83hfk2'", "z9!kd83hfk2"),
    "ruby": (":password => 'hunter2x!'", "hunter2x!"),
    "go": ('apiKey := "9fQz81kLmPq22x"', "9fQz81kLmPq22x"),
    "url": ("postgres://app:S3cretPw@db.internal:5432/x", "S3cretPw"),
    "url at": ("redis://:p4ss@w0rd@cache:6379/0", "p4ss@w0rd"),
    "azure": (
        "DefaultEndpointsProtocol=https;AccountKey=" + "a1B2" * 21 + "==;",
        "a1B2" * 21 + "==",
    ),
    "slack hook": (
        "https://hooks.slack.com/services/T0000AAA1/B0000BBB2/abcDEF123ghiJKL456mno789",
        "T0000AAA1/B0000BBB2/abcDEF123ghiJKL456mno789",
    ),
    "camel": ("const dbPassword = `x9$kdfj2`;", "x9$kdfj2"),
    "properties": ("spring.datasource.password=Xy12kq-qq\n", "Xy12kq-qq"),
}

INNOCENT = [
    'password = "password"',
    'password = os.environ["DB_PASSWORD"]',
    "password = get_password()",
    "def login(password: str, token: Token1) -> None:",
    'token = "<your-token-here>"',
    'API_KEY = "${API_KEY}"',
    'api_key = "YOUR_API_KEY_1"',
    'api_key = "{{ api_key_2 }}"',
    'token_type = "bearer2hq8s7d6f5"',
    'TOKEN_URL = "https://example.org/oauth2/token1"',
    'secret_name = "prod/db2/main9xkq"',
    "max_tokens=4096",
    "for token in tokens2: pass",
    "key = sha256(data1).hexdigest()",
    "if token == tok.LPAR or token != tok.RPAR9: return",
    'ERROR = {"password": "Password must have 8 characters"}',
    "postgres://user:password@localhost/db",
    "postgres://${USER}:${PASS}@host/db",
    "sk-fading-circle-something-long-name",
    "PasswordResetForm2 = make('PasswordResetForm2')",
    "https://example.org:8080/a@b",
    "public_key = 'a8f7s6d5f4a3s2d1f0'",
    "pass\npassed = 3 == 3",
    "commit 3f786850e387550fdab836ed7e6dc881de23001b",
    "from secrets import token_hex9",
    "ssh git@host:repo.git",
    '"HTTPPasswordMgr", "urllib2"',
    "password = password.encode('latin1')",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", SECRETS)
def test_known_shapes_leave_nothing_behind(kind: str, place: str) -> None:
    secret = SECRETS[kind]
    text = PLACES[place].format(f"110201543:{secret}" if kind == "telegram" else secret)
    table: dict[str, str] = {}
    out = redact(text, table)
    assert secret[-8:] not in out and secret[8:16] not in out, out
    assert restore(out, table) == text
    assert secret not in scrub(text) and SCRUBBED in scrub(text)


@pytest.mark.parametrize("kind", NAMED)
def test_values_of_telling_names(kind: str) -> None:
    text, secret = NAMED[kind]
    table: dict[str, str] = {}
    assert redact(text, table) == text.replace(secret, "⟦secret:1⟧")
    assert table == {"⟦secret:1⟧": secret}


@pytest.mark.parametrize("text", INNOCENT)
def test_ordinary_text_stays(text: str) -> None:
    assert scrub(text) == text


def test_a_secret_keeps_its_placeholder_within_a_table() -> None:
    table: dict[str, str] = {}
    first = redact('password = "Tr0ub4dor&3"', table)
    other = redact('a = "x"; password = "0ther!pass9"; pwd = "Tr0ub4dor&3"', table)
    assert first == 'password = "⟦secret:1⟧"'
    assert other == 'a = "x"; password = "⟦secret:2⟧"; pwd = "⟦secret:1⟧"'
    assert redact(other, table) == other, "redacting twice changes nothing"


def test_a_placeholder_written_by_the_user_is_not_taken_for_ours() -> None:
    table: dict[str, str] = {}
    text = 'doc = "⟦secret:1⟧"; password = "Tr0ub4dor&3"'
    out = redact(text, table)
    assert table == {"⟦secret:2⟧": "Tr0ub4dor&3"}
    assert restore(out, table) == text
    assert restore("⟦secret:9⟧", table) == "⟦secret:9⟧"


def test_known_values_are_secret_whatever_they_look_like() -> None:
    assert scrub("say plainword twice: plainword", ["plainword"]) == (
        f"say {SCRUBBED} twice: {SCRUBBED}"
    )


@given(st.lists(st.sampled_from([*SECRETS.values(), *(t for t, _ in NAMED.values()), *INNOCENT])))
def test_restoring_gives_the_same_text(parts: list[str]) -> None:
    text = "\n".join(parts)
    table: dict[str, str] = {}
    assert restore(redact(text, table), table) == text


@given(st.text(alphabet=st.sampled_from("abP=:\"'\\\n ⟦⟧12-_/@<>{}passwordtokenkey"), max_size=200))
def test_any_text_survives(text: str) -> None:
    table: dict[str, str] = {}
    assert restore(redact(text, table), table) == text
    assert all(PLACEHOLDER.fullmatch(name) for name in table)


def test_few_false_alarms_in_real_code() -> None:
    folder = Path(sysconfig.get_paths()["stdlib"])
    files = [
        p
        for d in ("", "asyncio", "email", "http", "json", "logging")
        for p in sorted((folder / d).glob("*.py"))
    ]
    found = [m for p in files for m in [scrub(p.read_text(encoding="utf-8"))] if SCRUBBED in m]
    assert len(files) > 150
    assert found == []


@pytest.mark.parametrize(
    "piece",
    [
        "password = ",
        "sk-",
        "://a:",
        "token: ",
        "-----BEGIN ",
        "eyJa.",
        "a" * 80 + "key ",
        '"key',
        "\\",
    ],
)
def test_large_hostile_text_takes_linear_time(piece: str) -> None:
    begun = time.process_time()
    scrub(piece * (500_000 // len(piece)))
    assert time.process_time() - begun < 5
