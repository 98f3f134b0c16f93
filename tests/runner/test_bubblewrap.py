"""Bubblewrap keeps the contract; and what is particular to it."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.test import override_settings

from runner.environment import Environment
from runner.sandboxes import cgroups
from runner.sandboxes.base import SandboxDriver
from runner.sandboxes.bubblewrap import Bubblewrap
from tests.runner.sandbox_contract import *  # noqa: F403
from tests.runner.sandbox_node import *  # noqa: F403
from tests.runner.sandbox_walls import *  # noqa: F403
from tests.runner.sandboxed import Bench

pytestmark = pytest.mark.sandbox


def test_the_user_is_numbered_as_awss(bench: Bench):
    reply = bench.function("""
        import os
        def lambda_handler(event, context):
            return [os.getuid(), os.getgid()]
        """).invoke()
    assert reply.value == [993, 990]


def test_of_the_hosts_folders_only_what_is_needed_is_there(bench: Bench):
    reply = bench.function("""
        import os
        def lambda_handler(event, context):
            seen = [path for path in ("/home", "/root", "/srv", "/var/lib", "/var/log", "/run", "/mnt", "/boot", "/sys",
                                      "/etc/shadow", "/var/run/docker.sock") if os.path.exists(path)]
            return [seen, sorted(os.listdir("/var"))]
        """).invoke()
    seen, var = reply.value
    assert seen == []
    assert set(var) <= {"lang", "rapid", "runtime", "task"}


def test_no_two_sandboxes_share_a_user(bench: Bench):
    if not bench.driver.private or not bench.driver.cgroups:
        pytest.skip("users of their own need root, and the test finds their processes by control group")
    for _ in range(2):
        bench.function("def lambda_handler(event, context): return 1")
    assert len({_owner(function.environment.sandbox) for function in bench.made}) == 2


def _owner(sandbox) -> str:
    """The user, outside, of a process in the sandbox."""
    pid = (Path(sandbox.driver.cgroups.directories(sandbox.group)[0]) / "cgroup.procs").read_text().split()[-1]
    return next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("Uid:"))


def test_nothing_of_a_stopped_sandbox_is_left(bench: Bench):
    function = bench.function("""
        import subprocess
        def lambda_handler(event, context):
            subprocess.Popen(["sleep", "1000"], start_new_session=True)
        """)
    function.invoke()
    sandbox = function.environment.sandbox
    function.environment.stop()
    assert not sandbox.directory.exists()
    if groups := bench.driver.cgroups:
        assert not any(Path(directory).exists() for directory in groups.directories(sandbox.group))


def test_what_a_dead_worker_left_is_swept(driver: SandboxDriver):
    left = driver.workplace.root / "31" / "7" / "task"
    left.mkdir(parents=True)
    if driver.cgroups:
        driver.cgroups.create(f"{driver.workplace.group_prefix(31)}7")
    assert driver.sweep() == 1
    assert not left.exists()
    if driver.cgroups:
        assert driver.cgroups.names(driver.workplace.group_prefix(31)) == set()


WORKER = """
import os, signal, sys, time
os.environ["DJANGO_SETTINGS_MODULE"] = "console.settings"
import django
django.setup()
from pathlib import Path
from runner.environment import Environment
from runner.sandboxes.base import SandboxSpec
from runner.sandboxes.bubblewrap import Bubblewrap
driver = Bubblewrap()
driver.prepare()
own = driver.own_interpreter
environment = Environment(driver.start(own))
assert environment.wait_ready(20)
print(environment.sandbox.directory, driver.launcher._process.pid, flush=True)
input()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_that_is_killed_takes_its_sandboxes_with_it(driver: SandboxDriver, tmp_path: Path):
    environment = {**os.environ, "PUPITRE_DATA_DIR": str(tmp_path)}
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout and worker.stdin
    directory, launcher = worker.stdout.readline().split()
    started = {int(launcher), *_descendants(int(launcher))}
    assert len(started) >= 4  # the launcher, bubblewrap, PID 1, the runtime
    worker.communicate("\n")
    for _ in range(6000):
        if not (alive := started & _parents().keys()):
            break
        threading.Event().wait(0.01)
    assert not alive
    with override_settings(DATA_DIR=tmp_path):
        after = Bubblewrap()
        after.prepare()
        assert not Path(directory).exists()
        after.close()


STARTING = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "console.settings"
import django
django.setup()
from runner.sandboxes.bubblewrap import Bubblewrap
driver = Bubblewrap()
driver.prepare()
print(driver.launcher._process.pid, flush=True)
sandboxes = [driver.start(driver.own_interpreter) for _ in range(8)]
print("begun", flush=True)
input()
"""


def test_sandboxes_that_are_just_coming_up_end_with_a_worker_whose_whole_group_is_killed(
    driver: SandboxDriver, tmp_path: Path
):
    """As the supervisor does it: the launcher must live long enough to end those that cannot end by themselves yet."""
    environment = {**os.environ, "PUPITRE_DATA_DIR": str(tmp_path)}
    worker = subprocess.Popen(
        [sys.executable, "-c", STARTING],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    assert worker.stdout
    launcher = int(worker.stdout.readline())
    assert worker.stdout.readline() == "begun\n"
    started = {launcher, *_descendants(launcher)}
    os.killpg(worker.pid, signal.SIGKILL)
    worker.communicate()
    for _ in range(6000):
        if not (alive := started & _parents().keys()):
            break
        threading.Event().wait(0.01)
    assert not alive


def _parents() -> dict[int, int]:
    """Every living process and its parent."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            found[int(path.parent.name)] = int(parent)
    return found


def _descendants(pid: int) -> set[int]:
    parents = _parents()
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in found | {pid}} - found:
        found |= more
    return found


def test_when_the_launcher_is_killed_its_sandboxes_end_and_others_can_be_started(driver: SandboxDriver):
    before = Environment(driver.start(driver.own_interpreter))
    assert before.wait_ready(30)
    launcher = driver.launcher._process
    inside = _descendants(launcher.pid)
    launcher.kill()
    launcher.wait()
    after = Environment(driver.start(driver.own_interpreter))
    assert after.wait_ready(30)
    assert before.is_dead and not after.is_dead
    assert not inside & _parents().keys()
    before.stop()
    after.stop()


def test_the_control_groups_hold_the_share_of_the_processor(bench: Bench):
    groups = bench.driver.cgroups
    if groups is None or groups.version != 1:
        pytest.skip("looks at version 1's files")
    function = bench.function("def lambda_handler(event, context): return 1")
    group = function.environment.sandbox.group
    quota = cgroups.ROOT / "cpu" / cgroups.NAME / group / "cpu.cfs_quota_us"
    assert int(quota.read_text()) == cgroups.CPU_PERIOD_US // 4


def test_a_sandbox_that_is_killed_while_it_comes_up_leaves_nothing(driver: SandboxDriver, until):
    before = _descendants(driver.launcher._process.pid)  # a zygote
    for step in range(20):
        sandbox = driver.start(driver.own_interpreter)
        threading.Event().wait(step * 0.001)
        sandbox.kill()
    until(lambda: _descendants(driver.launcher._process.pid) <= before)
