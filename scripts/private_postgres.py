"""A PostgreSQL server of our own for tests: in a folder of its own, on a socket only we can open, gone when it ends.

    private_postgres.py COMMAND [WORD …]    runs a command with a fresh server, and with the variables that name it

Needs PostgreSQL's server programs (Debian, Ubuntu: apt install postgresql). The server refuses to run as root: started
by root it runs as ``postgres``. No other user of this machine can reach the socket, so it asks for no password.
"""

import contextlib
import ctypes
import glob
import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOW_TO_INSTALL = "PostgreSQL's server is not installed (Debian, Ubuntu: sudo apt-get install postgresql)."
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/pgsql/bin")
STARTS_WITHIN_S = ENDS_WITHIN_S = 60
USER = "pupitre"
# What it has answered survives its being killed; a power loss need not be survived in a test.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "autovacuum_naptime": "10min",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
}


def programs() -> Path | None:
    """The folder with ``initdb`` and ``postgres``, the newest of them; None when there is none."""
    found = sorted((Path(place) for pattern in PLACES for place in glob.glob(pattern)), key=_version)
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    whole = [place for place in found if all((place / name).exists() for name in ("initdb", "postgres"))]
    return whole[-1] if whole else None


def _version(place: Path) -> list[int]:
    return [int(part) for part in place.parent.name.split("-")[-1].split(".") if part.isdigit()]


class Cluster:
    """A server with one superuser and one empty database, both ``pupitre``. As a context manager it lives as long.

    ``stop`` and ``kill`` keep the data, ``start`` after either brings the same data back; ``remove`` forgets all.
    """

    def __init__(self, **settings: str) -> None:
        place = programs()
        if place is None:
            raise SystemExit(HOW_TO_INSTALL)
        self._programs, self._settings = place, SETTINGS | settings
        self._user = _server_user()
        self.folder = Path(tempfile.mkdtemp(prefix="pupitre-pg-", dir="/tmp"))  # short: a socket's path must fit
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Cluster":
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def environment(self, *, name: str = USER) -> dict[str, str]:
        """The variables with which the product uses this server."""
        return {
            "PUPITRE_DATABASE": "postgresql",
            "PUPITRE_DATABASE_HOST": str(self.folder),
            "PUPITRE_DATABASE_USER": USER,
            "PUPITRE_DATABASE_NAME": name,
        }

    def start(self) -> None:
        """Returns when it answers; ``SystemExit`` with its log's end when it does not."""
        data = self.folder / "data"
        if not data.exists():
            self._make(data)
        options = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                (self._programs / "postgres", "-D", data, "-k", self.folder, *options),
                **self._identity(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        until = time.monotonic() + STARTS_WITHIN_S
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"PostgreSQL did not start:\n{self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def _make(self, data: Path) -> None:
        command = (self._programs / "initdb", "-D", data, "--username", USER, "--auth", "trust", "--no-sync")
        run = {"capture_output": True, "text": True, "cwd": "/", **self._identity()}
        done = subprocess.run((*command, "--encoding", "UTF8", "--locale", "C.UTF-8"), **run)
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        single = (self._programs / "postgres", "--single", "-j", "-D", data, "postgres")
        subprocess.run(single, input=f'CREATE DATABASE "{USER}"', check=True, **run)

    def _identity(self) -> dict[str, object]:
        """Whom its processes run as."""
        if self._user is None:
            return {}
        group = pwd.getpwnam(self._user).pw_gid
        return {"user": self._user, "group": group, "extra_groups": []}

    def answers(self) -> bool:
        """Whether it takes connections now."""
        probe = (self._programs / "pg_isready", "-q", "-h", self.folder, "-U", USER)
        return subprocess.run(probe, capture_output=True).returncode == 0

    def stop(self) -> None:
        """As an administrator would: connections are cut, everything is written."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(ENDS_WITHIN_S)

    def kill(self) -> None:
        """kill -9 of every process of it at once, as a crash would; returns when they are gone."""
        assert self.process
        self._freeze()
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ends = [os.pidfd_open(int(child)) for child in children if Path(f"/proc/{child}").exists()]
        self.process.kill()
        for end in ends:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(end, signal.SIGKILL)
        for end in ends:
            select.select([end], [], [], ENDS_WITHIN_S)
            os.close(end)
        self.process.wait()

    def _freeze(self) -> None:
        """So that it does not make another child behind our back, which would outlive it and hold its memory."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)
        while Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] not in "TZX":
            time.sleep(0.001)

    def remove(self) -> None:
        """It and everything in it are gone."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)  # at once: nothing of it is wanted any more
            self.process.wait(ENDS_WITHIN_S)
        shutil.rmtree(self.folder, ignore_errors=True)


def _server_user() -> str | None:
    """The user that the server runs as where we are root; None for ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise SystemExit("PostgreSQL does not run as root, and there is no user postgres.")


def _end_with_parent() -> None:
    """So that nothing outlives a test run that was killed (Linux)."""
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def main(command: list[str]) -> None:
    if not command:
        sys.exit(__doc__)
    with Cluster() as cluster:
        status = subprocess.run(command, env=os.environ | cluster.environment()).returncode
    sys.exit(status)


if __name__ == "__main__":
    main(sys.argv[1:])
