"""The resource policy of a function: who else may invoke it. Each qualifier has a policy of its own."""

from typing import Any

from django.db import transaction

from accounts.models import Account
from accounts.policies import sid_for
from accounts.services import bump_stamp
from core import arns, ids, limits
from functions import policies, selectors
from functions.errors import PolicyLengthExceeded, PolicyNotFound, StatementAlreadyExists, StatementNotFound
from functions.models import Function, PolicyStatement
from functions.policies import Permission
from functions.preconditions import check_revision


@transaction.atomic
def add_permission(
    *, account: Account, name: str, permission: Permission, qualifier: str = "", revision_id: str = ""
) -> dict[str, Any]:
    """Add a statement and return it, as it stands in the policy.

    Raises ``FunctionNotFound``, ``StatementAlreadyExists``, ``PreconditionFailed``, ``PolicyLengthExceeded`` (20 KB),
    ``InvalidParameterValue`` for a principal that is neither a service, an account nor an ARN.
    """
    policies.check(permission)
    function = _lock(account, name, qualifier)
    check_revision(function.policy_revision_id, revision_id)
    resource = arns.function(function.region, account.id, name, qualifier)
    document = policies.statement(permission, resource=resource)
    statements = function.policy_statements.filter(qualifier=qualifier)
    if statements.filter(sid=permission.sid).exists():
        raise StatementAlreadyExists(sid=permission.sid)
    _check_length([*(row.statement for row in statements), document])
    PolicyStatement.objects.create(function=function, qualifier=qualifier, sid=permission.sid, statement=document)
    _touch(function)
    return document


def let_in(*, account: Account, name: str, service: str, source_arn: str, qualifier: str = "") -> None:
    """Let an AWS service (``sns.amazonaws.com``) invoke on behalf of ``source_arn``. Raises what ``add_permission`` raises."""
    permission = Permission(
        sid=sid_for(service),
        action="lambda:InvokeFunction",
        principal=service,
        source_arn=source_arn,
    )
    add_permission(account=account, name=name, qualifier=qualifier, permission=permission)


@transaction.atomic
def remove_permission(*, account: Account, name: str, sid: str, qualifier: str = "", revision_id: str = "") -> None:
    """Remove a statement. Raises ``FunctionNotFound``, ``PolicyNotFound``, ``StatementNotFound``, ``PreconditionFailed``."""
    function = _lock(account, name, qualifier)
    statements = function.policy_statements.filter(qualifier=qualifier)
    if not statements.exists():
        raise PolicyNotFound
    check_revision(function.policy_revision_id, revision_id)
    if not statements.filter(sid=sid).delete()[0]:
        raise StatementNotFound(sid=sid)
    _touch(function)


def _lock(account: Account, name: str, qualifier: str) -> Function:
    function = selectors.lock_function(account=account, name=name)
    selectors.version_of(function=function, qualifier=qualifier)
    return function


def _check_length(statements: list[dict[str, Any]]) -> None:
    document = {"Version": "2012-10-17", "Id": "default", "Statement": statements}
    if (actual := len(selectors.policy_text(document).encode())) > limits.RESOURCE_POLICY_SIZE:
        raise PolicyLengthExceeded(actual=actual, limit=limits.RESOURCE_POLICY_SIZE)


def _touch(function: Function) -> None:
    function.policy_revision_id = ids.revision_id()
    function.save(update_fields=["policy_revision_id"])
    bump_stamp(account_id=function.account_id)
