"""From a function's name to what an invocation of it needs to know, quickly and never out of date.

What was found is kept in the process and used again as long as the account's stamp, read each time by one cheap
query, is still the same: whatever changes an answer moves the stamp in the same transaction.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from django.db import connection

from accounts import stamps
from accounts.models import Account
from functions import qualifiers, selectors
from functions.models import Function, Version
from runner.errors import FunctionNotActive
from runner.leases import Allowance

_RUNNABLE = frozenset({Version.State.ACTIVE, Version.State.INACTIVE})


@dataclass(frozen=True, slots=True)
class Found:
    """One version that will run, as it was at ``stamp``."""

    stamp: int
    account_id: str
    function_id: str
    function_name: str
    version_id: int
    version: str
    state: str
    timeout_s: int
    qualifier: str
    invoked_arn: str
    allowance: Allowance
    recursive_loop: str = "Terminate"

    def check_state(self) -> None:
        """Raise ``FunctionNotActive`` when it cannot be invoked now."""
        if self.state not in _RUNNABLE:
            raise FunctionNotActive(state=self.state)


_SIZE = 20_000
_known: OrderedDict[tuple[str, str, str], Found] = OrderedDict()
_lock = threading.Lock()


def find(*, account_id: str, reference: str, qualifier: str = "") -> Found:
    """What answers to ``reference`` now; of a weighted alias, one of its versions by chance.

    Raises ``FunctionNotFound``, and what ``functions.qualifiers`` says about names that are none.
    """
    stamp, limit = _stamp_and_limit(account_id)
    key = (account_id, reference, qualifier or "")
    with _lock:
        known = _known.get(key)
        if known is not None and known.stamp == stamp:
            _known.move_to_end(key)
            return known
    found, by_chance = _resolve(account_id, reference, qualifier, stamp, limit)
    if not by_chance:
        with _lock:
            _known[key] = found
            while len(_known) > _SIZE:
                _known.popitem(last=False)
    return found


async def recall(*, account_id: str, reference: str, qualifier: str = "") -> Found | None:
    """What ``find`` would say now, if it is known; for an event loop. None: ask ``find``, in a thread."""
    known = _known.get((account_id, reference, qualifier or ""))
    if known is None:
        return None
    now = await stamps.read(account_id)
    return known if now is not None and known.stamp == now.stamp else None


def _stamp_and_limit(account_id: str) -> tuple[int, int]:
    """Asked for every invocation, so in SQL by hand: the ORM takes five times as long to say the same."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT stamp, concurrency_limit FROM accounts_account WHERE id = %s", [account_id])
        row = cursor.fetchone()
    if row is None:
        raise Account.DoesNotExist(account_id)
    return row[0], row[1]


def _resolve(account_id: str, reference: str, qualifier: str, stamp: int, limit: int) -> tuple[Found, bool]:
    account = Account(pk=account_id)
    parsed = qualifiers.parse_reference(reference, account=account)
    wanted = qualifiers.combine(parsed, qualifier)
    resolved = qualifiers.resolve(account=account, reference=parsed, qualifier=qualifier)
    function, version = resolved.function, resolved.version
    found = Found(
        stamp=stamp,
        account_id=account_id,
        function_id=str(function.pk),
        function_name=function.name,
        version_id=version.pk,
        version=version.label,
        state=version.state,
        timeout_s=version.timeout,
        qualifier=wanted,
        invoked_arn=resolved.invoked_arn,
        allowance=allowance(function, limit),
        recursive_loop=function.recursive_loop,
    )
    return found, _is_weighted(function, wanted)


_RESERVED = "SELECT SUM(reserved_concurrency) FROM functions_function WHERE account_id = %s"


def allowance(function: Function, account_limit: int) -> Allowance:
    """How many invocations of a function may run at once, and what they are counted with."""
    with connection.cursor() as cursor:
        cursor.execute(_RESERVED, [function.account_id])
        reserved = cursor.fetchone()[0]
    return Allowance.of(
        account_id=str(function.account_id),
        function_id=str(function.pk),
        reserved=function.reserved_concurrency,
        unreserved_limit=max(0, account_limit - int(reserved or 0)),
    )


def _is_weighted(function: Function, qualifier: str) -> bool:
    if qualifiers.version_number(qualifier) is not None:
        return False
    alias = selectors.find_alias(function=function, name=qualifier)
    return alias is None or bool(alias.weights)
