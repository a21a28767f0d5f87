import time

READY = False


def wait():
    while not READY:
        time.sleep(60)
