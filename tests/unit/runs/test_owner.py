"""A process is told from a later one with the same number."""

import os
import subprocess
import sys

from samokoder.agents.runs import owner


def test_this_process_is_alive() -> None:
    assert owner.alive(owner.me())


def test_a_dead_process_is_dead_and_its_number_reused_is_somebody_else() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    host, boot, _, _ = owner.me().rsplit("/", 3)
    started = owner._started(child.pid)
    name = f"{host}/{boot}/{child.pid}/{started}"
    assert owner.alive(name)
    assert not owner.alive(f"{host}/{boot}/{child.pid}/{int(started) + 1}")
    child.kill()
    assert not owner.alive(name), "a zombie writes nothing any more"
    child.communicate()
    assert not owner.alive(name)


def test_another_boot_is_dead_and_another_host_is_not_for_us_to_say() -> None:
    host, _, pid, started = owner.me().rsplit("/", 3)
    assert not owner.alive(f"{host}/another-boot/{os.getpid()}/{started}1")
    assert owner.alive(f"elsewhere/{'b' * 36}/{pid}/{started}")
