"""One thing the doctor found."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How well it stands: as it should, with less than it could have, or so that functions cannot run."""

    OK = "ok"
    WEAK = "weak"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """``remedy`` is a command to type where there is one, else what to do; empty when nothing is to do."""

    name: str
    level: Level
    detail: str
    remedy: str = ""
