"""The configuration of a sandbox's container, whole: nothing in it comes from a worker but what ``Order`` names."""

import json
from dataclasses import dataclass, field
from typing import Any

from core import limits
from runner.broker import wire
from runner.sandboxes import seccomp

LABEL_INSTALL, LABEL_SLOT = "pupitre.install", "pupitre.slot"
LABEL_FAMILY, LABEL_VERSION, LABEL_EXECUTABLE = "pupitre.family", "pupitre.version", "pupitre.executable"
HOSTNAME = "sandbox"
CPU_PERIOD_US = 100_000
SHARED_MEMORY_MB = 16
INODES_PER_MB = 128  # a file without content takes about one KiB of the host's memory
# The engine's own list (what /proc and /sys tell about the host), and what it leaves open.
MASKED = [
    *("/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list"),
    *("/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/proc/interrupts", "/sys/firmware"),
    *("/sys/devices/virtual/powercap", "/proc/cmdline", "/proc/config.gz", "/proc/diskstats", "/proc/partitions"),
    *("/proc/modules", "/sys/class/dmi", "/sys/devices/virtual/dmi"),
]
READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What one container is to be.

    ``image``      the image's id (``sha256:…``), from the broker's own list
    ``config``     the one argument of PID 1 (``runner/runtimes/init.py``): which runtime it starts in there
    ``source``     the slot's folder as the engine sees it: what ``mounts`` names is in it
    ``user``       user and group id; no other sandbox on this host has it
    ``memory_mb``  everything counted: code, ``/tmp``, ``/dev/shm``
    """

    image: str
    config: str
    source: str
    slot: int
    user: int
    memory_mb: int
    ephemeral_mb: int
    cores: float
    install: str
    in_volume: bool = False  # whether ``source`` lies in a volume of the engine's own
    mounts: dict[str, str] = field(
        default_factory=lambda: {
            "/var/task": "task",
            "/opt": "opt",
            wire.TARGET: wire.FOLDER,
            **{f"/etc/{name}": name for name in ("passwd", "group", "hosts", "resolv.conf")},
        }
    )


def configuration(order: Order) -> dict[str, Any]:
    """The body of the engine's ``POST /containers/create``."""
    return {
        "Image": order.image,
        "Cmd": [order.config],
        "User": f"{order.user}:{order.user}",
        "Hostname": HOSTNAME,
        "WorkingDir": "/",
        # A network namespace with nothing but loopback, made by the engine's runtime. Without this the engine has a
        # part of in it besides, of which it starts itself once more: half of what a start costs.
        "NetworkDisabled": True,
        "Labels": {LABEL_INSTALL: order.install, LABEL_SLOT: str(order.slot)},
        # The stream: when the worker's end closes, so does PID 1's input, and PID 1 ends everything.
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "OpenStdin": True,
        "StdinOnce": True,
        "Tty": False,
        "StopSignal": "SIGKILL",
        "HostConfig": _host_configuration(order),
    }


def _host_configuration(order: Order) -> dict[str, Any]:
    held = {
        "NetworkMode": "none",
        "ReadonlyRootfs": True,
        "Privileged": False,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges", f"seccomp={json.dumps(seccomp.docker_profile())}"],
        "MaskedPaths": MASKED,
        "ReadonlyPaths": READ_ONLY,
        "IpcMode": "private",
        "PidMode": "",
        "Init": False,
        "LogConfig": {"Type": "none", "Config": {}},
        "AutoRemove": True,
        "RestartPolicy": {"Name": "no"},
    }
    return held | _files(order) | limit(memory_mb=order.memory_mb, cores=order.cores) | _counts(order)


def _files(order: Order) -> dict[str, Any]:
    inodes = order.ephemeral_mb * INODES_PER_MB
    temporary = f"rw,exec,nosuid,nodev,size={order.ephemeral_mb}m,nr_inodes={inodes},mode=1777"
    return {
        "Tmpfs": {"/tmp": temporary},
        "ShmSize": SHARED_MEMORY_MB * limits.MIB,
        "Mounts": [_read_only(order, name, target) for target, name in order.mounts.items()],
    }


def _read_only(order: Order, name: str, target: str) -> dict[str, Any]:
    # The engine refuses rprivate for what lies in its own volumes, and rslave where the host's root is not shared.
    return {
        "Type": "bind",
        "Source": f"{order.source}/{name}",
        "Target": target,
        "ReadOnly": True,
        "BindOptions": {"Propagation": "rslave" if order.in_volume else "rprivate", "NonRecursive": True},
    }


def _counts(order: Order) -> dict[str, Any]:
    hard = {
        "nofile": limits.FILE_DESCRIPTORS_PER_SANDBOX,
        "core": 0,
        "fsize": order.ephemeral_mb * limits.MIB,
        "memlock": 64 * limits.KIB,
        "msgqueue": 0,
        "sigpending": 256,
        "nice": 0,
        "rtprio": 0,
    }
    return {
        "PidsLimit": limits.PROCESSES_PER_SANDBOX,
        "Ulimits": [{"Name": name, "Soft": value, "Hard": value} for name, value in hard.items()],
    }


def limit(*, memory_mb: int | None = None, cores: float | None = None) -> dict[str, Any]:
    """The limits that may also be set later, as the engine's ``POST /containers/<id>/update`` takes them."""
    changed: dict[str, Any] = {}
    if memory_mb is not None:
        changed |= {"Memory": memory_mb * limits.MIB, "MemorySwap": memory_mb * limits.MIB}  # both: no swap
    if cores is not None:
        changed |= {"CpuPeriod": CPU_PERIOD_US, "CpuQuota": int(cores * CPU_PERIOD_US)}
    return changed
