"""Interpreters found on this host, and which runtime identifier runs on which of them.

``functions.runtimes`` is the table of identifiers; this package knows what the machine can do with them.
"""

from runner.runtimes.discovery import Interpreter, interpreters

__all__ = ["Interpreter", "interpreters"]
