import time

WORD = "one"


def main():
    while True:
        print(WORD, flush=True)
        time.sleep(0.2)


if __name__ == "__main__":
    main()
