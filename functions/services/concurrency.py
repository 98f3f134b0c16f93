"""Reserved concurrency: a share of the account's that belongs to one function, and is its limit."""

from django.db import transaction

from accounts.models import Account
from accounts.services import bump_stamp
from core import limits
from core.errors import InvalidParameterValue
from functions import configuration, selectors
from functions.models import Function


@transaction.atomic
def put_function_concurrency(*, account: Account, name: str, reserved: int) -> Function:
    """Reserve ``reserved`` executions at once for a function; 0 stops it.

    At least 100 of the account's must stay unreserved: ``InvalidParameterValue``. Raises ``FunctionNotFound``.
    """
    function = selectors.lock_function(account=account, name=name)
    if reserved < 0:
        raise configuration.invalid(
            reserved, "reservedConcurrentExecutions", "Member must have value greater than or equal to 0"
        )
    bump_stamp(account_id=account.id)  # holds the account's row: of two at once, the second counts the first's share
    left = selectors.unreserved_concurrency(account=account, without=function) - reserved
    if reserved and left < limits.UNRESERVED_CONCURRENCY_MIN:
        raise InvalidParameterValue(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{limits.UNRESERVED_CONCURRENCY_MIN}]."
        )
    return _reserve(function, reserved)


@transaction.atomic
def delete_function_concurrency(*, account: Account, name: str) -> Function:
    """Reserve nothing any more; fine when nothing was. Raises ``FunctionNotFound``."""
    function = selectors.lock_function(account=account, name=name)
    bump_stamp(account_id=account.id)
    return _reserve(function, None)


def _reserve(function: Function, reserved: int | None) -> Function:
    function.reserved_concurrency = reserved
    function.save(update_fields=["reserved_concurrency"])
    return function
