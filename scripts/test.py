"""Run every test: on all processors, with pytest's closing line last. Arguments go to pytest."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROVIDER = "registry.terraform.io"
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
            if (found / PROVIDER / "hashicorp" / "aws").is_dir():
                return str(found)
    return ""


@contextmanager
def engine(environment: dict[str, str]) -> Iterator[None]:
    """A container engine for the tests that need one, where nobody named one: ours, for as long as they run.

    Where it cannot be had the tests are skipped, and say why.
    """
    if "PUPITRE_ENGINE_URL" in environment or Path("/var/run/docker.sock").exists():
        yield
        return
    started = _engine_script("private_engine.py", "start", environment=environment)
    if started is None:
        yield
        return
    try:
        for word in started.split()[1:]:  # export NAME=value NAME=value
            name, _, value = word.partition("=")
            environment[name] = value
        _engine_script("build_images.py", "--local", environment=environment)
        yield
    finally:
        _engine_script("private_engine.py", "stop", environment=environment)


def _engine_script(name: str, *words: str, environment: dict[str, str]) -> str | None:
    """What it printed; None, with the reason said, when it could not."""
    command = (sys.executable, ROOT / "scripts" / name, *words)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        print(f"{name}: {done.stderr.strip()[-500:]}", file=sys.stderr)
        return None
    return done.stdout


def main(arguments: list[str]) -> None:
    os.chdir(ROOT)
    environment = dict(os.environ)
    environment.setdefault("PUPITRE_TF_PLUGIN_DIR", terraform_mirror())
    environment.setdefault("PUPITRE_TOOLS_DIR", str(ROOT / "var" / "tools"))
    with tempfile.TemporaryDirectory(prefix="pupitre-test-") as data_dir, engine(environment):
        environment["PUPITRE_DATA_DIR"] = data_dir  # never a person's own data
        processors = str(min(os.cpu_count() or 1, 4))
        command = (sys.executable, "-m", "pytest", "-n", processors, "--dist", "loadgroup", *arguments)
        status = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL).returncode
    raise SystemExit(status)


if __name__ == "__main__":
    main(sys.argv[1:])
