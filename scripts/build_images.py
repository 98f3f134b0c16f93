"""Build the runtimes' images for the Docker driver, from runner/runtimes/Dockerfile; and the product's own.

    build_images.py                     official bases, every runtime below; needs a registry
    build_images.py python-3.13 node-22 only these
    build_images.py --local             one Debian base made here (mmdebstrap), its Python and its Node.js; no registry
    build_images.py [--local] product   only the product's image; with --local Debian's Redis and PostgreSQL besides

The AWS SDKs are fetched here, not in the build: the build itself needs no network. Restart the broker afterwards.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from build_function_libraries import FOLDERS, install_node, install_python

ROOT = Path(__file__).resolve().parent.parent
REPOSITORY = "pupitre-runtime"
PRODUCT, SERVICES = "pupitre:latest", "pupitre-services:local"
LOCAL_BASE, SERVICES_BASE = "pupitre-base:debian", "pupitre-base:services"
SUITE = "trixie"
PACKAGES = {
    LOCAL_BASE: "python3,python3-venv,nodejs,curl,ca-certificates",
    SERVICES_BASE: "redis-server,postgresql",
}
PRODUCT_BASE = "python:3.13-slim"
LOCAL = {"python": LOCAL_BASE, "node": LOCAL_BASE}
OFFICIAL = {
    **{f"python-3.{minor}": f"python:3.{minor}-slim" for minor in range(9, 15)},
    **{f"node-{major}": f"node:{major}-slim" for major in (18, 20, 22, 24)},
}
ASK = {
    "python": (
        "python3",
        "-c",
        "import sys,os;print('%d.%d' % sys.version_info[:2], os.path.realpath(sys.executable))",
    ),
    "node": ("node", "-e", "console.log(process.versions.node.split('.').slice(0,2).join('.'), process.execPath)"),
}
CONTEXT = (
    "runner/runtimes/init.py",
    "runner/runtimes/forked.py",
    "runner/runtimes/contained.py",
    "runner/runtimes/pid1",
    "runner/runtimes/python",
    "runner/runtimes/node",
    "requirements",
)


@dataclass(frozen=True)
class Wanted:
    """``version`` and ``executable`` as the interpreter in ``base`` says."""

    family: str
    base: str
    version: str
    executable: str

    @property
    def tag(self) -> str:
        return f"{REPOSITORY}:{self.family}-{self.version}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="*", help="which; all runtimes when none is named")
    parser.add_argument("--local", action="store_true", help="from a Debian base that is made here")
    arguments = parser.parse_args()
    if arguments.local:
        make_local_base(LOCAL_BASE)
    if "product" in arguments.images:
        build_product(LOCAL_BASE if arguments.local else PRODUCT_BASE)
        if arguments.local:
            build_services()
    runtimes = [name for name in arguments.images if name != "product"]
    if runtimes or not arguments.images:
        build_runtimes(LOCAL if arguments.local else {name: OFFICIAL[name] for name in runtimes or OFFICIAL})


def build_runtimes(bases: dict[str, str]) -> None:
    """An image for each, by ``family-version`` or family."""
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        fill(context)
        for name, base in bases.items():
            wanted = look_into(name.partition("-")[0], base)
            build(wanted, context)
            print(f"{wanted.tag} from {base}", flush=True)


def make_local_base(tag: str) -> None:
    """A minimal Debian with some packages, once."""
    if docker("image", "inspect", tag, check=False, quiet=True).returncode == 0:
        return
    if not shutil.which("mmdebstrap"):
        sys.exit("mmdebstrap is not installed: it makes the local base (Debian, Ubuntu: apt install mmdebstrap).")
    with tempfile.TemporaryDirectory() as folder:
        archive = f"{folder}/base.tar"
        options = ("--quiet", "--variant=minbase", f"--include={PACKAGES[tag]}")
        subprocess.run(("mmdebstrap", *options, SUITE, archive), check=True)
        docker("import", archive, tag)


def build_product(base: str) -> None:
    """The product's image, its wheels fetched here."""
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        for name in ("Dockerfile", *admitted()):
            copy(ROOT / name, context / name)
        shutil.copytree(wheels(ROOT / "requirements" / "base.lock"), context / "wheelhouse")
        docker("build", "--quiet", "--tag", PRODUCT, "--build-arg", f"BASE={base}", folder)


def admitted() -> list[str]:
    """What of this checkout .dockerignore lets into a build."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line[1:] for line in lines if line.startswith("!") and (ROOT / line[1:]).exists()]


def wheels(lock: Path) -> Path:
    """A folder with every wheel of a lock file, fetched once."""
    place = ROOT / "var" / "wheels" / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--require-hashes")
        with tempfile.TemporaryDirectory(dir=place.parent) as folder:
            options = ("--no-deps", "--only-binary=:all:", "--dest", f"{folder}/wheels", "-r", str(lock))
            subprocess.run((*pip, *options), check=True, stdin=subprocess.DEVNULL)
            os.rename(f"{folder}/wheels", place)
    return place


def build_services() -> None:
    """Debian's Redis and PostgreSQL, in place of the official images."""
    make_local_base(SERVICES_BASE)
    folder = str(ROOT / "scripts" / "local_services")
    docker("build", "--quiet", "--tag", SERVICES, "--build-arg", f"BASE={SERVICES_BASE}", folder)


def copy(source: Path, target: Path) -> None:
    """A file, or a folder without what Python leaves in it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, target)


def fill(context: Path) -> None:
    """What the Dockerfile copies, and the AWS SDKs."""
    for name in CONTEXT:
        copy(ROOT / name, context / name)
    (context / "sdk").mkdir()
    for folder, (lock, version) in FOLDERS.items():
        install_python(context / "sdk" / folder, lock, version)
    try:
        install_node(context / "sdk" / "node")
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"The AWS SDK for Node.js could not be fetched: {error}")


def look_into(family: str, base: str) -> Wanted:
    """Have the interpreter in ``base`` say what it is."""
    command, *arguments = ASK[family]
    run = ("run", "--rm", "--network", "none", "--entrypoint", command, base, *arguments)
    version, executable = docker(*run, capture_output=True).stdout.split()
    return Wanted(family, base, version, executable)


def build(wanted: Wanted, context: Path) -> None:
    """One image, with the labels that ``runner/broker/engine.py`` reads."""
    labels = {"family": wanted.family, "version": wanted.version, "executable": wanted.executable}
    options = [option for name, value in labels.items() for option in ("--label", f"pupitre.{name}={value}")]
    dockerfile = str(ROOT / "runner" / "runtimes" / "Dockerfile")
    arguments = ("--build-arg", f"BASE={wanted.base}", "--build-arg", f"FAMILY={wanted.family}")
    docker("build", "--quiet", "--file", dockerfile, "--tag", wanted.tag, *arguments, *options, str(context))


def docker(
    *arguments: str, check: bool = True, capture_output: bool = False, quiet: bool = False
) -> "subprocess.CompletedProcess[str]":
    """Run the engine's client; it finds the engine by itself (DOCKER_HOST)."""
    output = subprocess.PIPE if capture_output else subprocess.DEVNULL
    errors = subprocess.DEVNULL if quiet else None
    return subprocess.run(("docker", *arguments), check=check, stdout=output, stderr=errors, text=True)


if __name__ == "__main__":
    main()
