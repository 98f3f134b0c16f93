"""Install what a function finds beside it (boto3) into ``TOOLS_DIR``: ``python``, and ``python3.9`` for that one.

All of it is pure Python, so one folder serves every version that its releases still support. Each is made aside and
moved into place: a sandbox that starts meanwhile sees the old one or the new one, never half of one.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = Path(os.environ.get("PUPITRE_TOOLS_DIR", ROOT / "var" / "tools"))
FOLDERS = {"python": ("functions", "3.12"), "python3.9": ("functions39", "3.9")}  # folder: (lock, for which Python)


def main() -> None:
    TOOLS.mkdir(parents=True, exist_ok=True)
    for folder, (lock, version) in FOLDERS.items():
        build(TOOLS / folder, lock=ROOT / "requirements" / f"{lock}.lock", version=version)


def build(place: Path, *, lock: Path, version: str) -> None:
    made, old = place.with_name(f"{place.name}.new"), place.with_name(f"{place.name}.old")
    for leftover in (made, old):
        shutil.rmtree(leftover, ignore_errors=True)
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes")
    target = ("--no-deps", "--no-compile", "--only-binary=:all:", "--python-version", version, "--target", made)
    subprocess.run((*pip, *target, "-r", lock), check=True, stdin=subprocess.DEVNULL)
    if place.exists():
        place.rename(old)
    made.rename(place)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    main()
