"""Which interpreter of this host runs a function of a given runtime identifier.

The identifier's own version when the host has it. Else the nearest: an old lecture's ``python3.8`` still runs, on the
oldest Python that is newer, and ``note_for`` says so wherever a person looks.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from functions.runtimes import RUNTIMES, Family
from runner.runtimes.discovery import Interpreter, interpreters
from runner.sandboxes.errors import SandboxUnavailable

_FAMILIES = {Family.PYTHON: "python", Family.NODEJS: "node"}
_VERSION = re.compile(r"(\d+)(?:\.(\d+))?")


def interpreter_for(runtime: str) -> Interpreter:
    """The interpreter for a runtime identifier. Raises ``SandboxUnavailable``, saying what this host lacks."""
    row = RUNTIMES.get(runtime)
    if row is not None and row.family is Family.PROVIDED:
        return _carrier()
    family = _FAMILIES.get(row.family) if row else None
    if row is None or family is None:
        raise SandboxUnavailable(f"This server cannot run functions of the runtime {runtime}.")
    candidates = [interpreter for interpreter in interpreters() if interpreter.family == family]
    if not candidates:
        raise SandboxUnavailable(f"This server has no {row.family.value} interpreter to run {runtime} with.")
    return _nearest(_wanted(runtime), candidates)


def _carrier() -> Interpreter:
    """What a custom runtime finds around it: the newest Python, because PID 1 needs one anyway. None of it is started."""
    pythons = [interpreter for interpreter in interpreters() if interpreter.family == "python"]
    if not pythons:
        raise SandboxUnavailable("This server has no Python interpreter, which custom runtimes need as well.")
    return replace(max(pythons, key=lambda interpreter: interpreter.version), family="provided")


def is_available(runtime: str) -> bool:
    """Whether functions of this runtime can run here, be it on a neighbouring version."""
    try:
        interpreter_for(runtime)
    except SandboxUnavailable:
        return False
    return True


def note_for(runtime: str) -> str:
    """What a person should know when a runtime does not run on its own version; else empty."""
    if not is_available(runtime):
        return ""
    interpreter = interpreter_for(runtime)
    if interpreter.family == "provided":
        return _("This server runs custom runtimes on its own system, not on Amazon Linux.")
    if _same(_wanted(runtime), interpreter):
        return ""
    return _("This server runs {runtime} on {interpreter}.").format(runtime=runtime, interpreter=interpreter.label)


def _wanted(runtime: str) -> tuple[int, int]:
    found = _VERSION.search(runtime)
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)


def _same(wanted: tuple[int, int], interpreter: Interpreter) -> bool:
    if interpreter.family == "node":
        return interpreter.version[0] == wanted[0]
    return interpreter.version == wanted


def _nearest(wanted: tuple[int, int], candidates: Sequence[Interpreter]) -> Interpreter:
    """The same version; else the oldest that is newer, which still understands the code; else the newest there is."""
    oldest_first = sorted(candidates, key=lambda interpreter: interpreter.version)
    for interpreter in oldest_first:
        if _same(wanted, interpreter) or interpreter.version > wanted:
            return interpreter
    return oldest_first[-1]
