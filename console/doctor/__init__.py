"""What this machine can do for the product, what is weak, and the command that mends it.

``examine()`` asks every check of ``CHECKS`` and never raises: a check that itself fails is a finding.
"""

from collections.abc import Iterable

from console.doctor import host, services
from console.doctor.finding import Finding, Level

CHECKS = (
    host.python,
    host.sandbox,
    host.user_namespaces,
    host.cgroups,
    host.runtimes,
    host.memory,
    host.disk,
    services.database,
    services.redis,
    services.listeners,
    services.engines,
)

__all__ = ["CHECKS", "Finding", "Level", "examine"]


def examine() -> Iterable[Finding]:
    """Every finding, in the order a reader wants them."""
    for check in CHECKS:
        try:
            yield from check()
        except Exception as error:
            yield Finding(check.__name__, Level.MISSING, f"could not be examined: {type(error).__name__}: {error}")
