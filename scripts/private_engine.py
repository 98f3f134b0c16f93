"""A container engine of our own for tests: Debian's dockerd, with its own folders, for a machine that runs none.

    private_engine.py start     starts it, and prints the variables that tests and scripts find it by
    private_engine.py stop      ends it and every container in it; images stay for the next time

Needs root and the program dockerd (Debian, Ubuntu: apt install docker.io). Where another engine runs it refuses: two
engines on one host take each other's networks apart.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(os.environ.get("PUPITRE_PRIVATE_ENGINE", "/var/tmp/pupitre-engine"))
SOCKET, PID = FOLDER / "docker.sock", FOLDER / "dockerd.pid"
STARTS_WITHIN_S = ENDS_WITHIN_S = 60
SBIN = "/usr/local/sbin:/usr/sbin:/sbin"


def main() -> None:
    match sys.argv[1:]:
        case ["start"]:
            if not running():
                start()
            print(f"export PUPITRE_ENGINE_URL=unix://{SOCKET} DOCKER_HOST=unix://{SOCKET}")
        case ["stop"]:
            stop()
        case _:
            sys.exit(__doc__)


def running() -> int:
    """The process id of our engine, or 0."""
    try:
        number = int(PID.read_text())
        os.kill(number, 0)
    except (OSError, ValueError):
        return 0
    return number


def start() -> None:
    path = f"{os.environ.get('PATH', '')}:{SBIN}"
    program = shutil.which("dockerd", path=path)
    if program is None:
        sys.exit("dockerd is not installed (Debian, Ubuntu: apt install docker.io).")
    if os.geteuid() != 0:
        sys.exit("Only root can start a container engine.")
    if others := subprocess.run(("pgrep", "-x", "dockerd"), capture_output=True, text=True).stdout.split():
        sys.exit(f"Another container engine runs here (process {', '.join(others)}): use that one.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    folders = ("--data-root", FOLDER / "data", "--exec-root", FOLDER / "exec", "--pidfile", PID)
    with (FOLDER / "log").open("w") as log:
        process = subprocess.Popen(
            (program, *folders, "--host", f"unix://{SOCKET}", "--log-level", "warn"),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "PATH": path},
        )
    until = time.monotonic() + STARTS_WITHIN_S
    while not answers():
        if process.poll() is not None or time.monotonic() > until:
            sys.exit(f"dockerd did not start: see {FOLDER / 'log'}")
        time.sleep(0.2)


def answers() -> bool:
    """Whether the engine is ready."""
    client = ("docker", "--host", f"unix://{SOCKET}", "version")
    return subprocess.run(client, capture_output=True).returncode == 0


def stop() -> None:
    number = running()
    if not number:
        return
    client = ("docker", "--host", f"unix://{SOCKET}")
    containers = subprocess.run((*client, "ps", "-aq"), capture_output=True, text=True).stdout.split()
    if containers:
        subprocess.run((*client, "rm", "-f", *containers), capture_output=True)
    os.kill(number, signal.SIGTERM)
    until = time.monotonic() + ENDS_WITHIN_S
    while running():
        if time.monotonic() > until:
            sys.exit("dockerd does not end")
        time.sleep(0.2)


if __name__ == "__main__":
    main()
