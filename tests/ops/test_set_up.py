"""Set-up: what it needs and does not find, it names in one line."""

import shutil
import subprocess
import sys
from glob import glob
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A checkout's scripts on a machine that has a shell and nothing else on its path."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "dirname"):
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    return tmp_path


def set_up(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(folder / "bin"), "HOME": str(folder)}
    command = (str(folder / "bin" / "sh"), str(folder / "scripts" / "setup.sh"), "up")
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.mark.skipif(
    bool(glob("/usr/bin/python3.1[2-4]") + glob("/usr/local/bin/python3.1[2-4]")),
    reason="a Python lies where it is found",
)
def test_without_a_python_it_says_what_is_wanted_and_how_to_get_it(bare):
    done = set_up(bare)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Pupitre needs Python 3.12 or newer")
    assert "uv python install 3.13" in done.stderr


def test_a_python_that_a_version_manager_installed_is_found(bare):
    place = bare / ".pyenv" / "versions" / "3.13.9" / "bin"
    place.mkdir(parents=True)
    (place / "python3").write_text(f'#!/bin/sh\n[ "$1" = -c ] && exec {sys.executable} "$@"\necho found "$@"\n')
    (place / "python3").chmod(0o755)
    assert set_up(bare).stdout == "found scripts/setup.py up\n"
