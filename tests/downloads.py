"""What a test needs from a package registry, fetched once and kept under ``var``, however many processes ask at once."""

import fcntl
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.live import ROOT


def fetched_once(name: str, fetch: Callable[[Path], None]) -> Path:
    """The folder ``name``, whole: whoever comes first fills a folder aside and moves it into place; the others wait.

    What ``fetch`` raises is passed on, and leaves nothing behind.
    """
    downloads = ROOT / "var" / "test-downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    place = downloads / name
    with open(downloads / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.is_dir():
            aside = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=downloads))
            try:
                fetch(aside)
                aside.rename(place)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    return place
