"""Finding interpreters: look in the usual places, run what is there, keep what answers."""

import functools
import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

PYTHON_MIN, NODE_MIN = (3, 9), (18, 0)
NAMES = re.compile(r"python3(\.\d+)?|node")
PROBES = {
    "python": "import sys,json,os;print(json.dumps([list(sys.version_info[:2]),os.path.realpath(sys.executable),"
    "sys.base_prefix,sys.implementation.name]))",
    "node": "console.log(JSON.stringify([process.versions.node.split('.').slice(0,2).map(Number),"
    "require('fs').realpathSync(process.execPath),'','node']))",
}
PROBE_S = 10


@dataclass(frozen=True, slots=True)
class Interpreter:
    """One interpreter on this host that was run and answered.

    ``family``      ``python`` or ``node``; ``provided`` where a function brings its own runtime, with this beside it
    ``version``     major and minor, e.g. ``(3, 13)``; node's minor is kept but never compared
    ``executable``  the real file, e.g. ``…/versions/3.13.0/bin/python3.13``
    ``prefix``      the installation it belongs to, e.g. ``…/versions/3.13.0``, or ``/usr`` for the system's own
    """

    family: str
    version: tuple[int, int]
    executable: Path
    prefix: Path

    @property
    def label(self) -> str:
        """As a person writes it: ``Python 3.13``, ``Node.js 22``."""
        if self.family == "provided":
            return "custom runtimes"
        if self.family == "node":
            return f"Node.js {self.version[0]}"
        return f"Python {self.version[0]}.{self.version[1]}"

    @property
    def is_system(self) -> bool:
        """Whether it lives under ``/usr``, which every sandbox has."""
        return self.prefix.is_relative_to("/usr")


def interpreters() -> tuple[Interpreter, ...]:
    """Every usable interpreter, one of each version, newest first within a family: this host's own, or, with the
    Docker driver, those in images.
    """
    if settings.SANDBOX_DRIVER == "docker":
        from runner.sandboxes import images  # knows Interpreter, so it cannot come first

        return images.interpreters()
    return _of_this_host()


@functools.cache
def _of_this_host() -> tuple[Interpreter, ...]:
    """Remembered in ``DATA_DIR/interpreters.json`` for as long as the executables there are the same files."""
    cache = Path(settings.DATA_DIR) / "interpreters.json"
    candidates = _candidates(settings.RUNTIME_PATHS)
    known = _read_cache(cache)
    found: dict[tuple[str, tuple[int, int]], Interpreter] = {}
    answers: dict[str, list[object] | None] = {}
    for path in candidates:
        key = _fingerprint(path)
        answers[key] = known[key] if key in known else _probe(path)
        interpreter = _interpreter(path, answers[key])
        if interpreter:
            found.setdefault((interpreter.family, interpreter.version), interpreter)
    _write_cache(cache, answers)
    return tuple(sorted(found.values(), key=lambda item: (item.family, item.version), reverse=True))


def _candidates(directories: Iterable[str]) -> Iterator[Path]:
    """Executables with an interpreter's name, each real file once, in the order of the directories.

    A script of that name is none: version managers put one before each interpreter that they have, and may take
    a second to say that there is none.
    """
    seen: set[Path] = set()
    for pattern in directories:
        for directory in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True):
            for path in sorted(directory.iterdir()) if directory.is_dir() else ():
                if NAMES.fullmatch(path.name) and (real := path.resolve()) not in seen and real.is_file():
                    seen.add(real)
                    if not _is_script(real):
                        yield real


def _is_script(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False  # may be run, though not read


def _fingerprint(path: Path) -> str:
    stat = path.stat()
    return f"{path}:{stat.st_size}:{stat.st_mtime_ns}"


def _probe(path: Path) -> list[object] | None:
    """Run the interpreter and have it say what it is; None when it does not."""
    family = "node" if path.name.startswith("node") else "python"
    options = ["-I", "-c"] if family == "python" else ["-e"]
    try:
        run = subprocess.run(
            [str(path), *options, PROBES[family]], env={}, capture_output=True, timeout=PROBE_S, check=True
        )
        answer: list[object] = json.loads(run.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return [family, *answer]


def _interpreter(path: Path, answer: list[object] | None) -> Interpreter | None:
    match answer:
        case [str(family), [int(major), int(minor)], str(), str(prefix), str(implementation)]:
            version = (major, minor)
        case _:
            return None
    if implementation not in ("cpython", "node") or version < (PYTHON_MIN if family == "python" else NODE_MIN):
        return None
    home = Path(prefix).resolve() if prefix else path.parent.parent
    if not path.is_relative_to(home):
        return None
    return Interpreter(family, version, path, home)


def _read_cache(cache: Path) -> dict[str, list[object] | None]:
    try:
        known = json.loads(cache.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write_cache(cache: Path, answers: dict[str, list[object] | None]) -> None:
    text = json.dumps(answers, indent=1)
    try:
        if not cache.exists() or cache.read_text() != text:
            cache.write_text(text)
    except OSError:
        return  # probed again next time
