"""Install what a function finds beside it into ``TOOLS_DIR``: the AWS SDKs, as on AWS.

``python`` (and ``python3.9``, for that one) hold boto3: pure Python, so one folder serves every version that its
releases still support, with byte code for each interpreter found here, because sandboxes cannot write theirs.
``node`` holds the clients of the SDK for JavaScript, when npm is there. Each folder is made aside and moved into place:
a sandbox that starts meanwhile sees the old one or the new one, never half of one.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = Path(os.environ.get("PUPITRE_TOOLS_DIR", ROOT / "var" / "tools"))
FOLDERS = {"python": ("functions", "3.12"), "python3.9": ("functions39", "3.9")}  # folder: (lock, for which Python)
NODE_LOCK = ROOT / "requirements" / "node"


def main() -> None:
    TOOLS.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        node = threads.submit(build, TOOLS / "node", install_node)  # takes longest
        pythons = [
            threads.submit(build, TOOLS / folder, partial(install_python, lock=lock, version=version))
            for folder, (lock, version) in FOLDERS.items()
        ]
        for python in pythons:
            python.result()
        compile_python(threads)
        try:
            node.result()
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"Node.js functions will not find the AWS SDK: {error}", file=sys.stderr)


def build(place: Path, install: Callable[[Path], None]) -> None:
    made, old = place.with_name(f"{place.name}.new"), place.with_name(f"{place.name}.old")
    for leftover in (made, old):
        shutil.rmtree(leftover, ignore_errors=True)
    install(made)
    if place.exists():
        place.rename(old)
    made.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def install_python(made: Path, lock: str, version: str) -> None:
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes")
    target = ("--no-deps", "--no-compile", "--only-binary=:all:", "--python-version", version, "--target", made)
    requirements = ROOT / "requirements" / f"{lock}.lock"
    subprocess.run((*pip, *target, "-r", requirements), check=True, stdin=subprocess.DEVNULL)


def compile_python(threads: ThreadPoolExecutor) -> None:
    """Byte code for every interpreter that functions may run on; the checked hash, not the time, says it is current."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    sys.path.insert(0, str(ROOT))
    from runner.runtimes.discovery import interpreters

    compiled = []
    for interpreter in interpreters():
        if interpreter.family == "python":
            folder = TOOLS / ("python" if interpreter.version >= (3, 10) else "python3.9")
            options = ("-q", "--invalidation-mode", "unchecked-hash")
            command = (interpreter.executable, "-m", "compileall", *options, folder)
            # What a release ships for other versions of Python may not compile on this one: no harm.
            compiled.append(threads.submit(subprocess.run, command, env={}, capture_output=True))
    for one in compiled:
        one.result()


def install_node(made: Path) -> None:
    made.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(NODE_LOCK / name, made / name)
    npm = ("npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    subprocess.run(npm, cwd=made, check=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
