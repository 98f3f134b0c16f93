"""What the product's processes cost: memory as the kernel divides it, and processor time."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

SANDBOXED = ("bwrap", "/var/rapid/", "/var/lang/", "init.py", "bootstrap.")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Process:
    pid: int
    name: str
    sandboxed: bool


def tree(root: int) -> list[Process]:
    """``root`` and everything below it, by name: which part of the product, or a sandbox."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, waiting = [], [(root, False)]
    while waiting:
        pid, inside = waiting.pop()
        command = _command(pid)
        inside = inside or (pid != root and any(mark in command for mark in SANDBOXED))
        found.append(Process(pid, _part(command), inside))
        waiting += [(child, inside) for child in children.get(pid, [])]
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _part(command: str) -> str:
    parts = ("console.asgi:api", "console.asgi:console", "console worker", "console beat", "redis", "manage.py up")
    return next((part.rpartition(":")[2].rpartition(" ")[2] for part in parts if part in command), command[:30])


def memory_mb(process: Process, *, private: bool = False) -> float:
    """Its proportional share, or only what is its own, in MB."""
    try:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    wanted = ("Private_Clean:", "Private_Dirty:") if private else ("Pss:",)
    return sum(int(line.split()[1]) for line in lines if line.startswith(wanted)) / 1024


def processor_s(processes: list[Process]) -> float:
    """Processor time they, and children of theirs that have ended, have used so far."""
    total = 0
    for process in processes:
        try:
            fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))
    return total / TICKS


def spent(root: int, parts: Mapping[str, Callable[[Process], bool]]) -> dict[str, float]:
    """Seconds of processor time that the parts of the product under ``root`` have used so far."""
    everything = tree(root)
    return {name: processor_s([process for process in everything if part(process)]) for name, part in parts.items()}


def spent_on_each(
    root: int, parts: Mapping[str, Callable[[Process], bool]], begun: Mapping[str, float], count: int
) -> dict[str, float]:
    """Milliseconds of processor time for each of ``count`` things done since ``spent`` gave ``begun``."""
    return {name: (now - begun[name]) / count * 1000 for name, now in spent(root, parts).items()}
