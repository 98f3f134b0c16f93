"""What the doctor says about forks of zygotes: whether this host allows them, and what to do when not."""

import functools
import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from runner.sandboxes.base import Capability
from runner.sandboxes.rootfs import RUNTIMES

KERNEL = (5, 12)  # mount_setattr
SWITCHES = (
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ("kernel.unprivileged_userns_clone", "0", "1"),
    ("user.max_user_namespaces", "0", "10000"),
)
"""Settings of kernels and distributions that refuse user namespaces: name, the value that does, one that does not."""


def capability() -> Capability:
    """Whether Python's sandboxes can be forks; without them each is started anew."""
    name = _("forks of a zygote")
    if not settings.SANDBOX_ZYGOTES:
        return Capability(name=name, ok=True, required=False, detail=_("switched off (PUPITRE_SANDBOX_ZYGOTES=0)"))
    if not (refused := _refused()):
        return Capability(name=name, ok=True, required=False, detail=_("work"))
    detail = _("refused ({what}): each Python sandbox is started anew, which is slower").format(what=refused)
    return Capability(name=name, ok=False, required=False, detail=detail, remedy=remedy())


@functools.cache
def _refused() -> str:
    """What the kernel says to the steps of a zygote's fork; empty when it lets it."""
    program = [sys.executable, "-I", "-S", str(RUNTIMES / "zygote" / "probe.py")]
    try:
        run = subprocess.run(program, env={}, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return run.stdout.strip() or (run.stderr.strip()[-200:] if run.returncode else "")


def remedy(root: Path = Path("/proc/sys"), release: str = "") -> str:
    """What to do on this host; ``root`` has the kernel's settings, ``release`` is its version."""
    for name, refuses, allows in SWITCHES:
        path = root / name.replace(".", "/")
        if path.is_file() and path.read_text().strip() == refuses:
            return _("Allow them: {command}").format(command=f"sudo sysctl -w {name}={allows}")
    if _version(release or os.uname().release) < KERNEL:
        return _("They need Linux 5.12 or newer.")
    return _("A security module, or the container that this server runs in, refuses user namespaces: allow them there.")


def _version(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split("-")[0].split(".")[:2] if part.isdigit())
