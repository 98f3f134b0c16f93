"""The supervisor: programs start, come back after a crash, and end together."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console import supervisor as supervision
from console.supervisor import Program, Supervisor
from core import clock

WAITS = "import signal; print('1 ready', flush=True); signal.pause()"


@pytest.fixture
def shown() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, shown: list[str]) -> Iterator[Supervisor]:
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
    before = {number: signal.getsignal(number) for number in names}
    supervisor = Supervisor(log_dir=tmp_path, show=shown.append)
    yield supervisor
    supervisor.stop()
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)


def python(name: str, code: str, **options: object) -> Program:
    return Program(name, (sys.executable, "-c", code), **options)  # type: ignore[arg-type]


def turn_until(supervisor: Supervisor, holds: Callable[[], bool]) -> None:
    deadline = clock.monotonic() + 60
    while not holds():
        assert clock.monotonic() < deadline, "it never came to that"
        supervisor.turn(timeout=0.2)


def test_what_a_program_says_is_kept_in_its_log(supervisor, tmp_path):
    supervisor.start(python("api", "print('1 hello', flush=True); import signal; signal.pause()"))
    turn_until(supervisor, lambda: supervisor.tail("api") == ["1 hello"])
    assert (tmp_path / "api.log").read_text() == "1 hello\n"


def test_only_warnings_and_what_continues_them_are_shown(supervisor, shown):
    lines = [
        "2026-11-22 10:00:00,000 INFO fine",
        "2026-11-22 10:00:00,000 ERROR oops",
        "  more of it",
        "2026-11-22 10:00:00,000 INFO done",
    ]
    supervisor.start(python("api", f"print('\\n'.join({lines!r}), flush=True); import signal; signal.pause()"))
    turn_until(supervisor, lambda: len(supervisor.tail("api")) == 4)
    assert shown == ["    api | 2026-11-22 10:00:00,000 ERROR oops", "    api |   more of it"]


def test_a_log_never_grows_past_its_bound(supervisor, tmp_path, monkeypatch):
    monkeypatch.setattr(supervision, "LOG_BYTES", 1000)
    supervisor.start(python("api", "print(*range(1000), 'end', sep='\\n', flush=True); import signal; signal.pause()"))
    turn_until(supervisor, lambda: supervisor.tail("api")[-1:] == ["end"])
    assert sum(file.stat().st_size for file in tmp_path.glob("api.log*")) < 2100


def test_a_program_that_crashes_is_started_again(supervisor, tmp_path, shown):
    flag = tmp_path / "second"
    code = (
        f"import os, sys, signal\nif not os.path.exists({str(flag)!r}): open({str(flag)!r}, 'w'); sys.exit(3)\n" + WAITS
    )
    supervisor.start(python("api", code))
    turn_until(supervisor, lambda: supervisor.tail("api") == ["1 ready"])
    assert shown == ["    api | ended with exit code 3; starting it again in 0.2 s"]


def test_the_trouble_of_a_program_that_never_comes_up_is_shown_once(supervisor, shown):
    supervisor.start(python("api", "print('2026-11-22 10:00:00,000 ERROR no good', flush=True); raise SystemExit(1)"))
    turn_until(supervisor, lambda: supervisor.crashes("api") == 2)
    assert [line for line in shown if "no good" in line] == ["    api | 2026-11-22 10:00:00,000 ERROR no good"]


def test_stopping_ends_what_others_lean_on_last(supervisor, tmp_path):
    order = tmp_path / "order"
    code = "import signal, sys\ndef end(*_):\n open({!r}, 'a').write({!r}); sys.exit()\nsignal.signal(signal.SIGTERM, end)\n"
    supervisor.start(python("redis", code.format(str(order), "redis") + WAITS, last=True))
    supervisor.start(python("worker", code.format(str(order), "worker ") + WAITS))
    turn_until(supervisor, lambda: supervisor.tail("redis") == supervisor.tail("worker") == ["1 ready"])
    supervisor.stop()
    assert order.read_text() == "worker redis"


def test_a_program_that_will_not_stop_is_killed_with_its_children(supervisor, tmp_path):
    code = (
        "import signal, subprocess, sys\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"child = subprocess.Popen([sys.executable, '-c', {WAITS!r}], stdout=subprocess.DEVNULL)\n"
        "print(child.pid, flush=True)\nsignal.pause()"
    )
    supervisor.start(python("worker", code, stop_within_s=0))
    turn_until(supervisor, lambda: bool(supervisor.tail("worker")))
    end = os.pidfd_open(int(supervisor.tail("worker")[0]))
    supervisor.stop()
    assert ended(end)


def ended(pidfd: int) -> bool:
    """Whether the process is gone, or goes in the next moments: a signal takes its time on a busy machine."""
    return bool(select.select([pidfd], [], [], 30)[0])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_when_the_supervisor_is_killed_its_programs_end_too(tmp_path):
    code = (
        "import sys\nfrom pathlib import Path\nfrom console.supervisor import Program, Supervisor\n"
        f"supervisor = Supervisor(log_dir=Path({str(tmp_path)!r}), show=print)\n"
        f"supervisor.start(Program('api', (sys.executable, '-c', {WAITS!r})))\n"
        "while not supervisor.tail('api'): supervisor.turn(timeout=1)\n"
        "print(supervisor._children['api'].process.pid, flush=True)\n"
        "while True: supervisor.turn(timeout=9)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        end = os.pidfd_open(child)
        parent.kill()

    assert ended(end)


def test_a_full_disk_costs_log_lines_and_nothing_else(supervisor, tmp_path):
    (tmp_path / "api.log").symlink_to("/dev/full")
    supervisor.start(python("api", "print('1 hello', flush=True); import signal; signal.pause()"))
    turn_until(supervisor, lambda: supervisor.tail("api") == ["1 hello"])
