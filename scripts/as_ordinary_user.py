"""Run the tests of this installation as a user who may nothing: what root started cannot tell whether root is needed.

    as_ordinary_user.py [WORD …]    arguments for pytest; by default every attack, on bubblewrap

Needs root, to become somebody else. Folders above the interpreter and this installation that only root may enter (an
interpreter in root's own home) are opened in a private view of the file system, for these processes alone.
"""

import ctypes
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOBODY = 65534
ATTACKS = ("tests/runner/test_attack_network.py", "tests/runner/test_attack_protocol.py",
           "tests/runner/test_attack_resources.py", "tests/runner/test_attack_walls.py")  # fmt: skip
_CLONE_NEWNS = 0x20000


def main(words: list[str]) -> int:
    """pytest's exit code."""
    if os.geteuid() != 0:
        sys.exit("Only root can become an ordinary user: as one, run pytest itself.")
    have_a_view_of_ones_own()
    for place in (Path(sys.base_prefix), Path(sys.prefix).resolve(), ROOT):
        open_the_way_to(place)
    with tempfile.TemporaryDirectory(prefix="pupitre-user-") as home:
        os.chown(home, NOBODY, NOBODY)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PUPITRE_")}
        environment |= {
            "HOME": home,
            "TMPDIR": home,
            "PUPITRE_DATA_DIR": f"{home}/data",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = (sys.executable, "-m", "pytest", "-c", "pyproject.toml", "-p", "no:cacheprovider", "-q")
        who = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        asked = words or [*ATTACKS, "-k", "bubblewrap"]
        return subprocess.run((*command, *asked), cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, **who).returncode


def have_a_view_of_ones_own() -> None:
    """What is mounted from now on is mounted for this process and its children."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS):
        sys.exit(f"There is no private view of the file system to be had here: {os.strerror(ctypes.get_errno())}")
    mount("--make-rprivate", "/")


def open_the_way_to(place: Path) -> None:
    """Where a folder above it is closed to others, an empty one stands instead, with nothing in it but the way."""
    for closed in reversed(place.parents):
        if closed.stat().st_mode & 0o005 == 0o005:
            continue
        with tempfile.TemporaryDirectory(prefix="pupitre-way-") as aside:
            mount("--bind", str(place), aside)
            mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(closed))
            place.mkdir(parents=True)
            mount("--move", aside, str(place))
        return


def mount(*words: str) -> None:
    subprocess.run(("mount", *words), check=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
