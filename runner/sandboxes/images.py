"""With the Docker driver, interpreters are images: asked of the broker, and remembered."""

import logging
import threading
from pathlib import Path

from django.conf import settings

from runner.broker import protocol
from runner.runtimes.discovery import Interpreter

log = logging.getLogger(__name__)
CALL_S = 10.0
_known: tuple[Interpreter, ...] = ()
_trouble = ""  # why they are not known, when that has been said
_mutex = threading.Lock()


def interpreters() -> tuple[Interpreter, ...]:
    """Every runtime there is an image for, newest first within a family; none as long as the broker does not answer."""
    global _known
    with _mutex:
        if not _known:
            _known = _ask()
        return _known


def forget() -> None:
    """Ask anew next time: the images, or the broker, are others."""
    global _known
    with _mutex:
        _known = ()


def _ask() -> tuple[Interpreter, ...]:
    global _trouble
    try:
        answer, _none = protocol.call(str(settings.SANDBOX_BROKER), {"verb": "runtimes"}, timeout_s=CALL_S)
    except protocol.BrokerError as error:
        if str(error) != _trouble:  # each runtime is asked for: once is enough
            _trouble = str(error)
            log.warning("Which runtimes there are is not known: %s", error)
        return ()
    _trouble = ""
    found = [_interpreter(one) for one in answer["runtimes"]]
    return tuple(sorted(found, key=lambda item: (item.family, item.version), reverse=True))


def _interpreter(runtime: protocol.Message) -> Interpreter:
    """``prefix`` is ``/usr`` or below: inside its image an interpreter is the system's own."""
    major, minor = runtime["version"]
    executable = Path(runtime["executable"])
    return Interpreter(runtime["family"], (major, minor), executable, executable.parent.parent)
