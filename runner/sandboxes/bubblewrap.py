"""The bubblewrap driver: namespaces, a user of its own, a system call filter, control groups, no network.

Every namespace is named: ``--unshare-all`` quietly goes on without a user namespace where it cannot have one. The
environment is empty at the launcher already, because bubblewrap itself becomes PID 1's parent and a process's first
environment can be read in /proc.
"""

import functools
import subprocess
from pathlib import Path

from django.utils.translation import gettext as _

from core import limits
from runner import runtimes
from runner.sandboxes import cgroups, launched, rootfs, seccomp
from runner.sandboxes.base import Capability, SandboxUnavailable
from runner.sandboxes.launched import LaunchedDriver, LaunchedSandbox, Place
from runner.sandboxes.launcher import FILTER_FD

BWRAP = next((path for path in ("/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap") if Path(path).exists()), "")
NAMESPACES = ["--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup"]
HELD = [
    *NAMESPACES,
    "--disable-userns",
    "--assert-userns-disabled",
    "--uid",
    str(rootfs.USER),
    "--gid",
    str(rootfs.GROUP),
    "--hostname",
    rootfs.HOSTNAME,
    "--die-with-parent",
    "--new-session",
    "--as-pid-1",
    "--cap-drop",
    "ALL",
    "--clearenv",
]
SYSTEM = ["--ro-bind", "/usr", "/usr"]
APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
INSIDE = Place(task="/var/task", opt="/opt", sdk="/var/runtime", rapid="/var/rapid")
PORT = 4566


class Bubblewrap(LaunchedDriver):
    name = "bubblewrap"

    def capabilities(self) -> list[Capability]:
        return [_tool(), _namespaces(), _filter(), _interpreters(), _control_groups(), _libraries()]

    def place(self, sandbox: LaunchedSandbox) -> Place:
        return INSIDE

    def executable(self, sandbox: LaunchedSandbox) -> str:
        return rootfs.inside(sandbox.interpreter)

    def port(self) -> int:
        return PORT

    def argv(self, sandbox: LaunchedSandbox, config: str) -> list[str]:
        return [
            BWRAP,
            *HELD,
            *SYSTEM,
            *_links(),
            *self._files(sandbox),
            *_temporary(sandbox.ephemeral_mb),
            *["--chdir", "/", "--remount-ro", "/dev", "--remount-ro", "/", "--seccomp", str(FILTER_FD)],
            "--",
            *self._init(sandbox, config),
        ]

    def _files(self, sandbox: LaunchedSandbox) -> list[str]:
        directory, interpreter = self.workplace.directory, sandbox.interpreter
        libraries = rootfs.libraries(interpreter)
        binds = {
            "/etc": directory / "etc",
            "/var/rapid": directory / "rapid",
            "/var/task": sandbox.directory / "task",
            "/opt": sandbox.directory / "opt",
            "/var/runtime": libraries if libraries.is_dir() else directory / "empty",
        }
        if not interpreter.is_system:
            binds["/var/lang"] = interpreter.prefix
        if not self.own_interpreter.is_system:
            binds["/var/rapid/lang"] = self.own_interpreter.prefix
        options = ["--proc", "/proc", "--dev", "/dev", "--dir", "/var"]
        for target, source in binds.items():
            options += ["--ro-bind", self.reachable(source), target]
        if interpreter.is_system:
            options += ["--symlink", str(interpreter.prefix), "/var/lang"]
        if interpreter.family == "node":
            options += ["--symlink", "/var/runtime/node_modules", "/var/node_modules"]  # ES modules know no NODE_PATH
        return options

    def _init(self, sandbox: LaunchedSandbox, config: str) -> list[str]:
        own = rootfs.inside(self.own_interpreter, "/var/rapid/lang")
        return [own, "-I", "-S", "-c", rootfs.START_INIT.format(rapid=INSIDE.rapid), config]


def _links() -> list[str]:
    """The top-level links that a merged /usr has, as this host has them."""
    options: list[str] = []
    for name in ("bin", "sbin", "lib", "lib64", "lib32", "libx32"):
        path = Path("/") / name
        if path.is_symlink():
            options += ["--symlink", f"usr/{name}", f"/{name}"]
        elif path.is_dir():
            options += ["--ro-bind", str(path), str(path)]
    return options


def _temporary(ephemeral_mb: int) -> list[str]:
    options: list[str] = ["--setenv", "LD_LIBRARY_PATH", "/var/rapid/lang/lib"]
    for size_mb, target in ((launched.SHARED_MEMORY_MB, "/dev/shm"), (ephemeral_mb, "/tmp")):
        options += ["--perms", "1777", "--size", str(size_mb * limits.MIB), "--tmpfs", target]
    return options


# -- what the host offers --------------------------------------------------------------------------


def _tool() -> Capability:
    remedy = _("Install the bubblewrap package (Debian, Ubuntu: apt install bubblewrap).")
    return Capability(name="bubblewrap", ok=bool(BWRAP), required=True, detail=BWRAP or _("not found"), remedy=remedy)


@functools.cache
def _namespaces() -> Capability:
    detail = _try_namespaces() if BWRAP else _("not tried without bubblewrap")
    if APPARMOR.exists() and APPARMOR.read_text().strip() == "1":
        remedy = _("AppArmor restricts user namespaces: give /usr/bin/bwrap a profile that allows userns.")
    else:
        remedy = _(
            "Allow unprivileged user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone)."
        )
    return Capability(name=_("namespaces"), ok=not detail, required=True, detail=detail or _("work"), remedy=remedy)


def _try_namespaces() -> str:
    """What goes wrong with a trivial sandbox; empty when it works."""
    bare = [option for option in HELD if option != "--as-pid-1"]
    run = subprocess.run(
        [BWRAP, *bare, "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--", "/bin/true"],
        env={},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return "" if run.returncode == 0 else run.stderr.strip() or f"status {run.returncode}"


def _filter() -> Capability:
    name = _("system call filter")
    try:
        size = len(seccomp.bpf()) // 8
    except SandboxUnavailable as error:
        return Capability(name=name, ok=False, required=True, detail=error.text)
    return Capability(name=name, ok=True, required=True, detail=_("{count} instructions").format(count=size))


def _interpreters() -> Capability:
    found = [interpreter.label for interpreter in runtimes.interpreters()]
    ok = any(label.startswith("Python") for label in found)
    remedy = _("Install Python 3.9 or newer where the server can find it, or set RUNTIME_PATHS.")
    return Capability(
        name=_("interpreters"), ok=ok, required=True, detail=", ".join(found) or _("none found"), remedy=remedy
    )


def _control_groups() -> Capability:
    found, detail = cgroups.find()
    remedy = _("Without them limits are weaker: run the worker as root, or in a container with its own cgroups.")
    return Capability(name=_("control groups"), ok=found is not None, required=False, detail=detail, remedy=remedy)


def _libraries() -> Capability:
    pythons = [found for found in runtimes.interpreters() if found.family == "python"]
    missing = [found.label for found in pythons if not rootfs.libraries(found).is_dir()]
    detail = _("missing for {labels}").format(labels=", ".join(missing)) if missing else _("built")
    remedy = _("Run scripts/build_function_libraries.py, so that functions find boto3.")
    return Capability(name=_("AWS SDK for functions"), ok=not missing, required=False, detail=detail, remedy=remedy)
