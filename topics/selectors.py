"""Reads: topics and subscriptions of one account."""

import re
import uuid

from django.db.models import Count, Q, QuerySet

from accounts.models import Account
from accounts.selectors import own_arn
from core import arns
from topics.errors import InvalidParameter, SubscriptionNotFound, TopicNotFound
from topics.models import Subscription, Topic

_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}(\.fifo)?", re.ASCII)


def get_topic(*, account: Account, name: str) -> Topic:
    """The topic; raises ``TopicNotFound``."""
    found = Topic.objects.filter(account=account, name=name).first()
    if found is None:
        raise TopicNotFound
    return found


def topic_of_arn(*, account: Account, arn: str) -> Topic:
    """The topic of an ARN; another account's id means the caller's own. Raises ``InvalidParameter``, ``TopicNotFound``."""
    return get_topic(account=account, name=topic_name(account=account, arn=arn))


def topic_name(*, account: Account, arn: str) -> str:
    """The name in a topic's ARN. Raises ``InvalidParameter``."""
    parsed = arns.parse(own_arn(account=account, arn=arn)[0])
    if parsed is None or parsed.service != "sns" or not _NAME.fullmatch(parsed.resource):
        raise InvalidParameter(
            what="TopicArn Reason: An ARN must have at least 6 elements, not " + str(arn.count(":") + 1)
        )
    return parsed.resource


def list_topics(*, account: Account) -> QuerySet[Topic]:
    """The account's topics by name, each with the number of its confirmed subscriptions (``confirmed``)."""
    confirmed = Count("subscriptions", filter=Q(subscriptions__is_confirmed=True))
    return Topic.objects.filter(account=account).annotate(confirmed=confirmed).order_by("name")


def get_subscription(*, account: Account, arn: str) -> Subscription:
    """The subscription of an ARN. Raises ``InvalidParameter`` for what is none, ``SubscriptionNotFound``."""
    parsed = arns.parse(own_arn(account=account, arn=arn)[0])
    name, _, key = parsed.resource.partition(":") if parsed and parsed.service == "sns" else ("", "", "")
    try:
        wanted = uuid.UUID(key)
    except ValueError:
        raise InvalidParameter(what="SubscriptionArn Reason: An ARN must have at least 6 elements") from None
    found = Subscription.objects.select_related("topic")
    subscription = found.filter(topic__account=account, topic__name=name, pk=wanted).first()
    if subscription is None:
        raise SubscriptionNotFound
    return subscription


def list_subscriptions(*, account: Account, topic: Topic | None = None) -> QuerySet[Subscription]:
    """Subscriptions of the account or of one topic, in a stable order."""
    rows = Subscription.objects.filter(topic__account=account).select_related("topic")
    return (rows.filter(topic=topic) if topic is not None else rows).order_by("pk")


def subscriptions_of(*, account: Account, endpoint: str) -> QuerySet[Subscription]:
    """The subscriptions of an endpoint, such as a function's or a queue's ARN."""
    rows = Subscription.objects.filter(topic__account=account, endpoint=endpoint)
    return rows.select_related("topic").order_by("topic__name")
