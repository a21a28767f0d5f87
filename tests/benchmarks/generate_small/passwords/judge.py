import pytest
from passwords import is_strong, missing_rules


@pytest.mark.parametrize(
    ("password", "missing"),
    [
        ("Passw0rd", []),
        ("", ["length", "lower", "upper", "digit"]),
        ("password", ["upper", "digit"]),
        ("PASSWORD1", ["lower"]),
        ("Ab1", ["length"]),
        ("abc", ["length", "upper", "digit"]),
        ("12345678", ["lower", "upper"]),
        ("Correct Horse", ["digit"]),
    ],
)
def test_rules(password, missing):
    assert list(missing_rules(password)) == missing
    assert is_strong(password) == (not missing)
