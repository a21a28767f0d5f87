"""The container engine: found, asked in worker threads, its failures told in plain words.

Calls that change something are waited for even when the caller is cancelled, so that what they made
is known and can be removed; long streams (builds, pulls) are cut instead.
"""

import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from anyio import from_thread, to_thread

from samokoder.agents.errors import EngineFailed, EngineMissing
from samokoder.agents.preview import podman
from samokoder.agents.preview.addresses import candidates
from samokoder.agents.preview.together import together
from samokoder.state.errors import SamokoderError

if TYPE_CHECKING:
    from docker import APIClient

T = TypeVar("T")

PODMAN = "Podman"
THREADS = 16
"""Calls to one engine at the same time."""
CALL_SECONDS = 30.0
"""Seconds one call may take; building and fetching are streams and have limits of their own."""
CONNECT_SECONDS = 0.8
"""Seconds until somebody must listen at an engine's address."""
ANSWER_SECONDS = 4.0
"""Seconds one that listens at a socket has to say which version it is: Podman may just wake up."""
_NOWHERE = "no socket of Docker or Podman is here"
_STREAM = 64
"""Items of a stream that wait to be read."""


class Gone(EngineFailed):
    """The engine does not know that object."""

    code = "engine-gone"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the engine says of itself."""

    name: str
    version: str
    kernel: str
    runtimes: tuple[str, ...]
    default_runtime: str
    security: tuple[str, ...]
    """Names of its security options: seccomp, userns, rootless, apparmor …"""
    warnings: tuple[str, ...]


@dataclass
class Engine:
    """An engine that answered. Use it in one event loop; any number of tasks may share it."""

    address: str
    facts: Facts
    client: "APIClient"
    _limit: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(THREADS))

    async def call(self, function: Callable[..., T], *args: Any, **options: Any) -> T:
        """Call the SDK in a worker thread. EngineFailed, or Gone for what is not there."""
        work = partial(_knocked, self.address, partial(function, *args, **options))
        return await to_thread.run_sync(work, limiter=self._limit)

    async def make(self, config: dict[str, Any], name: str | None) -> str:
        """Make a container, not started: its id."""
        made: dict[str, Any] = await self.call(_make, self, config, name)
        return str(made["Id"])

    @asynccontextmanager
    async def streaming(
        self, begin: Callable[["APIClient"], Iterator[T]]
    ) -> AsyncIterator[AsyncIterator[T]]:
        """What ``begin`` yields, from a connection of its own that is cut on leaving."""
        client = await to_thread.run_sync(_cuttable, self.address)
        send, receive = anyio.create_memory_object_stream[T](_STREAM)
        failures: list[EngineFailed] = []

        def pump() -> None:
            try:
                with translating():  # a stream fails while it is read, too
                    for item in begin(client):
                        from_thread.run(send.send, item)
            except anyio.BrokenResourceError:
                return

        async def run() -> None:
            try:
                await to_thread.run_sync(
                    partial(_unless_cut, client, pump), abandon_on_cancel=True, limiter=self._limit
                )
            except EngineFailed as error:
                failures.append(error)
            finally:
                send.close()

        async with together() as tasks:
            tasks.start_soon(run)
            try:
                with receive:
                    yield receive
            finally:
                with anyio.CancelScope(shield=True):
                    await to_thread.run_sync(client.cut)
                tasks.cancel_scope.cancel()
        if failures:
            raise failures[0]

    async def aclose(self) -> None:
        """Let go of the connections."""
        await to_thread.run_sync(self.client.close)


async def connect(named: str = "") -> Engine:
    """The engine at the named address, or the first that answers.

    :class:`EngineMissing` in under a second for every address tried, with what to install.
    """
    addresses = await to_thread.run_sync(candidates, named, os.environ)
    refusals = []
    for address in addresses:
        try:
            return await to_thread.run_sync(_connect, address)
        except EngineMissing as error:
            refusals.append(error.detail)
    raise EngineMissing("; ".join(refusals) or _NOWHERE)


def connected(named: str) -> str:
    """The address of the engine :func:`connect` would find. Blocking."""
    refusals = []
    for address in candidates(named, os.environ):
        try:
            _connect(address).client.close()
        except EngineMissing as error:
            refusals.append(error.detail)
        else:
            return address
    raise EngineMissing("; ".join(refusals) or _NOWHERE)


def _connect(address: str) -> Engine:
    import docker
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        # asking the version first is also what fails at once when nobody listens
        patience = ANSWER_SECONDS if _knock(address) else CONNECT_SECONDS
        client = docker.APIClient(address, version="auto", timeout=patience)
        # it is there: what it says of itself may take Podman longer
        client.timeout = CALL_SECONDS
        info = client.info()
    except (DockerException, RequestException, OSError, ValueError) as error:
        raise EngineMissing(f"{address}: {_plain(error)}") from error
    components = {str(c.get("Name", "")) for c in client.version().get("Components") or ()}
    is_podman = any("podman" in name.lower() for name in components)
    facts = Facts(
        name=PODMAN if is_podman else "Docker",
        version=str(info.get("ServerVersion", "")),
        kernel=str(info.get("KernelVersion", "")),
        runtimes=tuple(sorted(info.get("Runtimes") or ())),
        default_runtime=str(info.get("DefaultRuntime", "")),
        security=tuple(
            part.removeprefix("name=")
            for option in info.get("SecurityOptions") or ()
            for part in str(option).split(",")
        ),
        warnings=tuple(info.get("Warnings") or ()),
    )
    return Engine(address, facts, client)


def _make(engine: Engine, config: dict[str, Any], name: str | None) -> dict[str, Any]:
    if engine.facts.name == PODMAN:
        host = config["HostConfig"]
        security = [podman.security(option) for option in host.get("SecurityOpt") or ()]
        config = {**config, "HostConfig": {**host, "SecurityOpt": security}}
    made: dict[str, Any] = engine.client.create_container_from_config(config, name)
    return made


def _cuttable(address: str) -> Any:
    """A client whose one open response can be cut from another thread."""
    import docker
    from docker.types import CancellableStream

    class Cuttable(docker.APIClient):  # type: ignore[misc]
        def __init__(self) -> None:
            # asking for the version sends something already
            self._guard = threading.Lock()
            self._response: Any = None
            self.is_cut = False
            super().__init__(address, version="auto", timeout=None)

        def send(self, request: Any, **options: Any) -> Any:
            response = super().send(request, **options)
            with self._guard:
                self._response = response
                if self.is_cut:
                    response.close()
            return response

        def cut(self) -> None:
            with self._guard:
                self.is_cut = True
                if self._response is not None:
                    try:
                        CancellableStream(iter(()), self._response).close()
                    except (OSError, AttributeError):
                        self._response.close()
            self.close()

    return _translated(Cuttable)


def _knocked(address: str, work: Callable[[], T]) -> T:
    """Call the SDK when somebody listens: it leaves a socket behind for each time nobody does."""
    with translating():
        _knock(address)
        return work()


def _knock(address: str) -> bool:
    """Whether somebody listens at a socket's address; OSError when nobody does. False: unknown."""
    if not address.startswith("unix://"):
        return False
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(CONNECT_SECONDS)
        link.connect(address.removeprefix("unix://"))
    return True


def _unless_cut(client: Any, pump: Callable[[], None]) -> None:
    """A stream that ends because it was cut has not failed."""
    try:
        pump()
    except EngineFailed:
        if not client.is_cut:
            raise


def _translated(work: Callable[[], T]) -> T:
    with translating():
        return work()


@contextmanager
def translating() -> Iterator[None]:
    """Failures of the SDK as errors of ours."""
    from docker.errors import APIError, DockerException, NotFound
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except NotFound as error:
        raise Gone(_plain(error)) from error
    except APIError as error:
        raise EngineFailed(_plain(error), hint=" ") from error
    except (RequestException, HTTPError, DockerException) as error:
        raise EngineFailed(f"it no longer answers ({_plain(error)})") from error
    except SamokoderError:
        raise
    except OSError as error:
        raise EngineFailed(f"it no longer answers ({error.strerror or error})") from error


def _plain(error: BaseException) -> str:
    """The innermost words of a failure, in one line."""
    explanation = getattr(error, "explanation", None)
    if explanation:
        text = explanation.decode() if isinstance(explanation, bytes) else str(explanation)
        return " ".join(text.split())
    inner = error
    while (cause := inner.__cause__ or inner.__context__) is not None:
        inner = cause
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror
    return " ".join(str(inner).split()) or type(inner).__name__
