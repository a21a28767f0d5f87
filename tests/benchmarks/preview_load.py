"""Prints how fast previews start, whether ports collide, and what many cycles leave behind.

Run: scripts/engine run .venv/bin/python tests/benchmarks/preview_load.py

Bounds: cold start to HTTP 200 at most 2 s beyond the image, 50 parallel starts on 50 ports, 200
cycles of start and stop that leave no container, network, volume, image, file, task or thread.
A number of 0 leaves that part out.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))

from preview_room import HELLO, Room, page, room

COLD_SECONDS = 2.0
AT_ONCE = 4
"""Cycles that go on at the same time."""


async def everything(one: Room) -> dict[str, int]:
    """How much of each kind there is, in the engine and in this process."""
    engine = await one.previews.engine()
    client = engine.client
    volumes = (await engine.call(client.volumes))["Volumes"] or ()
    return {
        "containers": len(await engine.call(client.containers, all=True)),
        "networks": len(await engine.call(client.networks)),
        "volumes": len(volumes),
        "images": len(await engine.call(client.images)),
        "temporary files": len(await anyio.to_thread.run_sync(os.listdir, tempfile.gettempdir())),
        "tasks": len(asyncio.all_tasks()),
        "live rows": len(await one.previews.listing()),
    }


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    begun = time.monotonic()
    await work()
    return time.monotonic() - begun


async def cold(one: Room, times: int) -> bool:
    """Start to the first page, one at a time."""
    # the images are made first: what is measured is what comes after them
    await one.previews.stop((await one.start()).id)
    starts, stops = [], []
    for _ in range(times):
        begun = time.monotonic()
        status = await one.start()
        assert await page(status.url) == "hello"
        starts.append(time.monotonic() - begun)
        begun = time.monotonic()
        await one.previews.stop(status.id)
        stops.append(time.monotonic() - begun)
    median = statistics.median(starts)
    print(
        f"cold start to HTTP 200: median {median:.2f} s of {times}, worst {max(starts):.2f} s "
        f"(bound {COLD_SECONDS:g} s); stop {statistics.median(stops):.2f} s"
    )
    return median <= COLD_SECONDS


async def parallel(one: Room, number: int) -> bool:
    """Many at once; every port is another, and every page answers."""
    ports: list[int] = []
    failures: list[str] = []

    async def start() -> None:
        try:
            status = await one.start(limit=number, start_seconds=120.0)
            if await page(status.url) == "hello":
                ports.append(status.port)
        except Exception as error:  # noqa: BLE001 every kind of failure is counted
            failures.append(str(error))

    begun = time.monotonic()
    async with anyio.create_task_group() as tasks:
        for _ in range(number):
            tasks.start_soon(start)
    took = time.monotonic() - begun
    await one.stop_all()
    print(f"{number} parallel starts: {len(set(ports))} ports, {took:.1f} s")
    for failure in failures[:3]:
        print(f"  failed: {failure}")
    return len(set(ports)) == number and not failures


async def cycles(one: Room, number: int) -> bool:
    """Start and stop again and again; what is there afterwards is what was there before."""
    await one.previews.stop((await one.start()).id)
    before, threads = await everything(one), threading.active_count()
    left = iter(range(number))

    async def worker() -> None:
        for _ in left:
            await one.previews.stop((await one.start(limit=AT_ONCE + 1)).id)

    begun = time.monotonic()
    async with anyio.create_task_group() as tasks:
        for _ in range(AT_ONCE):
            tasks.start_soon(worker)
    took = time.monotonic() - begun
    after = await everything(one)
    print(f"{number} cycles, {AT_ONCE} at once: {took:.0f} s, {took / number:.2f} s each")
    for name, count in after.items():
        print(f"  {name}: {before[name]} before, {count} after")
    print(f"  threads: {threads} before, {threading.active_count()} after")
    return after == before


async def main(arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        # our own, so that what others leave does not count
        tempfile.tempdir = str(Path(folder, "temporary"))
        os.mkdir(tempfile.tempdir)
        async with room(Path(folder)) as one:
            await one.write({"app.py": HELLO})
            good = True
            if arguments.cold:
                good &= await cold(one, arguments.cold)
            if arguments.parallel:
                good &= await parallel(one, arguments.parallel)
            if arguments.cycles:
                good &= await cycles(one, arguments.cycles)
    return 0 if good else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--cold", type=int, default=5)
    parser.add_argument("--parallel", type=int, default=50)
    parser.add_argument("--cycles", type=int, default=200)
    sys.exit(anyio.run(main, parser.parse_args()))
