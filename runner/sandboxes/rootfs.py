"""What a sandbox sees as its files besides the function's own: a little /etc, and the platform's runtime programs."""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings

from runner.context import LD_LIBRARY_PATH, NODE_PATH
from runner.runtimes import Interpreter

USER, GROUP = 993, 990  # AWS's sbx_user1051
HOSTNAME = "sandbox"
ETC = {
    "passwd": f"root:x:0:0:root:/root:/sbin/nologin\nsbx_user1051:x:{USER}:{GROUP}::/home/sbx_user1051:/sbin/nologin\n",
    "group": f"root:x:0:\nsbx_user1051:x:{GROUP}:\n",
    "hostname": f"{HOSTNAME}\n",
    # The own name must resolve: socket.gethostbyname_ex(socket.gethostname()) is in many a function.
    "hosts": f"127.0.0.1 localhost\n127.0.0.1 {HOSTNAME}\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "resolv.conf": "",
    "os-release": 'NAME="Pupitre"\nID=pupitre\n',
}
FROM_HOST = ("ld.so.cache", "ssl/certs/ca-certificates.crt", "ssl/openssl.cnf", "mime.types", "protocols", "services")
RUNTIMES = Path(__file__).parent.parent / "runtimes"
LAUNCHER = Path(__file__).parent / "launcher.py"
RUNTIME_API_PORT = 9001  # AWS's
START_INIT = "import sys; sys.path.insert(0, {rapid!r}); import init; init.main()"


def write_etc(directory: Path) -> None:
    """A stub /etc: never the host's own, which names its users and holds its secrets."""
    for name, text in ETC.items():
        _file(directory, name).write_text(text)
    for name in FROM_HOST:
        if (source := Path("/etc") / name).is_file():
            shutil.copyfile(source, _file(directory, name))
    (directory / "localtime").symlink_to("/usr/share/zoneinfo/UTC")
    for path in directory.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    directory.chmod(0o755)


def _file(directory: Path, name: str) -> Path:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def write_rapid(directory: Path, own: Interpreter, interpreters: Iterable[Interpreter]) -> None:
    """PID 1 and the runtimes, with byte code for each interpreter that will load them."""
    shutil.copytree(
        RUNTIMES, directory, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"), copy_function=shutil.copyfile
    )
    for name in ("__init__.py", "discovery.py", "choice.py", "Dockerfile"):
        (directory / name).unlink(missing_ok=True)
    shutil.copyfile(LAUNCHER, directory / LAUNCHER.name)
    # slower starts without byte code, nothing worse: so what goes wrong here is no error
    options = ["-I", "-S", "-m", "compileall", "-q", str(directory)]
    compilers = [
        subprocess.Popen([str(one.executable), *options], env={}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for one in interpreters
        if one.family == "python"
    ]
    for compiler in compilers:
        compiler.wait()
    for path in directory.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (directory / "lang").mkdir(mode=0o755)
    directory.chmod(0o755)


def libraries(interpreter: Interpreter) -> Path:
    """The directory of the AWS SDK for ``interpreter``, as set-up has built it; it may be missing."""
    if interpreter.family in ("node", "provided"):
        return Path(settings.TOOLS_DIR) / interpreter.family
    return Path(settings.TOOLS_DIR) / ("python" if interpreter.version >= (3, 10) else "python3.9")


def inside(interpreter: Interpreter, lang: str = "/var/lang") -> str:
    """The interpreter's path as a sandbox sees it, when its prefix is mounted at ``lang``."""
    if interpreter.is_system:
        return str(interpreter.executable)
    return f"{lang}/{interpreter.executable.relative_to(interpreter.prefix)}"


def init_config(
    *, command: list[str], cwd: str, environment: dict[str, str], port: int, api_port: int = RUNTIME_API_PORT
) -> dict[str, Any]:
    """The one argument of PID 1: what to start, where, with which variables; the port to relay, or 0; and the port of
    the Runtime API, or 0 for any that is free. Without a ``command`` the function brings its own runtime.
    """
    return {"command": command, "cwd": cwd, "environment": environment, "port": port, "api_port": api_port}


def command(interpreter: Interpreter, executable: str, rapid: str, sdk: str, preload: bool) -> list[str]:
    """The command line of the runtime process; empty when the function brings its own."""
    if interpreter.family == "provided":
        return []
    if interpreter.family == "node":
        return [executable, f"{rapid}/node/bootstrap.cjs"]
    options = [f"--preload={sdk}"] if preload else []
    return [executable, "-I", "-S", "-X", "utf8", f"{rapid}/python/bootstrap.py", *options]


def start_environment(interpreter: Interpreter) -> dict[str, str]:
    """What a runtime process starts with, before it is known whose it will be."""
    family = {"NODE_PATH": NODE_PATH} if interpreter.family == "node" else {"PYTHONPATH": "/var/runtime"}
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "LD_LIBRARY_PATH": LD_LIBRARY_PATH, **family}
