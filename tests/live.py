"""The whole product, started as a person starts it, for tests that look at it from outside.

``Live`` runs ``manage.py up`` on free ports and an empty data folder and reads what it prints, as a person would.
"""

import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

import boto3
from botocore.config import Config

from tests import prepared
from tests.prepared import OwnDatabase

ROOT = Path(__file__).resolve().parent.parent
STARTS_WITHIN_S = 300
STOPS_WITHIN_S = 60
_PRINTED = {
    "sign_in_link": re.compile(r"Console\s+(http\S+)"),
    "endpoint": re.compile(r"export AWS_ENDPOINT_URL=(\S+)"),
    "access_key_id": re.compile(r"export AWS_ACCESS_KEY_ID=(\S+)"),
    "secret_access_key": re.compile(r"export AWS_SECRET_ACCESS_KEY=(\S+)"),
    "region": re.compile(r"export AWS_DEFAULT_REGION=(\S+)"),
}


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end_with_parent() -> None:
    """So that nothing outlives a test run that was killed (Linux only)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _read(output: IO[str] | None, said: list[str], printed: threading.Event) -> None:
    """Take what ``up`` writes for as long as it writes, so that it never waits for a reader.

    One that was killed leaves programs, which end a moment later: what is read of them is not of the next start.
    """
    assert output is not None
    for line in output:
        said.append(line)
        if "Ctrl-C" in line:
            printed.set()
    printed.set()


def eventually[T](
    read: Callable[[], T], holds: Callable[[T], bool], *, within_s: float = 120, every_s: float = 0.05
) -> T:
    """What ``read`` gives as soon as it ``holds``: for what another process does in its own time."""
    deadline = time.monotonic() + within_s
    while not holds(value := read()):
        assert time.monotonic() < deadline, f"It never came to that; the last seen was {value!r}"
        time.sleep(every_s)
    return value


@dataclass
class Printed:
    """What ``up`` told whoever started it."""

    sign_in_link: str
    endpoint: str
    access_key_id: str
    secret_access_key: str
    region: str


class Reachable:
    """A product that clients reach with ``endpoint``, ``access_key_id``, ``secret_access_key`` and ``region``."""

    endpoint: str
    access_key_id: str
    secret_access_key: str
    region: str

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client with the owner's keys. It does not retry: a test wants the first answer."""
        config = Config(retries={"total_max_attempts": 1}, read_timeout=120).merge(options.pop("config", Config()))
        settings = {
            "region_name": self.region,
            "endpoint_url": self.endpoint,
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
        }
        return boto3.client(service, config=config, **(settings | options))

    def client_environment(self) -> dict[str, str]:
        """The block that ``up`` prints, pasted into a clean shell: for ``aws``, ``node``, ``terraform``."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return kept | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
        }


class Live(Reachable):
    """A running product. ``start`` and ``stop`` may be called again and again: the data stays.

    On the database of this run, unless ``settings`` name another. It begins with what ``prepared`` has made for it,
    or ``from_nothing``, as on a machine where it never ran.
    """

    def __init__(self, *, from_nothing: bool = False, **settings: str) -> None:
        self._from_nothing, self._has_data = from_nothing, False
        self.data_dir = Path(tempfile.mkdtemp(prefix="pupitre-live-"))  # short: a socket's path must fit
        self.console_port, self.api_port = free_port(), free_port()
        self.process: subprocess.Popen[str] | None = None
        self.printed = Printed("", "", "", "", "")
        self._said: list[str] = []
        self._printed = threading.Event()
        self._database = None if "DATABASE" in settings else OwnDatabase(empty=from_nothing)
        foreign = ("AWS_", "PUPITRE_", "DJANGO_", "PYTEST_")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | {
            "PUPITRE_DATA_DIR": str(self.data_dir),
            "PUPITRE_TOOLS_DIR": os.environ.get("PUPITRE_TOOLS_DIR", str(ROOT / "var" / "tools")),
            "PUPITRE_CONSOLE_PORT": str(self.console_port),
            "PUPITRE_API_PORT": str(self.api_port),
            **(self._database.environment if self._database else {}),
            **{f"PUPITRE_{name}": value for name, value in settings.items()},
        }

    def _prepare(self) -> None:
        """What a first start would make before anything runs."""
        if self._has_data or self._from_nothing:
            return
        prepared.copy_to(self.data_dir, tables=self.environment.get("PUPITRE_DATABASE") != "postgresql")
        self._has_data = True

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()
        self.remove()

    def remove(self) -> None:
        """Its data is gone."""
        shutil.rmtree(self.data_dir, ignore_errors=True)
        if self._database:
            self._database.remove()

    # -- its life ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Returns when ``up`` has printed how to use it; raises with everything it said if it does not."""
        self._prepare()
        self._said, self._printed = [], threading.Event()
        self.process = subprocess.Popen(
            self.command("up"),
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=end_with_parent,
        )
        reads = (self.process.stdout, self._said, self._printed)
        self._reader = threading.Thread(target=_read, args=reads, daemon=True)
        self._reader.start()
        self._printed.wait(STARTS_WITHIN_S)
        found = {name: pattern.search(self.said) for name, pattern in _PRINTED.items()}
        if not all(found.values()):
            self.process.kill()
            raise AssertionError(f"The product did not start. It said:\n{self.said}\n{self.logs()}")
        self.printed = Printed(**{name: match[1] for name, match in found.items() if match})

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end and wait for that; its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        try:
            self.process.wait(timeout=STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join()
        return self.process.returncode

    def start_afresh(self) -> None:
        """Begin again with nothing in it, whatever state it is in."""
        if self.process and self.process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                self.stop()
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.remove()
        self.data_dir.mkdir(mode=0o700, exist_ok=True)  # the place of a mount stays
        if self._database:
            self._database = OwnDatabase(empty=self._from_nothing)
            self.environment |= self._database.environment
        self._has_data = False
        self.start()

    def command(self, *words: str) -> tuple[str, ...]:
        """A management command of this instance, to be run with ``environment``."""
        return (sys.executable, "manage.py", *words)

    def manage(self, *words: str) -> str:
        """Run a management command beside the running product; what it printed."""
        done = subprocess.run(self.command(*words), cwd=ROOT, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def processes(self) -> dict[int, str]:
        """Every living process that was started for this data folder: id and command line.

        Redis writes over its own environment, and names its socket instead.
        """
        found = {}
        place = str(self.data_dir).encode()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes()
                if place in command or b"PUPITRE_DATA_DIR=" + place in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = command.replace(b"\0", b" ").decode()
            except OSError:
                continue
        return found

    def process_with(self, word: str) -> int:
        """The process with this word in its command line, as soon as there is one."""
        found = eventually(
            lambda: [pid for pid, command in self.processes().items() if word in command], bool, every_s=0.1
        )
        return found[0]

    @property
    def said(self) -> str:
        """All that ``up`` has written to its terminal since it was started last."""
        return "".join(self._said)

    # -- how to use it -----------------------------------------------------------------------------

    @property
    def console(self) -> str:
        return f"http://127.0.0.1:{self.console_port}"

    @property
    def endpoint(self) -> str:
        return self.printed.endpoint

    @property
    def access_key_id(self) -> str:
        return self.printed.access_key_id

    @property
    def secret_access_key(self) -> str:
        return self.printed.secret_access_key

    @property
    def region(self) -> str:
        return self.printed.region

    def sign_in_link(self) -> str:
        """A new link, good for one sign-in."""
        return self.manage("sign_in_link").splitlines()[-1]

    def logs(self) -> str:
        """The end of every process's log, for a failing test's report."""
        return "\n".join(
            f"--- {file.name}\n" + "\n".join(file.read_text(errors="replace").splitlines()[-15:])
            for file in sorted((self.data_dir / "log").glob("*.log"))
        )
