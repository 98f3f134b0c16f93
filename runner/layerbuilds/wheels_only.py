"""Runs pip in an interpreter that may start no program: what a package would run to build itself cannot begin.

``python -I wheels_only.py <folder of pip> <arguments of pip …>``. Imports nothing of ours; any Python from 3.9 on.
"""

import os
import runpy
import sys

_STARTS = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "pty.spawn",
)


def forbid(event: str, arguments: object) -> None:
    if event in _STARTS:
        raise PermissionError("pupitre: starting a program is not allowed while installing")


if __name__ == "__main__":
    sys.addaudithook(forbid)
    pip = sys.argv.pop(1)
    sys.argv[0] = os.path.join(pip, "__pip-runner__.py")
    runpy.run_path(sys.argv[0], run_name="__main__")
