"""A topic and its subscriber, connected in one step: the subscription, and the subscriber's own permission."""

from django.db import transaction

from accounts.models import Account
from functions.models import Function
from functions.policies import source_of
from functions.selectors import get_function
from functions.services import permissions
from queues.models import Queue
from queues.services import let_in
from topics.delivering import SERVICE
from topics.models import Subscription, Topic
from topics.services.subscribing import subscribe


@transaction.atomic
def subscribe_function(*, account: Account, topic: Topic, function: str) -> Subscription:
    """Have a topic invoke a function, and let it."""
    found = get_function(account=account, name=function)
    subscription = subscribe(account=account, topic=topic, protocol="lambda", endpoint=found.arn)
    _permit(found, topic)
    return subscription


@transaction.atomic
def subscribe_queue(*, account: Account, topic: Topic, queue: Queue, is_raw: bool = False) -> Subscription:
    """Have a topic send to a queue, and let it: a statement more in the queue's policy where it needs one."""
    given = {"RawMessageDelivery": "true"} if is_raw else {}
    subscription = subscribe(account=account, topic=topic, protocol="sqs", endpoint=queue.arn, given=given)
    let_in(account=account, name=queue.name, service=SERVICE, source_arn=topic.arn)
    return subscription


def _permit(function: Function, topic: Topic) -> None:
    """Let the topic invoke the function; said once only."""
    if all(source_of(row.statement) != topic.arn for row in function.policy_statements.filter(qualifier="")):
        permissions.let_in(account=function.account, name=function.name, service=SERVICE, source_arn=topic.arn)
