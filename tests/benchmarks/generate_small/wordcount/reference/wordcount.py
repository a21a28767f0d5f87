import sys


def count(text):
    return len(text.splitlines()), len(text.split()), len(text)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        print(*count(file.read()))


if __name__ == "__main__":
    main()
