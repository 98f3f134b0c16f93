"""Subscriptions: who gets what a topic is told."""

import hmac
from collections.abc import Mapping

from django.db import transaction
from django.db.models import F

from accounts.models import Account
from accounts.selectors import own_arn
from core import arns, outgoing
from topics import attributes, delivering, selectors
from topics.errors import InvalidParameter
from topics.models import Subscription, Topic

_ENDPOINTS = {"sqs": ("sqs", "SQS"), "lambda": ("lambda", "Lambda")}


@transaction.atomic
def subscribe(
    *,
    account: Account,
    topic: Topic,
    protocol: str,
    endpoint: str,
    given: Mapping[str, str] | None = None,
    principal_arn: str = "",
    endpoint_url: str = "",
) -> Subscription:
    """Subscribe an endpoint; one that is subscribed already comes back as it is.

    An HTTP endpoint is sent a request to confirm, with a link to ``endpoint_url``, where its owner reaches this server.
    Raises ``InvalidParameter``: an unknown protocol, an endpoint that is none or not for students to reach, attributes
    that differ from those of the subscription that is there.
    """
    endpoint = _checked(account, topic, protocol, endpoint)
    read = attributes.read_subscription(given or {}, protocol=protocol)
    existing = topic.subscriptions.filter(protocol=protocol, endpoint=endpoint).first()
    if existing is not None:
        if any(existing.attributes.get(name) != text for name, text in read.items()):
            raise InvalidParameter(what="Attributes Reason: Subscription already exists with different attributes")
        if not existing.is_confirmed:
            delivering.ask_to_confirm(existing, endpoint_url=endpoint_url)
        return existing
    is_http = protocol in attributes.HTTP
    subscription = Subscription.objects.create(
        topic=topic,
        protocol=protocol,
        endpoint=endpoint,
        attributes=read,
        is_confirmed=not is_http,
        is_authenticated=not is_http,
        principal_arn=principal_arn,
    )
    if is_http:
        delivering.ask_to_confirm(subscription, endpoint_url=endpoint_url)
    return subscription


def _checked(account: Account, topic: Topic, protocol: str, endpoint: str) -> str:
    """The endpoint in the caller's account. Raises ``InvalidParameter``."""
    if protocol not in Subscription.Protocol.values:
        raise InvalidParameter(what=f"Amazon SNS does not support this protocol string: {protocol[:64]}")
    if protocol in attributes.HTTP:
        if not endpoint.startswith(f"{protocol}://"):
            raise InvalidParameter(what="Endpoint must match the specified protocol")
        try:
            outgoing.check(endpoint, schemes=(protocol,))
        except (outgoing.Refused, outgoing.Unreachable) as error:
            raise InvalidParameter(what=f"Endpoint Reason: {error}") from None
        return endpoint
    service, label = _ENDPOINTS[protocol]
    own, _ = own_arn(account=account, arn=endpoint)
    parsed = arns.parse(own)
    if parsed is None or parsed.service != service:
        raise InvalidParameter(what=f"{label} endpoint ARN")
    if service == "sqs" and parsed.resource.endswith(".fifo") and not topic.is_fifo:
        raise InvalidParameter(what="Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics")
    if topic.is_fifo and service != "sqs":
        raise InvalidParameter(what=f"Endpoint Reason: FIFO SNS topics can not deliver to {label} endpoints")
    return own


@transaction.atomic
def confirm_subscription(
    *, account_id: str, topic_arn: str, token: str, is_authenticated: bool = False
) -> Subscription:
    """Confirm by the token that the endpoint was sent. Raises ``InvalidParameter`` for a token that is not (or no more) good."""
    topic = selectors.topic_of_arn(account=Account(pk=account_id), arn=topic_arn)
    for subscription in topic.subscriptions.select_for_update():
        if hmac.compare_digest(subscription.token, token):
            subscription.is_confirmed, subscription.is_authenticated = True, is_authenticated
            subscription.save(update_fields=["is_confirmed", "is_authenticated"])
            return subscription
    raise InvalidParameter(what="Token")


@transaction.atomic
def unsubscribe(*, account: Account, arn: str) -> None:
    """End a subscription; one that is not there has ended already. Raises ``InvalidParameter`` for what is no ARN of one."""
    subscription = selectors.get_subscription(account=account, arn=arn)
    Topic.objects.filter(pk=subscription.topic_id).update(deleted_subscriptions=F("deleted_subscriptions") + 1)
    subscription.delete()


def unsubscribe_by_token(*, account: Account, arn: str, token: str) -> None:
    """End a subscription by the secret in its messages' link. Raises ``InvalidParameter``, ``SubscriptionNotFound``.

    One that was confirmed by somebody signed in is ended by somebody signed in.
    """
    subscription = selectors.get_subscription(account=account, arn=arn)
    if not hmac.compare_digest(subscription.token, token) or subscription.is_authenticated:
        raise InvalidParameter(what="Token")
    unsubscribe(account=account, arn=arn)


@transaction.atomic
def set_subscription_attributes(*, account: Account, arn: str, name: str, value: str) -> Subscription:
    """Set one attribute; an empty text takes it away. Raises ``InvalidParameter``, ``SubscriptionNotFound``."""
    found = selectors.get_subscription(account=account, arn=arn)
    subscription = Subscription.objects.select_for_update().select_related("topic").get(pk=found.pk)
    scope = subscription.attributes.get("FilterPolicyScope", "")
    read = attributes.read_subscription({name: value}, protocol=subscription.protocol, scope=scope)
    kept = {key: text for key, text in {**subscription.attributes, **read}.items() if text}
    attributes.read_subscription(kept, protocol=subscription.protocol)  # together, a filter policy and its scope
    subscription.attributes = kept
    subscription.save(update_fields=["attributes"])
    return subscription
