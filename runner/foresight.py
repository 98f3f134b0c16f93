"""Who will test soon: whoever changed a function a moment ago. Where a start takes long, it is made in the meantime."""

from collections import Counter
from datetime import timedelta

from core import clock
from core.errors import ServiceError
from functions.models import Version
from runner import runtimes
from runner.pool import Pool
from runner.runtimes import Interpreter

WINDOW = timedelta(minutes=5)
_LOOKED_AT = 500


def expected(pool: Pool) -> Counter[Interpreter]:
    """How many functions were changed within ``WINDOW`` and have not run in this process since."""
    changed = Version.objects.filter(number=0, last_modified__gte=clock.now() - WINDOW)
    found: Counter[Interpreter] = Counter()
    for version_id, runtime, modified in changed.values_list("pk", "runtime", "last_modified")[:_LOOKED_AT]:
        if pool.has_run(version_id, since=modified):
            continue
        try:
            found[runtimes.interpreter_for(runtime)] += 1
        except ServiceError:  # a runtime that this host does not have
            continue
    return found
