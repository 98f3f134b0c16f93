"""Build the console's scripts and styles from frontend/, at the versions that its lock file pins.

``--check`` builds them aside and fails where they differ from what is committed.
"""

import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRONTEND, CONSOLE = ROOT / "frontend", ROOT / "console"
BUILT = ("static/console", "icons.json", "editor.json")


def main() -> None:
    if not shutil.which("npm"):
        raise SystemExit("There is no npm. To install it: sudo apt-get install nodejs npm")
    npm("ci", "--no-audit", "--no-fund", "--ignore-scripts")
    if sys.argv[1:] != ["--check"]:
        npm("run", "build")
        return
    with tempfile.TemporaryDirectory() as aside:
        npm("run", "build", ASSETS_OUT=aside)
        if different := differences(Path(aside)):
            raise SystemExit("Not what frontend/ builds, so run make assets: " + ", ".join(different))


def npm(*words: str, **variables: str) -> None:
    command = ("npm", "--prefix", str(FRONTEND), *words)
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def differences(built: Path) -> list[str]:
    """Every file that is not the same in both places, or in one of them only."""
    names = {
        str(file.relative_to(place))
        for place in (built, CONSOLE)
        for part in BUILT
        for file in (place / part, *(place / part).rglob("*"))
        if file.is_file()
    }
    _same, other, missing = filecmp.cmpfiles(built, CONSOLE, sorted(names), shallow=False)
    return [*other, *missing]


if __name__ == "__main__":
    main()
