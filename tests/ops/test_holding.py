"""Two instances never share a data folder, nor does one begin while programs of the one before still end."""

import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from console import holding
from console.holding import Hold


@pytest.fixture
def said() -> list[str]:
    return []


def program_of(hold: Hold) -> subprocess.Popen[bytes]:
    """What an instance starts; it lives until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, pass_fds=(hold.programs,)
    )


def hold(folder: Path, said: list[str], *, patience_s: float = 60) -> Hold:
    return Hold(folder, show=said.append, patience_s=patience_s)


def test_a_second_instance_is_told_of_the_first(tmp_path, said):
    with hold(tmp_path, said), pytest.raises(CommandError, match="already runs"), hold(tmp_path, said):
        pass


def test_an_instance_waits_for_the_programs_of_the_one_before(tmp_path, said):
    with hold(tmp_path, said) as first:
        left = program_of(first)
    threading.Timer(0.2, left.stdin.close).start()
    with hold(tmp_path, said):
        assert left.wait(60) == 0
    assert said == ["Waiting for what ran here before to end …"]


def test_a_program_that_does_not_end_is_killed(tmp_path, said):
    with hold(tmp_path, said) as first:
        left = program_of(first)
    with left, hold(tmp_path, said, patience_s=0):
        assert left.wait(60) == -signal.SIGKILL


def test_what_cannot_be_killed_is_named(tmp_path, said, monkeypatch):
    monkeypatch.setattr(holding, "DIES_WITHIN_S", 0)
    monkeypatch.setattr(
        holding.signal, "SIGKILL", signal.SIGCONT
    )  # to whom SIGKILL is nothing, as in the kernel's depths
    with hold(tmp_path, said) as first:
        left = program_of(first)
    with (
        left,
        pytest.raises(CommandError, match=re.escape(f"(kill -9 {left.pid}) and try again")),
        hold(tmp_path, said, patience_s=0),
    ):
        pass


def test_after_an_end_in_order_nothing_is_waited_for(tmp_path, said):
    for _ in range(2):
        with hold(tmp_path, said):
            pass
    assert said == []
