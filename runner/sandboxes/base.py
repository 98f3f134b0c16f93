"""The driver contract: what ``runner`` asks of whatever holds untrusted code.

The life of a sandbox::

    driver.prepare()                        once in each worker process
    sandbox = driver.start(interpreter)     generic: it runs nobody's code yet, and may wait in a pool
    sandbox.bind(spec)                      now it belongs to one function version of one account, for good
    … frames over ``sandbox.stream`` (``runner.environment`` speaks them) …
    sandbox.kill()                          every process and every trace of it is gone

A driver raises ``SandboxFailure`` for its own troubles. What the code inside does is never an exception: it is
bytes on ``stream``, and the reader believes none of them.
"""

import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from socket import socket
from typing import Any, ClassVar

from core import limits
from runner.runtimes import Interpreter
from runner.sandboxes.errors import SandboxFailure, SandboxUnavailable

__all__ = [
    "DRIVERS",
    "Binding",
    "Capability",
    "Sandbox",
    "SandboxDriver",
    "SandboxFailure",
    "SandboxSpec",
    "SandboxUnavailable",
    "Sdk",
    "make_driver",
]

DRIVERS = {
    "bubblewrap": "runner.sandboxes.bubblewrap.Bubblewrap",
    "docker": "runner.sandboxes.docker.Docker",
    "native": "runner.sandboxes.native.Native",
}


class Sdk(Enum):
    """How a generic sandbox of a Python function comes by the AWS SDK, which takes longer to import than all the rest."""

    AHEAD = "ahead"  # it is imported while nobody waits
    AT_HAND = "at hand"  # it is there where it can be had at once; else the function imports it
    UNUSED = "unused"  # the code does not name it


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSpec:
    """One function version, as a sandbox needs to know it.

    ``code_dir``     its unpacked package; seen as ``/var/task``
    ``layer_dirs``   its unpacked layers in order; merged as ``/opt``, later ones win
    ``environment``  all its environment variables (``runner.context.environment_variables``)
    ``memory_mb``, ``ephemeral_mb``  MemorySize and the size of ``/tmp``
    ``label``        whose it is, for operators: ``<account>/<function>:<version>``
    """

    interpreter: Interpreter
    handler: str
    code_dir: Path
    layer_dirs: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_mb: int = limits.MEMORY_MB_DEFAULT
    ephemeral_mb: int = limits.EPHEMERAL_STORAGE_MB_DEFAULT
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """One thing that a driver needs or can use, for the doctor: is it there, and what to do when not.

    ``required``: without it the driver refuses to run strangers' code; otherwise a limit is only weaker.
    """

    name: str
    ok: bool
    required: bool
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What PID 1 must still be told when the host has done its part.

    ``environment``  the function's environment variables as they must be inside
    ``data_limit_mb``  a limit on each process's data, where no control group limits memory; else 0
    """

    environment: dict[str, str]
    data_limit_mb: int = 0


class Sandbox(ABC):
    """One sandbox. Used by one thread at a time; ``kill`` may be called by any thread, any number of times."""

    interpreter: Interpreter
    ephemeral_mb: int
    bound = False
    stream: socket  # frames, both ways; non-blocking; EOF when the sandbox has died

    def fits(self, spec: SandboxSpec) -> bool:
        """Whether this still generic sandbox may be bound to ``spec``: same interpreter, same size of ``/tmp``."""
        return self.interpreter == spec.interpreter and self.ephemeral_mb == spec.ephemeral_mb

    def claim_for(self, spec: SandboxSpec) -> None:
        """The first act of every ``bind``: a sandbox is bound once, and never again. Raises ``SandboxFailure``."""
        if not self.fits(spec):
            raise SandboxFailure("The sandbox was started for another interpreter or size of /tmp.")
        if self.bound:
            raise SandboxFailure("The sandbox belongs to a function already.")
        self.bound = True

    @abstractmethod
    def bind(self, spec: SandboxSpec) -> Binding:
        """Put the code in place and set the limits of ``spec``; once only. Raises ``SandboxFailure``."""

    @abstractmethod
    def settle(self) -> None:
        """The init phase is over: hold it to its share of the processor from now on."""

    @abstractmethod
    def oom_kills(self) -> int:
        """How many processes of it the kernel has killed for want of memory, as seen from outside."""

    @abstractmethod
    def startup_error(self) -> str:
        """What the sandboxing tool said when it could not start; empty when it said nothing."""

    @abstractmethod
    def kill(self) -> None:
        """End every process in it and remove what it used; returns when that is done, or given up on (logged)."""


class SandboxDriver(ABC):
    """Makes sandboxes. One instance in each worker process; safe to use from several threads."""

    name: ClassVar[str]
    starts_slowly: ClassVar[bool] = False  # so slowly that it is worth to start for those who will ask soon

    @abstractmethod
    def capabilities(self) -> list[Capability]:
        """What this host offers the driver, probed by trying; for the doctor and the console's "weak limits" note."""

    @abstractmethod
    def prepare(self) -> None:
        """Get this process ready to start sandboxes, and sweep what dead workers left behind; idempotent.

        Raises ``SandboxUnavailable``, naming what is missing, when this host cannot hold strangers' code.
        """

    @abstractmethod
    def start(
        self,
        interpreter: Interpreter,
        *,
        ephemeral_mb: int = limits.EPHEMERAL_STORAGE_MB_DEFAULT,
        sdk: Sdk = Sdk.AT_HAND,
    ) -> Sandbox:
        """Start a generic sandbox for ``interpreter`` and return without waiting for it. Raises ``SandboxFailure``."""

    @abstractmethod
    def sweep(self) -> int:
        """Remove what workers that died left behind (directories, cgroups, processes); how many workers' worth."""

    @abstractmethod
    def close(self) -> None:
        """Kill every sandbox of this process and give back what ``prepare`` took."""


def make_driver(name: str, **options: Any) -> SandboxDriver:
    """A new driver by its name in ``DRIVERS``. Raises ``SandboxUnavailable`` for an unknown name."""
    if name not in DRIVERS:
        raise SandboxUnavailable(f"There is no sandbox driver {name!r}; known: {', '.join(DRIVERS)}.")
    module, _dot, class_name = DRIVERS[name].rpartition(".")
    driver: SandboxDriver = getattr(importlib.import_module(module), class_name)(**options)
    return driver
