"""pip, held: wheels only, no program may start, little memory, little time, little disk, and a sandbox where there is one.

A wheel is unpacked and nothing in it runs. What pip itself reads from strangers (metadata, archives) it reads in a
process that sees its own folder, the interpreter and the index, and none of the server's data.
"""

import ast
import functools
import importlib.util
import os
import platform
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from core import clock, limits
from runner.runtimes import Interpreter
from runner.sandboxes.bubblewrap import BWRAP

SECONDS, MEMORY_MB, FILE_MB = 240, 2_048, 300
DISK_BYTES = limits.PACKAGE_UNZIPPED_SIZE + 300 * limits.MIB  # what is unpacked, and the wheels while they are there
LOG_CHARACTERS = 20_000
_LOOK_S = 0.5
_RUN = Path(__file__).parent / "wheels_only.py"
_OPTIONS = (
    *("--only-binary=:all:", "--no-compile", "--no-cache-dir", "--no-input", "--no-color", "--progress-bar=off"),
    *("--disable-pip-version-check", "--no-warn-script-location", "--no-warn-conflicts", "--root-user-action=ignore"),
)
_KEPT = (
    "index-url",
    "extra-index-url",
    "find-links",
    "trusted-host",
    "cert",
    "client-cert",
    "proxy",
    "timeout",
    "no-index",
)


@dataclass(frozen=True, slots=True)
class Installed:
    """How it ended. ``text`` is pip's own, its end when it is long; ``stopped`` is "time", "size" or empty."""

    ok: bool
    text: str
    stopped: str = ""


def install(*, packages: Sequence[str], interpreter: Interpreter, into: Path, said: Callable[[str], None]) -> Installed:
    """Install ``packages`` for ``interpreter`` into the empty folder ``into``. ``said`` hears the text so far, often."""
    into.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [*_held(interpreter, into), *_bounded(), *_pip(interpreter), "--target", str(into / "python"), *packages],
        env=_environment(into),
        cwd=into,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    text = _Text()
    reader = threading.Thread(target=text.read, args=[process.stdout], daemon=True)
    reader.start()
    stopped = _watch(process, into, lambda: said(text.now()))
    reader.join(timeout=5)
    return Installed(process.returncode == 0 and not stopped, text.now(), stopped)


def _watch(process: "subprocess.Popen[bytes]", into: Path, look: Callable[[], None]) -> str:
    deadline = clock.monotonic() + SECONDS
    stopped = ""
    while not stopped:
        try:
            process.wait(timeout=_LOOK_S)
            return ""
        except subprocess.TimeoutExpired:
            look()
        if clock.monotonic() > deadline:
            stopped = "time"
        elif _size(into) > DISK_BYTES:
            stopped = "size"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return stopped


def _size(folder: Path) -> int:
    """Bytes in a folder that is being written: what vanishes meanwhile counts nothing."""
    total = 0
    for place, _folders, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:
                continue
    return total


class _Text:
    """The end of what a process says, read as it comes."""

    def __init__(self) -> None:
        self._lines = ""

    def read(self, stream: Iterator[bytes]) -> None:
        for line in stream:
            self._lines = (self._lines + line[:2_000].decode(errors="replace"))[-LOG_CHARACTERS:]

    def now(self) -> str:
        return self._lines.replace("\x00", "")


# -- the command -------------------------------------------------------------------------------------


def _pip(interpreter: Interpreter) -> list[str]:
    """pip under the interpreter itself; where that is in an image, pip under our own, asking for its kind of wheels."""
    own = settings.SANDBOX_DRIVER == "docker"
    python = Path(sys.executable) if own else interpreter.executable
    return [
        str(python),
        "-I",
        "-B",
        str(_RUN),
        str(_pip_folder()),
        "install",
        *_OPTIONS,
        *(_foreign(interpreter) if own else ()),
    ]


def _foreign(interpreter: Interpreter) -> Iterator[str]:
    version = f"{interpreter.version[0]}.{interpreter.version[1]}"
    yield from ("--python-version", version, "--implementation", "cp")
    for glibc in ("2_17", "2_28", "2_34"):
        yield from ("--platform", f"manylinux_{glibc}_{platform.machine()}")
    yield from ("--platform", f"manylinux2014_{platform.machine()}")


@functools.cache
def _pip_folder() -> Path:
    found = importlib.util.find_spec("pip")
    assert found is not None and found.origin is not None, "pip is part of every environment that set-up makes"
    return Path(found.origin).parent


def _bounded() -> list[str]:
    """A shell that limits itself and becomes the command: 512-byte blocks and kilobytes are its units."""
    blocks, kilobytes = FILE_MB * limits.MIB // 512, MEMORY_MB * 1024
    return [
        "/bin/sh",
        "-c",
        f'ulimit -f {blocks}; ulimit -c 0; ulimit -v {kilobytes}; ulimit -t {SECONDS}; exec "$@"',
        "sh",
    ]


def _environment(into: Path) -> dict[str, str]:
    kept: dict[str, str] = settings.INSTALLER_ENVIRONMENT
    options = {f"PIP_{name.upper().replace('-', '_')}": value for name, value in configured().items()}
    home = {"HOME": str(into), "TMPDIR": str(into), "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    return {**kept, **options, **home, "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "1"}


@functools.cache
def configured() -> dict[str, str]:
    """Where this server's pip looks for packages, whatever file or variable says so; for the process's life."""
    run = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, timeout=60, check=False
    )
    found: dict[str, str] = {}
    for line in run.stdout.splitlines():
        name, _equals, value = line.partition("=")
        option = name.rpartition(".")[2].replace("default-", "")
        section = name.rpartition(".")[0]
        if option in _KEPT and section in ("global", "install", ":env:"):
            found[option] = " ".join(str(ast.literal_eval(value)).split())
    return found


# -- the sandbox -------------------------------------------------------------------------------------


def _held(interpreter: Interpreter, into: Path) -> list[str]:
    """bubblewrap around it, with the network; nothing where the host has none: then the limits alone hold it."""
    if settings.SANDBOX_DRIVER != "bubblewrap" or not _works():
        return []
    readable = [Path("/usr"), Path("/etc"), interpreter.prefix, _pip_folder(), _RUN, *_local_places()]
    binds = [word for place in readable if place.exists() for word in ("--ro-bind", str(place), str(place))]
    return [*_WALLS, *binds, *_links(), "--bind", str(into), str(into), "--chdir", str(into), "--"]


_WALLS = (
    *(BWRAP, "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup"),
    *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
    *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),
)


@functools.cache
def _works() -> bool:
    if not BWRAP:
        return False
    probe = [*_WALLS, "--ro-bind", "/usr", "/usr", *_links(), "--", "/bin/true"]
    return subprocess.run(probe, capture_output=True, timeout=20, check=False).returncode == 0


def _links() -> list[str]:
    """The top-level links of a merged /usr, or the folders of one that is not."""
    words: list[str] = []
    for name in ("bin", "sbin", "lib", "lib64"):
        path = Path("/") / name
        if path.is_symlink():
            words += ["--symlink", f"usr/{name}", f"/{name}"]
        elif path.is_dir():
            words += ["--ro-bind", str(path), str(path)]
    return words


def _local_places() -> Iterator[Path]:
    """Indexes and certificates that are files of this host, and where a resolver keeps its address."""
    for option in ("index-url", "extra-index-url", "find-links", "cert", "client-cert"):
        for word in configured().get(option, "").split():
            path = word.removeprefix("file://")
            if path.startswith("/"):  # an index lists what lies beside it
                yield Path(path).parent if option.endswith("index-url") else Path(path)
    yield Path("/run/systemd/resolve")
    yield from (
        Path(value) for name, value in settings.INSTALLER_ENVIRONMENT.items() if name.startswith(("SSL", "REQ"))
    )
