"""Failpoints: places where a fault test lets the process die, as a power cut or ``kill -9`` would.

``settings.FAIL_AT = "name:nth"`` ends the process, without any clean-up, at the nth pass of the named point.
"""

import itertools
import os
from collections import defaultdict

from django.conf import settings

_passes: "defaultdict[str, itertools.count[int]]" = defaultdict(lambda: itertools.count(1))
EXIT_STATUS = 86


def reach(name: str) -> None:
    """Pass the failpoint ``name``; costs one comparison unless a fault test asked for it."""
    if not (wanted := settings.FAIL_AT):
        return
    point, _, nth = wanted.partition(":")
    if point == name and next(_passes[name]) == int(nth or 1):
        os._exit(EXIT_STATUS)
