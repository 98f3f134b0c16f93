"""Checks of the machine: interpreters, kernel, sandbox, memory, disk."""

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from console.doctor.finding import Finding, Level
from runner.runtimes import interpreters
from runner.sandboxes.base import DRIVERS, SandboxDriver

GB = 1024**3
MB = 1024**2


def python() -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding("Python", Level.OK, f"{version} ({sys.executable})")


def sandbox() -> Iterator[Finding]:
    """The configured driver's own word on what it needs, found out by trying."""
    name = str(settings.SANDBOX_DRIVER)
    driver = _driver(name)
    if driver is None:
        choice = ", ".join(sorted(DRIVERS))
        detail = _("there is no driver named “{name}”").format(name=name)
        yield Finding("sandbox", Level.MISSING, detail, f"PUPITRE_SANDBOX_DRIVER = {choice}")
        return
    for capability in driver.capabilities():
        level = Level.OK if capability.ok else Level.MISSING if capability.required else Level.WEAK
        remedy = "" if capability.ok else str(capability.remedy)
        yield Finding(f"{name}: {capability.name}", level, str(capability.detail), remedy)


def _driver(name: str) -> SandboxDriver | None:
    if name not in DRIVERS:
        return None
    module, _dot, attribute = DRIVERS[name].rpartition(".")
    driver: SandboxDriver = getattr(importlib.import_module(module), attribute)()
    return driver


def user_namespaces() -> Iterator[Finding]:
    """Whether processes without root may make user namespaces: what bubblewrap needs when the worker is not root."""
    if sys.platform != "linux":
        yield Finding(
            "user namespaces", Level.MISSING, _("only Linux has them"), _("run it in a Linux virtual machine")
        )
        return
    for name, bad, remedy in (
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ("kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=15000"),
    ):
        if _sysctl(name) == bad:
            detail = _("refused by {setting} = {value}").format(setting=name.replace("/", "."), value=bad)
            yield Finding("user namespaces", Level.WEAK, detail, f"sudo {remedy}")
            return
    yield Finding("user namespaces", Level.OK, _("allowed"))


def _sysctl(name: str) -> str:
    try:
        return Path("/proc/sys", name).read_text().strip()
    except OSError:
        return ""


def cgroups() -> Iterator[Finding]:
    root = Path("/sys/fs/cgroup")
    if (root / "cgroup.controllers").exists():
        yield Finding("cgroups", Level.OK, _("version {version}").format(version=2))
    elif (root / "memory").is_dir():
        yield Finding("cgroups", Level.OK, _("version {version}").format(version=1))
    else:
        yield Finding("cgroups", Level.WEAK, _("none: memory and processor limits are weaker"))


def runtimes() -> Iterator[Finding]:
    """The interpreters that were found and answered."""
    found = interpreters()
    for family, label, remedy in (
        ("python", _("Python functions"), "sudo apt-get install python3"),
        ("node", _("Node.js functions"), "sudo apt-get install nodejs"),
    ):
        mine = [interpreter for interpreter in found if interpreter.family == family]
        if mine:
            yield Finding(label, Level.OK, ", ".join(f"{one.label} ({one.executable})" for one in mine))
        else:
            yield Finding(label, Level.WEAK, _("no interpreter found: they cannot run"), remedy)


def memory() -> Iterator[Finding]:
    """Enough for the product itself and some environments."""
    sizes = _meminfo()
    if not sizes:
        return
    total, available = sizes["MemTotal"], sizes["MemAvailable"]
    detail = _("{available:.1f} of {total:.1f} GB available").format(available=available / GB, total=total / GB)
    yield Finding("memory", Level.OK if available > GB else Level.WEAK, detail)


def _meminfo() -> dict[str, int]:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return {}
    return {name: int(rest.split()[0]) * 1024 for name, _colon, rest in (line.partition(":") for line in lines)}


def disk() -> Iterator[Finding]:
    """Room where the data is."""
    free = shutil.disk_usage(settings.DATA_DIR).free
    level = Level.OK if free > 2 * GB else Level.WEAK if free > 200 * MB else Level.MISSING
    detail = _("{free:.1f} GB free in {folder}").format(free=free / GB, folder=settings.DATA_DIR)
    yield Finding("disk", level, detail)
