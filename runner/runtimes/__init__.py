"""Interpreters found on this host, and which runtime identifier runs on which of them.

``functions.runtimes`` is the table of identifiers; this package knows what the machine can do with them. The folders
beside (``python``, ``node``) and ``init.py`` are programs that run inside sandboxes.
"""

from runner.runtimes.discovery import Interpreter, interpreters  # isort: skip - ``choice`` needs it in place
from runner.runtimes.choice import interpreter_for, is_available, note_for

__all__ = ["Interpreter", "interpreter_for", "interpreters", "is_available", "note_for"]
