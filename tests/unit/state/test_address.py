"""Which database an address means."""

import ssl
from pathlib import Path

import pytest

from samokoder.state import address
from samokoder.state.errors import StateError


def test_nothing_means_the_file_in_the_state_folder(home: Path) -> None:
    assert address.resolve(None).file == home / "state" / "state.db"
    assert address.resolve("") == address.resolve(None)


def test_a_file_by_path_or_by_url(tmp_path: Path) -> None:
    wanted = tmp_path / "a b%.db"
    assert address.resolve(wanted).file == wanted
    assert address.resolve(f"sqlite:///{tmp_path}/x.db").file == tmp_path / "x.db"


def test_a_server_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    found = address.resolve("postgresql://ann:geheim@db.example/team")
    assert found.file is None
    assert "geheim" not in found.label
    assert found.connect["password"] == "geheim"
    monkeypatch.setenv("PGPASSWORD", "other")
    assert address.resolve("postgresql://ann@db.example/team").connect["password"] == "other"


def test_servers_elsewhere_are_verified_unless_told_otherwise() -> None:
    far = address.resolve("postgresql://ann@db.example/team").connect["ssl"]
    assert far.verify_mode is ssl.CERT_REQUIRED
    assert far.check_hostname
    merely = address.resolve("postgresql://ann@db.example/team?sslmode=require").connect["ssl"]
    assert merely.verify_mode is ssl.CERT_NONE
    assert address.resolve("postgresql://ann@db/team?sslmode=disable").connect["ssl"] is False
    assert address.resolve("postgresql://ann@localhost/team").connect["ssl"] is False


@pytest.mark.parametrize(
    "where",
    [
        "mysql://ann:geheim@db/team",
        "nonsense",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://ann@db/team?sslmode=perhaps",
        "postgresql://ann@db/team?sslmode=require&sslrootcert=/nowhere/ca.pem",
    ],
)
def test_what_cannot_hold_the_state_is_refused(where: str) -> None:
    with pytest.raises(StateError) as caught:
        address.resolve(where)
    assert "geheim" not in str(caught.value)
