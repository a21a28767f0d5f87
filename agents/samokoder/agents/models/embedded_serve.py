"""The embedded model's process: a llama.cpp server on loopback, alive only as long as its parent.

``python -m samokoder.agents.models.embedded_serve`` reads one JSON line (:class:`Order`) from
standard input, answers one (:class:`Ready`) on standard output when the weights are loaded, and
ends when standard input does. A native crash takes only this process down.
"""

import os
import platform
import signal
import sys
import threading
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

CACHE_MIB: Final = 384
"""Memory for prompts seen before; the library's own default is 8192."""

DRAFT: Final = (6, 16)
"""Words matched and words drafted from the prompt: rewriting code is 1.5 times faster with it."""

PING: Final = 5
"""Seconds between signs of life while a long prompt is read."""


class Order(Struct, frozen=True):
    """What to serve. ``threads`` 0: one per physical core, at most eight."""

    weights: str
    name: str
    key: str
    parent: int
    context: int = 8192
    threads: int = 0
    idle: int = 120


class Ready(Struct, frozen=True):
    """``url`` when it serves, else ``error``."""

    url: str = ""
    error: str = ""


def has_avx2() -> bool:
    """False when this is an x86 processor that cannot run the library."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return True
    system = platform.system()
    if system == "Linux":
        return " avx2" in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    if system == "Windows":
        import ctypes

        kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 absent elsewhere
        return bool(kernel.IsProcessorFeaturePresent(40))
    return True


def cores() -> int:
    """Physical cores this process may use."""
    if platform.system() != "Linux":
        return os.cpu_count() or 1
    logical = len(os.sched_getaffinity(0))
    text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    pairs = set()
    for block in text.split("\n\n"):
        named = (line.partition(":") for line in block.splitlines())
        fields = {name.strip(): value.strip() for name, _, value in named}
        if "core id" in fields:
            pairs.add((fields.get("physical id"), fields["core id"]))
    return min(logical, len(pairs) or logical)


def threads(wanted: int) -> int:
    """Threads to compute with."""
    return wanted or max(1, min(8, cores()))


def serve(order: Order) -> tuple[Any, str]:
    """Start the server; it and its address. Blocks until the weights are loaded."""
    os.environ["GOMP_SPINCOUNT"] = "0"  # read at import: waiting threads must not burn the cores
    import xllamacpp

    p = xllamacpp.CommonParams()
    p.model.path = order.weights
    p.model_alias = {order.name}
    p.hostnames = ["127.0.0.1"]
    p.port = 0
    p.api_keys = [order.key]
    p.n_ctx = order.context
    p.n_parallel = 1
    p.cpuparams.n_threads = p.cpuparams_batch.n_threads = threads(order.threads)
    p.n_batch, p.n_ubatch = 2048, 512
    p.cache_ram_mib = CACHE_MIB
    p.no_extra_bufts = True
    p.sleep_idle_seconds = order.idle
    p.sse_ping_interval = PING
    p.ctx_shift = False
    p.use_jinja = True
    p.ui = False
    p.offline = True
    p.endpoint_slots = p.endpoint_props = p.endpoint_metrics = False
    p.verbosity = 1
    p.speculative.types = [xllamacpp.common_speculative_type.COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE]
    p.speculative.ngram_simple.size_n, p.speculative.ngram_simple.size_m = DRAFT
    server = xllamacpp.Server(p)
    return server, str(server.listening_address)


def main() -> None:
    """The process."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the library prints must not mix with the answer
    order = msgspec.json.decode(sys.stdin.readline(), type=Order)
    _die_with(order.parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is the parent's to judge
    server, ready = None, Ready(error="this processor has no AVX2, which the embedded model needs")
    if has_avx2():
        try:
            server, url = serve(order)
            ready = Ready(url=url)
        except ImportError as error:
            ready = Ready(error=f"the package xllamacpp cannot be loaded ({error})")
        except (RuntimeError, ValueError, OSError) as error:
            ready = Ready(error=f"the weights cannot be served ({error})")
    answers.write(msgspec.json.encode(ready).decode() + "\n")
    answers.close()
    if server is not None:
        _wait_for_end()
    os._exit(0)  # the library's own clean-up may wait for a running answer


def _wait_for_end() -> None:
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())

    def watch() -> None:
        while os.read(0, 4096):
            pass
        ended.set()

    threading.Thread(target=watch, daemon=True).start()
    while not ended.wait(3600):
        pass


def _die_with(parent: int) -> None:
    """Be killed with the parent, also when it is killed while standard input is inherited."""
    if platform.system() != "Linux":
        return
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


if __name__ == "__main__":
    main()
