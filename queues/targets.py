"""Queues as targets of events: what is delivered to a queue's ARN is a message in it."""

import json
from typing import Any

from accounts.models import Account
from core import arns
from core.errors import InvalidParameterValue
from core.targets import Attributes
from core.trace import carried
from queues import contents, selectors
from queues.contents import Draft
from queues.services import let_in, send_message


def deliver_to_queue(*, account_id: str, arn: arns.Arn, event: Any, attributes: Attributes | None = None) -> None:
    """Send ``event`` as JSON to the queue ``arn``; in the caller's transaction if there is one. Raises ServiceError.

    FIFO queues are no targets, as on AWS: an event has no message group.
    """
    if arn.account != account_id:
        raise InvalidParameterValue(f"The destination ARN {arn} is invalid.")
    queue = selectors.queue_of_arn(account=Account(pk=account_id), arn=str(arn))
    draft = Draft(
        body=json.dumps(event, separators=(",", ":"), ensure_ascii=False),
        attributes=contents.plain(attributes or {}),
        trace=carried(),
    )
    send_message(queue=queue, draft=draft, sender_id=account_id)


def admit(*, account_id: str, arn: arns.Arn, service: str, source_arn: str) -> None:
    """Have the queue's policy let ``service`` send for ``source_arn``."""
    let_in(account=Account(pk=account_id), name=arn.resource, service=service, source_arn=source_arn)
