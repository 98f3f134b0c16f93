"""Install what a function finds beside it (boto3) into ``TOOLS_DIR/python``, from requirements/functions.lock.

One folder serves every Python: what the lock names is pure Python. It is made aside and moved into place, so that
a sandbox sees the old one or the new one, never half of one.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = Path(os.environ.get("PUPITRE_TOOLS_DIR", ROOT / "var" / "tools"))
LOCK = ROOT / "requirements" / "functions.lock"


def main() -> None:
    TOOLS.mkdir(parents=True, exist_ok=True)
    made, place, old = TOOLS / "python.new", TOOLS / "python", TOOLS / "python.old"
    for leftover in (made, old):
        shutil.rmtree(leftover, ignore_errors=True)
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    subprocess.run(
        (*pip, "--require-hashes", "--no-deps", "--no-compile", "--target", made, "-r", LOCK),
        check=True,
        stdin=subprocess.DEVNULL,
    )
    if place.exists():
        place.rename(old)
    made.rename(place)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    main()
