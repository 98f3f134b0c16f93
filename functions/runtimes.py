"""THE table of runtime identifiers, and which of them this server offers.

Listed are the identifiers of AWS's current service model and the older ones that lectures still show. Which of
them can *run* here is not known in this package: whoever runs them registers an answer with
``register_availability``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """The languages; a family shares a bootstrap and a handler's spelling."""

    PYTHON = "python"
    NODEJS = "nodejs"
    PROVIDED = "provided"
    JAVA = "java"
    DOTNET = "dotnet"
    RUBY = "ruby"
    GO = "go"


@dataclass(frozen=True, slots=True)
class Runtime:
    """One identifier. ``deprecated``: AWS no longer creates functions with it; here it is only marked *legacy*."""

    identifier: str
    family: Family
    label: str
    deprecated: bool = False


_VERSIONS: dict[Family, tuple[str, str, str]] = {
    # family: (label, current identifiers, deprecated identifiers), newest first
    Family.PYTHON: (
        "Python",
        "python3.15 python3.14 python3.13 python3.12 python3.11 python3.10",
        "python3.9 python3.8 python3.7 python3.6 python2.7",
    ),
    Family.NODEJS: (
        "Node.js",
        "nodejs26.x nodejs24.x nodejs22.x",
        "nodejs20.x nodejs18.x nodejs16.x nodejs14.x nodejs12.x nodejs10.x nodejs8.10 nodejs6.10 nodejs4.3 "
        "nodejs4.3-edge nodejs",
    ),
    Family.PROVIDED: ("Custom runtime on Amazon Linux", "provided.al2023 provided.al2", "provided"),
    Family.JAVA: (
        "Java",
        "java25 java21 java17 java17.al2023 java11 java11.al2023 java8.al2 java8.al2023",
        "java8",
    ),
    Family.DOTNET: (".NET", "dotnet10 dotnet8", "dotnet6 dotnetcore3.1 dotnetcore2.1 dotnetcore2.0 dotnetcore1.0"),
    Family.RUBY: ("Ruby", "ruby4.0 ruby3.4 ruby3.3", "ruby3.2 ruby2.7 ruby2.5"),
    Family.GO: ("Go", "", "go1.x"),
}


def _label(family: Family, words: str, identifier: str) -> str:
    version = identifier.removeprefix("dotnetcore").removeprefix(family.value).removeprefix(".").removesuffix(".x")
    return f"{words} {version}".rstrip()


def _table() -> dict[str, Runtime]:
    rows = {}
    for family, (words, current, deprecated) in _VERSIONS.items():
        for identifier in current.split():
            rows[identifier] = Runtime(identifier, family, _label(family, words, identifier))
        for identifier in deprecated.split():
            rows[identifier] = Runtime(identifier, family, _label(family, words, identifier), deprecated=True)
    return rows


RUNTIMES: dict[str, Runtime] = _table()
FAMILY_LABELS: dict[str, str] = {family.value: words for family, (words, _current, _deprecated) in _VERSIONS.items()}

_is_available: Callable[[str], bool] | None = None


def register_availability(answer: Callable[[str], bool] | None) -> None:
    """Let ``answer(identifier)`` say which runtimes can run here; None forgets it again (for tests)."""
    global _is_available
    _is_available = answer


def get(identifier: str) -> Runtime | None:
    """The row of an identifier, or None when AWS has no such runtime."""
    return RUNTIMES.get(identifier)


def is_available(identifier: str) -> bool:
    """Whether functions with this runtime can run here. With nobody registered: every Python and Node.js."""
    runtime = RUNTIMES.get(identifier)
    if runtime is None:
        return False
    if _is_available is None:
        return runtime.family in (Family.PYTHON, Family.NODEJS)
    return _is_available(identifier)


def available() -> list[Runtime]:
    """The runtimes that can be chosen here: by family, newest first, deprecated ones last within each."""
    return [runtime for runtime in RUNTIMES.values() if is_available(runtime.identifier)]
