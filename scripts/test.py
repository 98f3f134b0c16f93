"""Run every test: on all processors, with pytest's closing line last. Further arguments go to pytest.

    test.py                        everything on SQLite, and on PostgreSQL whatever depends on the database: one summary
    test.py --database postgres    everything on PostgreSQL
    test.py --database sqlite      everything on SQLite

PostgreSQL is a private server that lives as long as the tests. Where it is not installed, that part is left out and
counted as skipped; asked for by name, its absence is an error.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import private_engine
from private_postgres import HOW_TO_INSTALL, Cluster, programs

NO_TESTS_COLLECTED = 5
# Processes beyond the processors there are. Half the time of all tests together is waiting for other programs and for
# clocks; tests/groups.py has what waits run beside what computes.
EVERYTHING, OF_THE_DATABASE = 1, 1
ROOT = Path(__file__).resolve().parent.parent
PROVIDER = "*/hashicorp/aws"  # in a mirror, below the name of where it came from
MIRRORS = (  # where Terraform itself, packages and administrators put providers
    "~/.terraform.d/plugins",
    "~/.local/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
    "/opt/*",
)


def terraform_mirror() -> str:
    """A folder on this machine with the AWS provider for Terraform, or nothing."""
    for pattern in MIRRORS:
        folder = Path(pattern).expanduser()
        for found in sorted(folder.parent.glob(folder.name)):
            if any(found.glob(PROVIDER)):
                return str(found)
    return ""


@contextmanager
def engine(environment: dict[str, str]) -> Iterator[Callable[[], None]]:
    """A container engine for the tests that need one, where nobody named one: ours, for as long as they run.

    It is made ready in the background; what is given returns when ``environment`` names it. Where it cannot be had the
    tests are skipped, and say why.
    """
    if "PUPITRE_ENGINE_URL" in environment or Path("/var/run/docker.sock").exists():
        yield lambda: None
        return
    ran_before = bool(private_engine.running())
    making = threading.Thread(target=_make_engine, args=(environment,))
    making.start()
    try:
        yield making.join
    finally:
        making.join()
        if not ran_before:
            _engine_script("private_engine.py", "stop", environment=environment)


def _make_engine(environment: dict[str, str]) -> None:
    started = _engine_script("private_engine.py", "start", environment=environment)
    if started is None:
        return
    words = [word.partition("=") for word in started.split()[1:]]  # export NAME=value NAME=value
    named = {name: value for name, _, value in words}
    _engine_script("build_images.py", "--local", environment=environment | named)
    environment.update(named)


def _engine_script(name: str, *words: str, environment: dict[str, str]) -> str | None:
    """What it printed; None, with the reason said, when it could not."""
    command = (sys.executable, ROOT / "scripts" / name, *words)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        print(f"{name}: {done.stderr.strip()[-500:]}", file=sys.stderr)
        return None
    return done.stdout


def run_on_sqlite(arguments: list[str], environment: dict[str, str], engine_is_ready: Callable[[], None]) -> int:
    """Everything; its exit code."""
    engine_is_ready()
    return run_pytest(arguments, environment, more=EVERYTHING)


def run_pytest(arguments: list[str], environment: dict[str, str], *, more: int) -> int:
    """Its exit code, with so many processes more than there are processors."""
    processes = str(min(os.cpu_count() or 1, 4) + more)
    # Its settings by name: else a file that stands among the arguments would decide where the tests' root is.
    command = (
        sys.executable,
        "-m",
        "pytest",
        "-c",
        "pyproject.toml",
        "-p",
        "tests.outcomes",
        "--durations=40",
        "-n",
        processes,
        "--dist",
        "loadgroup",
        "--no-loadscope-reorder",  # tests/groups.py has the order
    )
    with (
        tempfile.TemporaryDirectory(prefix="pupitre-test-") as data_dir,  # never a person's own data
        tempfile.TemporaryDirectory(prefix="pupitre-prepared-") as prepared,
    ):
        there = environment | {"PUPITRE_DATA_DIR": data_dir, "PUPITRE_TEST_PREPARED": prepared}
        return subprocess.run((*command, *arguments), env=there, stdin=subprocess.DEVNULL).returncode


def run_on_postgresql(
    arguments: list[str], environment: dict[str, str], engine_is_ready: Callable[[], None], *, more: int = EVERYTHING
) -> int:
    engine_is_ready()
    with Cluster() as cluster:
        return run_pytest(arguments, environment | cluster.environment(), more=more)


def run_on_both(arguments: list[str], environment: dict[str, str], engine_is_ready: Callable[[], None]) -> int:
    """Everything on SQLite, after what depends on the database on PostgreSQL; the summary at the end counts both.

    Nothing that depends on the database needs the engine.
    """
    with tempfile.TemporaryDirectory(prefix="pupitre-test-") as folder:
        outcomes = Path(folder) / "postgresql.json"
        if programs() is None:
            print(f"Not tested on PostgreSQL: {HOW_TO_INSTALL}", file=sys.stderr)
            outcomes.write_text(json.dumps(_left_out()))
            first = 0
        else:
            print("On PostgreSQL, what depends on the database:", flush=True)
            options = ["-qq", "--needs-database", f"--write-outcomes={outcomes}"]
            words = [*options, *arguments]
            first = run_on_postgresql(words, dict(environment), lambda: None, more=OF_THE_DATABASE)
            print("\nOn SQLite, everything:", flush=True)
        if not outcomes.exists():  # it did not come to an end: pytest has said why
            return run_on_sqlite(arguments, environment, engine_is_ready) or first
        second = run_on_sqlite([*arguments, f"--add-outcomes={outcomes}"], environment, engine_is_ready)
    return second or (first if first not in (0, NO_TESTS_COLLECTED) else 0)


def _left_out() -> dict[str, list[object]]:
    """One skipped test that stands for the part that could not be run."""
    reason = ["scripts/test.py", 0, f"Skipped: not tested on PostgreSQL: {HOW_TO_INSTALL}"]
    report = {
        "$report_type": "TestReport",
        "nodeid": "everything that depends on the database",
        "location": ["scripts/test.py", 0, ""],
        "keywords": {},
        "outcome": "skipped",
        "longrepr": reason,
        "when": "setup",
        "user_properties": [],
        "sections": [],
        "duration": 0,
    }
    return {"failed": [], "error": [], "skipped": [report]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=("both", "sqlite", "postgres"), default="both")
    chosen, arguments = parser.parse_known_args()
    os.chdir(ROOT)
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # else each of hundreds of processes compiles all it imports
    environment.setdefault("PUPITRE_TF_PLUGIN_DIR", terraform_mirror())
    environment.setdefault("PUPITRE_TOOLS_DIR", str(ROOT / "var" / "tools"))
    run = {"both": run_on_both, "sqlite": run_on_sqlite, "postgres": run_on_postgresql}[chosen.database]
    with engine(environment) as ready:
        status = run(arguments, environment, ready)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
