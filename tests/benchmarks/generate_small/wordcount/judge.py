import subprocess
import sys

from wordcount import count


def run(*arguments, cwd=None, text=None):
    return subprocess.run(
        (sys.executable, "-m", "wordcount", *arguments),
        cwd=cwd,
        input=text,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_count():
    assert tuple(count("one two\nthree\n")) == (2, 3, 14)
    assert tuple(count("")) == (0, 0, 0)
    assert tuple(count("no newline at the end")) == (1, 5, 21)
    assert tuple(count("a\n\nb")) == (3, 2, 4)


def test_the_tool_prints_the_numbers(tmp_path):
    file = tmp_path / "text.txt"
    file.write_text("one two\nthree\n")
    done = run(str(file))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["2", "3", "14"]
    assert done.stdout.strip() == "2 3 14"
