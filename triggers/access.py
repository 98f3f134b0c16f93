"""May a rule, a schedule or a mapping do what it wants to: by the target's own policy, or by the role it was given."""

import json
from typing import Any

from accounts.models import Account, Role
from accounts.permissions import of_role
from accounts.policies import Decision, Grants, Request, Subject, context_of, evaluate
from accounts.selectors import own_arn
from core import arns
from functions.access import may_invoke
from functions.references import parse_reference
from functions.selectors import get_function
from queues.access import SEND, may_send
from queues.selectors import queue_of_arn
from triggers.errors import NotPermitted

INVOKE = "lambda:InvokeFunction"


def check_invoke_by_policy(*, account: Account, function_arn: str, service: str, source_arn: str) -> None:
    """Raise ``NotPermitted`` unless the function's resource policy lets ``service`` in for ``source_arn``."""
    reference = parse_reference(function_arn, account=account)
    function = get_function(account=account, name=reference.name)
    decision = may_invoke(
        function=function,
        qualifier=reference.qualifier,
        service=service,
        source_arn=source_arn,
        source_account=account.id,
    )
    if not decision.allowed:
        raise NotPermitted(
            reason=f"User: {service} is not authorized to perform: {INVOKE} on resource: {function_arn} "
            f"{decision.why(INVOKE)}"
        )


def check_send_by_policy(*, account: Account, queue_arn: str, service: str, source_arn: str) -> None:
    """Raise ``NotPermitted`` unless the queue's policy lets ``service`` send for ``source_arn``."""
    queue = queue_of_arn(account=account, arn=queue_arn)
    decision = may_send(queue=queue, service=service, source_arn=source_arn, source_account=account.id)
    if not decision.allowed:
        raise NotPermitted(
            reason=f"User: {service} is not authorized to perform: {SEND} on resource: {queue_arn} {decision.why(SEND)}"
        )


def check_role(*, account: Account, role_arn: str, action: str, resource: str, session: str) -> None:
    """Raise ``NotPermitted`` unless the role may do ``action`` on ``resource``. ``account`` was read a moment ago."""
    decision = role_decision(account=account, role_arn=role_arn, action=action, resource=resource)
    if not decision.allowed:
        name = role_arn.rpartition("/")[2]
        raise NotPermitted(
            reason=f"User: arn:aws:sts::{account.id}:assumed-role/{name}/{session} is not authorized to perform: "
            f"{action} on resource: {resource} {decision.why(action)}"
        )


def role_decision(*, account: Account, role_arn: str, action: str, resource: str) -> Decision:
    """Whether the role of that ARN may do it; one that is gone may do nothing."""
    permissions = of_role(account=account, name=role_arn.rpartition("/")[2])
    subject = Subject(permissions.arn, account.id, permissions.arn)
    context = context_of({"aws:PrincipalArn": permissions.arn, "aws:PrincipalType": "AssumedRole"})
    grants = Grants(permissions.identity, permissions.boundary)
    return evaluate(Request(action, resource, context), subject=subject, grants=grants)


def find_role(*, account: Account, role_arn: str) -> Role | None:
    """The caller's role that an ARN means, whatever account it was copied from."""
    own, _ = own_arn(account=account, arn=role_arn)
    parsed = arns.parse(own)
    if parsed is None or not parsed.resource.startswith("role/"):
        return None
    path, _, name = parsed.resource.removeprefix("role").rpartition("/")
    return Role.objects.filter(account=account, name=name, path=f"{path}/").first()


def trusts(document: str, service: str) -> bool:
    """Whether a trust policy lets a service (``scheduler.amazonaws.com``) take the role."""
    try:
        statements = json.loads(document)["Statement"]
    except (ValueError, KeyError, TypeError):
        return False
    return any(_allows(statement, service) for statement in _listed(statements))


def _allows(statement: Any, service: str) -> bool:
    if not isinstance(statement, dict) or statement.get("Effect") != "Allow":
        return False
    if not {str(action).lower() for action in _listed(statement.get("Action"))} & {"sts:assumerole", "sts:*", "*"}:
        return False
    principal = statement.get("Principal")
    services = _listed(principal.get("Service")) if isinstance(principal, dict) else _listed(principal)
    return any(one in (service, "*") for one in services)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
