"""The walls stand also where the server runs as an ordinary user."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.sandbox
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else; an ordinary user is one already")
def test_the_walls_stand_for_an_ordinary_user_as_well():
    """All attacks: scripts/as_ordinary_user.py without words."""
    words = ("tests/runner/test_attack_walls.py", "-k", "bubblewrap", "-n0")
    command = (sys.executable, ROOT / "scripts" / "as_ordinary_user.py", *words)
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if "no private view of the file system" in done.stderr:
        pytest.skip("a private view of the file system cannot be had here")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
