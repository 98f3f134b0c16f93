"""Who a queue's policy lets in: other services above all, which have no policies of their own."""

from accounts.policies import Decision, Grants, Policies, Request, Subject, context_of, evaluate, parse
from queues.models import Queue

SEND = "sqs:SendMessage"


def policy_of(queue: Queue) -> Policies | None:
    """The queue's policy, or None without one."""
    return Policies.of(parse(queue.policy, name=f"queue {queue.name}")) if queue.policy else None


def may_send(*, queue: Queue, service: str, source_arn: str = "", source_account: str = "") -> Decision:
    """Whether an AWS service (``sns.amazonaws.com``) may send messages on behalf of ``source_arn``."""
    context = context_of(
        {"aws:SourceArn": source_arn, "aws:SourceAccount": source_account, "aws:PrincipalServiceName": service}
    )
    return evaluate(
        Request(SEND, queue.arn, context),
        subject=Subject(service=service),
        grants=Grants(),
        resource=policy_of(queue),
        owner=queue.account_id,
    )
