"""Who a function's resource policy lets in: other services above all, which have no policies of their own."""

from accounts.models import Account
from accounts.policies import Decision, Grants, Policies, Request, Subject, context_of, evaluate, parse
from core import arns
from functions.models import Function, PolicyStatement

INVOKE = "lambda:InvokeFunction"


def policy_of(*, account: Account, name: str, qualifier: str = "") -> Policies | None:
    """The resource policy of exactly this qualifier, or None where it has none."""
    rows = PolicyStatement.objects.filter(function__account=account, function__name=name, qualifier=qualifier)
    statements = list(rows.order_by("pk").values_list("statement", flat=True))
    if not statements:
        return None
    return Policies.of(parse({"Version": "2012-10-17", "Statement": statements}, name=f"function {name}"))


def may_invoke(
    *,
    function: Function,
    qualifier: str = "",
    service: str,
    source_arn: str = "",
    source_account: str = "",
    action: str = INVOKE,
) -> Decision:
    """Whether an AWS service (``s3.amazonaws.com``) may invoke a function on behalf of ``source_arn``."""
    account = function.account
    context = context_of(
        {"aws:SourceArn": source_arn, "aws:SourceAccount": source_account, "aws:PrincipalServiceName": service}
    )
    arn = arns.function(function.region, account.id, function.name, qualifier)
    return evaluate(
        Request(action, arn, context),
        subject=Subject(service=service),
        grants=Grants(),
        resource=policy_of(account=account, name=function.name, qualifier=qualifier),
        owner=account.id,
    )
