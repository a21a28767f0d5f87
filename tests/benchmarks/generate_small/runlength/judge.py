import subprocess
import sys

import pytest
from runlength import decode, encode


def run(*arguments, cwd=None, text=None):
    return subprocess.run(
        (sys.executable, "-m", "runlength", *arguments),
        cwd=cwd,
        input=text,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


KNOWN = {"aaab": "3a1b", "abc": "1a1b1c", "": "", "zzzzzzzzzzzz": "12z", "aab  c": "2a1b2 1c"}


@pytest.mark.parametrize(("plain", "coded"), KNOWN.items())
def test_both_ways(plain, coded):
    assert encode(plain) == coded
    assert decode(coded) == plain


def test_the_tool():
    done = run("encode", "aaab")
    assert (done.returncode, done.stdout.strip()) == (0, "3a1b"), done.stderr
    done = run("decode", "12z")
    assert (done.returncode, done.stdout.strip()) == (0, "z" * 12), done.stderr
