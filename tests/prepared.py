"""What every product makes at its very first start, made once for a whole run: tables, static files, known interpreters.

A product that begins with a copy of it is there seconds earlier. ``tests/ops/test_up.py`` has one that begins with nothing.
"""

import atexit
import fcntl
import functools
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

from tests import databases

ROOT = Path(__file__).resolve().parent.parent
SHARED = "PUPITRE_TEST_PREPARED"  # a folder for all processes of a run, which whoever started the run removes
STATIC = ("static", "static-stamp", "interpreters.json")
TABLES = "pupitre.sqlite3"
_SET_UP = "import django; django.setup(); "
_COLLECT = _SET_UP + (
    "from console.collected import collect_if_changed; collect_if_changed(); "
    "from runner.runtimes import interpreters; interpreters()"
)
_MIGRATE = _SET_UP + (
    "from django.core.management import call_command; call_command('migrate', verbosity=0); "
    "from django.db import connection; connection.close()"
)


def copy_to(data_dir: Path, *, tables: bool = True, static: bool = True) -> None:
    """Fill a new folder with SQLite's file and the static files, or one of them."""
    if static:
        _copy(_once("static", _run, _COLLECT), STATIC, data_dir)
    if tables:
        _copy(_once("tables", _run, _MIGRATE), (TABLES,), data_dir)


def template() -> str:
    """The name of a database with the tables on this run's PostgreSQL."""
    name = f"pupitre_prepared_{zlib.crc32(str(_place()).encode()):08x}"
    _once("template", _make_template, name)
    return name


class OwnDatabase:
    """A database on the server of this run, until ``remove``; on SQLite nothing: that is a file of the product.

    With the tables, or ``empty``.
    """

    def __init__(self, *, empty: bool = False) -> None:
        self.name = f"pupitre_{secrets.token_hex(6)}" if databases.on_postgresql() else ""
        if not self.name:
            return
        if empty:
            databases.do("CREATE DATABASE {}", self.name)
        else:
            databases.do("CREATE DATABASE {} TEMPLATE {}", self.name, template())

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a product uses it."""
        return databases.server() | {"PUPITRE_DATABASE_NAME": self.name} if self.name else {}

    def remove(self) -> None:
        if self.name:
            databases.do("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)
            self.name = ""


def _make_template(folder: Path, name: str) -> None:
    databases.do("CREATE DATABASE {}", name)
    if SHARED not in os.environ:  # else the server goes when the run is over
        atexit.register(databases.do, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
    _run(folder, _MIGRATE, **(databases.server() | {"PUPITRE_DATABASE_NAME": name}))


def _once(name: str, make: Callable[..., None], *arguments: object) -> Path:
    """The folder ``name``, which whoever comes first makes, while the others wait."""
    folder = _place() / name
    with (_place() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            made = _place() / f"{name}.new"
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir()
            make(made, *arguments)
            made.rename(folder)
    return folder


@functools.cache
def _place() -> Path:
    if shared := os.environ.get(SHARED):
        return Path(shared)
    own = Path(tempfile.mkdtemp(prefix="pupitre-prepared-"))
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    return own


def _run(folder: Path, program: str, **settings: str) -> None:
    foreign = ("PUPITRE_", "DJANGO_", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    environment = kept | {"DJANGO_SETTINGS_MODULE": "console.settings", "PUPITRE_DATA_DIR": str(folder)} | settings
    done = subprocess.run((sys.executable, "-c", program), cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _copy(source: Path, names: tuple[str, ...], target: Path) -> None:
    for name in names:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name)
        else:
            shutil.copy2(source / name, target / name)
