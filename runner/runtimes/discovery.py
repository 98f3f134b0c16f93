"""Finding interpreters."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Interpreter:
    """One interpreter on this host that was run and answered.

    ``family``      ``python`` or ``node``
    ``version``     major and minor, e.g. ``(3, 13)``; node's minor is kept but never compared
    ``executable``  the real file, e.g. ``…/versions/3.13.0/bin/python3.13``
    ``prefix``      the installation it belongs to, e.g. ``…/versions/3.13.0``, or ``/usr`` for the system's own
    """

    family: str
    version: tuple[int, int]
    executable: Path
    prefix: Path

    @property
    def label(self) -> str:
        """As a person writes it: ``Python 3.13``, ``Node.js 22``."""
        if self.family == "node":
            return f"Node.js {self.version[0]}"
        return f"Python {self.version[0]}.{self.version[1]}"

    @property
    def is_system(self) -> bool:
        """Whether it lives under ``/usr``, which every sandbox has."""
        return self.prefix == Path("/usr")


def interpreters() -> tuple[Interpreter, ...]:
    """Every usable interpreter of this host, newest first within a family."""
    return ()
