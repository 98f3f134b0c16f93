"""Failpoints: places where a fault test lets the process die, as a power cut or ``kill -9`` would.

``settings.FAIL_AT`` names a file. While it says ``name:nth:times``, a process ends without any clean-up at its nth pass
of the named point, and whoever is started in its place does the same, until that has happened so many times.
"""

import itertools
import os
from collections import defaultdict
from pathlib import Path

from django.conf import settings

_passes: "defaultdict[str, itertools.count[int]]" = defaultdict(lambda: itertools.count(1))
EXIT_STATUS = 86


def reach(name: str) -> None:
    """Pass the failpoint ``name``; costs one comparison unless a fault test asked for it."""
    if settings.FAIL_AT:
        _reach(name, Path(settings.FAIL_AT))


def _reach(name: str, file: Path) -> None:
    try:
        point, nth, times = file.read_text().split(":")
    except (OSError, ValueError):
        return
    if point != name or int(times) < 1 or next(_passes[name]) < int(nth):
        return
    file.write_text(f"{point}:{nth}:{int(times) - 1}")
    os._exit(EXIT_STATUS)
