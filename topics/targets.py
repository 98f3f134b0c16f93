"""Topics as targets of events: what is delivered to a topic's ARN is published."""

import json
from typing import Any

from accounts.models import Account
from accounts.policies import Grants, Request, Subject, context_of, evaluate
from core import arns
from core.errors import InvalidParameterValue
from core.targets import Attributes
from queues import contents
from topics import messages, policies, selectors
from topics.messages import Message
from topics.services.managing import let_in
from topics.services.publishing import publish
from triggers.errors import NotPermitted

PUBLISH = "SNS:Publish"


def deliver_to_topic(*, account_id: str, arn: arns.Arn, event: Any, attributes: Attributes | None = None) -> None:
    """Publish ``event`` as JSON to the topic ``arn``; in the caller's transaction if there is one. Raises ServiceError.

    FIFO topics are no targets, as on AWS: an event has no message group.
    """
    if arn.account != account_id:
        raise InvalidParameterValue(f"The destination ARN {arn} is invalid.")
    topic = selectors.topic_of_arn(account=Account(pk=account_id), arn=str(arn))
    body = json.dumps(event, separators=(",", ":"), ensure_ascii=False)
    publish(topic=topic, message=Message({messages.DEFAULT: body}, attributes=contents.plain(attributes or {})))


def check_publisher(*, account_id: str, arn: arns.Arn, service: str, source_arn: str) -> None:
    """Raise ``NotPermitted`` unless the topic's policy lets ``service`` publish for ``source_arn``.

    The policy that a topic has of itself lets in nobody but its account. Source: EventBridge user guide, "Using
    resource-based policies", Amazon SNS permissions.
    """
    topic = selectors.topic_of_arn(account=Account(pk=account_id), arn=str(arn))
    context = {"aws:SourceArn": source_arn, "aws:SourceAccount": account_id, "aws:PrincipalServiceName": service}
    decision = evaluate(
        Request(PUBLISH, topic.arn, context_of(context)),
        subject=Subject(service=service),
        grants=Grants(),
        resource=policies.policy_of(topic),
        owner=account_id,
    )
    if not decision.allowed:
        raise NotPermitted(
            reason=f"User: {service} is not authorized to perform: {PUBLISH} on resource: {topic.arn} "
            f"{decision.why(PUBLISH)}"
        )


def admit(*, account_id: str, arn: arns.Arn, service: str, source_arn: str) -> None:
    """Have the topic's policy let ``service`` publish for ``source_arn``."""
    let_in(account=Account(pk=account_id), arn=str(arn), service=service, source_arn=source_arn)
