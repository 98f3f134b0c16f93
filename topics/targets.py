"""Topics as targets of events: what is delivered to a topic's ARN is published."""

import json
from collections.abc import Mapping
from typing import Any

from accounts.models import Account
from core import arns
from core.errors import InvalidParameterValue
from queues.contents import AttributeValue
from topics import messages, selectors
from topics.messages import Message
from topics.services.publishing import publish


def deliver_to_topic(
    *, account_id: str, arn: arns.Arn, event: Any, attributes: Mapping[str, str] | None = None
) -> None:
    """Publish ``event`` as JSON to the topic ``arn``; in the caller's transaction if there is one. Raises ServiceError.

    FIFO topics are no targets, as on AWS: an event has no message group.
    """
    if arn.account != account_id:
        raise InvalidParameterValue(f"The destination ARN {arn} is invalid.")
    topic = selectors.topic_of_arn(account=Account(pk=account_id), arn=str(arn))
    body = json.dumps(event, separators=(",", ":"), ensure_ascii=False)
    given = {name: AttributeValue("String", value) for name, value in (attributes or {}).items() if value}
    publish(topic=topic, message=Message(bodies={messages.DEFAULT: body}, attributes=given))
