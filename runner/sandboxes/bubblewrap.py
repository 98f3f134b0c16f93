"""The bubblewrap driver: namespaces, a user of its own, a system call filter, control groups, no network.

Every namespace is named: ``--unshare-all`` quietly goes on without a user namespace where it cannot have one. The
environment is empty at the launcher already, because bubblewrap itself becomes PID 1's parent and a process's first
environment can be read in /proc.
"""

import functools
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from core import limits
from runner import runtimes
from runner.runtimes import Interpreter
from runner.sandboxes import cgroups, launched, rootfs, seccomp, zygote_report
from runner.sandboxes.base import Capability, Sandbox, SandboxUnavailable, Sdk
from runner.sandboxes.launched import LaunchedDriver, LaunchedSandbox, Place
from runner.sandboxes.launcher import FILTER_FD
from runner.sandboxes.zygotes import Kind, Zygote, Zygotes

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
APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
INSIDE = Place(task="/var/task", opt="/opt", sdk="/var/runtime", rapid="/var/rapid")
PORT = 4566
HOST = "/.host"  # in a zygote: what of this host it, and nobody else inside, has
NEW_ROOT = "/.new"  # in a zygote: where the files of a sandbox to come are put together


@dataclass(frozen=True, slots=True)
class View:
    """Files: ``binds`` (what is seen where: target → source on this host) and ``links`` (text, path)."""

    binds: dict[str, str]
    links: list[tuple[str, str]]

    @property
    def directories(self) -> list[str]:
        """All directories that must be there, parents first."""
        return [*(path for path in self.binds if path.count("/") == 1), "/var", "/proc", "/dev", "/tmp", "/opt"] + [
            path for path in ("/var/task", *self.binds) if path.count("/") == 2
        ]


class Bubblewrap(LaunchedDriver):
    name = "bubblewrap"

    def capabilities(self) -> list[Capability]:
        forks = zygote_report.capability()
        return [_tool(), _namespaces(), _filter(), _interpreters(), _control_groups(), forks, _libraries()]

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
            *self._files(sandbox),
            *["--chdir", "/", "--remount-ro", "/dev", "--remount-ro", "/", "--seccomp", str(FILTER_FD)],
            "--",
            *[rootfs.inside(self.own_interpreter, "/var/rapid/lang"), "-I", "-S"],
            *["-c", rootfs.START_INIT.format(rapid=INSIDE.rapid), config],
        ]

    def view(self, interpreter: Interpreter) -> View:
        """What every sandbox of ``interpreter`` sees of this host."""
        if (known := self._views.get(interpreter)) is None:
            known = self._views[interpreter] = self._look(interpreter)
        return known

    def _look(self, interpreter: Interpreter) -> View:
        directory, libraries = self.workplace.directory, rootfs.libraries(interpreter)
        links, binds = _top_level()
        binds["/etc"] = self.reachable(directory / "etc")
        binds["/var/rapid"] = self.reachable(directory / "rapid")
        binds["/var/runtime"] = self.reachable(libraries if libraries.is_dir() else directory / "empty")
        if interpreter.is_system:
            links.append((str(interpreter.prefix), "/var/lang"))
        else:
            binds["/var/lang"] = self.reachable(interpreter.prefix)
        if not self.own_interpreter.is_system:
            binds["/var/rapid/lang"] = self.reachable(self.own_interpreter.prefix)
        if interpreter.family == "node":
            links.append(("/var/runtime/node_modules", "/var/node_modules"))  # ES modules know no NODE_PATH
        return View(binds, links)

    def _files(self, sandbox: LaunchedSandbox) -> list[str]:
        view = self.view(sandbox.interpreter)
        own = {"/var/task": sandbox.directory / "task", "/opt": sandbox.directory / "opt"}
        binds = {**view.binds, **{target: self.reachable(source) for target, source in own.items()}}
        options = ["--proc", "/proc", "--dev", "/dev", "--dir", "/var"]
        for target, source in binds.items():
            options += ["--ro-bind", source, target]
        for text, path in view.links:
            options += ["--symlink", text, path]
        options += ["--setenv", "LD_LIBRARY_PATH", "/var/rapid/lang/lib"]
        for target, size in _temporary(sandbox).items():
            options += ["--perms", "1777", "--size", str(size), "--tmpfs", target]
        return options

    # -- forks of a zygote -------------------------------------------------------------------------

    def _open(self) -> None:
        self._views: dict[Interpreter, View] = {}
        super()._open()
        self._zygotes = Zygotes(begin=self._begin_zygote, attempt=self._attempt)

    def _close_starters(self) -> None:
        self._zygotes.close()
        super()._close_starters()

    def begin(self, sandbox: LaunchedSandbox, joins: list[str], sdk: Sdk) -> None:
        zygote = None
        if settings.SANDBOX_ZYGOTES and sandbox.interpreter.family == "python":
            zygote = self._zygote(sandbox.interpreter, sdk)
        if zygote is not None:
            sandbox.begin(zygote, self._fork(sandbox, joins))
        else:
            super().begin(sandbox, joins, sdk)

    def _zygote(self, interpreter: Interpreter, sdk: Sdk) -> Zygote | None:
        with_sdk = Kind(interpreter, has_sdk=True)
        if sdk is not Sdk.UNUSED:
            return self._zygotes.of(with_sdk, wait=sdk is Sdk.AHEAD)
        return self._zygotes.of(Kind(interpreter, has_sdk=False)) or self._zygotes.of(with_sdk)

    def _attempt(self, kind: Kind, zygote: Zygote) -> Sandbox:
        size = limits.EPHEMERAL_STORAGE_MB_DEFAULT
        return self._start(
            kind.interpreter, size, lambda sandbox, joins: sandbox.begin(zygote, self._fork(sandbox, joins))
        )

    def _begin_zygote(self, kind: Kind, control: socket) -> int:
        directory = self.workplace.directory
        stage = [str(self.own_interpreter.executable), "-I", "-S", str(directory / "rapid" / "zygote" / "stage.py")]
        number = 2 * self.interpreters.index(kind.interpreter) + kind.has_sdk
        message = {
            "slot": -1 - number,
            "argv": [*stage, json.dumps(self._plan(kind))],
            "user": None,
            "joins": [],
            "limits": {"CORE": 0},
            "errors": str(directory / f"zygote-{number}.errors"),
            "filter": "",
        }
        return self.launcher.start(message, control)

    def _plan(self, kind: Kind) -> dict[str, Any]:
        """What ``stage.py`` is to build and to execute."""
        interpreter, view = kind.interpreter, self.view(kind.interpreter)
        program = [rootfs.inside(interpreter), "-I", "-S", "-X", "utf8", f"{INSIDE.rapid}/zygote/main.py"]
        host = [(str(self.workplace.directory), f"{HOST}/workplace", False)]
        if self.cgroups:
            host.append((str(cgroups.ROOT), f"{HOST}/cgroup", True))
        return {
            "root": str(self.workplace.directory / "zygote"),
            "inside": [rootfs.USER, rootfs.GROUP],
            "directories": [*view.directories, "/var/task/lib", "/opt/lib", NEW_ROOT],
            "binds": [[source, target] for target, source in view.binds.items()],
            "links": view.links,
            "host": host,
            "argv": [*program, INSIDE.sdk] if kind.has_sdk else program,
            "environment": rootfs.start_environment(interpreter),
        }

    def _fork(self, sandbox: LaunchedSandbox, joins: list[str]) -> dict[str, Any]:
        """What a zygote is told (``runtimes/zygote/held.py``)."""
        view = self.view(sandbox.interpreter)
        directory = f"{HOST}/workplace/{sandbox.slot}"
        return {
            **self.held(sandbox),
            "joins": [path.replace(str(cgroups.ROOT), f"{HOST}/cgroup", 1) for path in joins],
            "errors": f"{directory}/errors",
            "filter": f"{HOST}/workplace/{self.filter.name}",
            "config": self.config(sandbox, Sdk.AT_HAND),
            "inside": [rootfs.USER, rootfs.GROUP],
            "hostname": rootfs.HOSTNAME,
            "directories": view.directories,
            "links": view.links,
            "shared": [path for path in view.binds if path != "/var/rapid/lang"],  # comes with what it is in
            "directory": directory,
            "root": NEW_ROOT,
            "temporary": _temporary(sandbox),
        }


def _top_level() -> tuple[list[tuple[str, str]], dict[str, str]]:
    """``/usr`` and the top-level names of a merged one, as this host has them: links, and what is to be bound."""
    links, binds = [], {"/usr": "/usr"}
    for path in ("/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32"):
        if os.path.islink(path):
            links.append((f"usr{path}", path))
        elif os.path.isdir(path):
            binds[path] = path
    return links, binds


def _temporary(sandbox: LaunchedSandbox) -> dict[str, int]:
    """Where files can be written, and how many bytes of them."""
    return {"/dev/shm": launched.SHARED_MEMORY_MB * limits.MIB, "/tmp": sandbox.ephemeral_mb * limits.MIB}


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
