import subprocess
import sys

import pytest
from temperature import to_celsius, to_fahrenheit


def run(*arguments, cwd=None, text=None):
    return subprocess.run(
        (sys.executable, "-m", "temperature", *arguments),
        cwd=cwd,
        input=text,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_functions():
    assert to_fahrenheit(100) == pytest.approx(212)
    assert to_fahrenheit(-40) == pytest.approx(-40)
    assert to_celsius(32) == pytest.approx(0)
    assert to_celsius(98.6) == pytest.approx(37)


@pytest.mark.parametrize(
    ("value", "unit", "wanted"),
    [("100", "c", "212.0"), ("212", "f", "100.0"), ("37.5", "c", "99.5"), ("0", "f", "-17.8")],
)
def test_the_tool(value, unit, wanted):
    done = run(value, unit)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == wanted


def test_below_zero():
    done = run("-40", "c")
    assert done.stdout.strip() == "-40.0", done.stderr
