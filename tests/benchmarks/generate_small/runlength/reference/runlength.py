import re
import sys
from itertools import groupby


def encode(text):
    return "".join(f"{len(list(run))}{char}" for char, run in groupby(text))


def decode(text):
    return "".join(int(n) * char for n, char in re.findall(r"(\d+)(\D)", text))


def main():
    print({"encode": encode, "decode": decode}[sys.argv[1]](sys.argv[2]))


if __name__ == "__main__":
    main()
