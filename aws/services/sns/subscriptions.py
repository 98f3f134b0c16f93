"""Subscriptions."""

from django.db.models import QuerySet

from aws.operation import Caller, Params, operation
from aws.services.sns import shapes
from aws.services.sns.pages import page
from topics import attributes, selectors, services
from topics.models import Subscription


@operation("sns", "Subscribe")
def subscribe(caller: Caller, request: Params) -> Params:
    subscription = services.subscribe(
        account=caller.account,
        topic=selectors.topic_of_arn(account=caller.account, arn=request["TopicArn"]),
        protocol=request["Protocol"],
        endpoint=request.get("Endpoint", ""),
        given=request.get("Attributes"),
        principal_arn=caller.principal_arn,
    )
    shown = subscription.is_confirmed or request.get("ReturnSubscriptionArn")
    return {"SubscriptionArn": subscription.arn if shown else "pending confirmation"}


@operation("sns", "ConfirmSubscription")
def confirm_subscription(caller: Caller, request: Params) -> Params:
    subscription = services.confirm_subscription(
        account_id=caller.account.id,
        topic_arn=request["TopicArn"],
        token=request["Token"],
        is_authenticated=request.get("AuthenticateOnUnsubscribe", "").lower() == "true",
    )
    return {"SubscriptionArn": subscription.arn}


@operation("sns", "Unsubscribe")
def unsubscribe(caller: Caller, request: Params) -> None:
    services.unsubscribe(account=caller.account, arn=request["SubscriptionArn"])


@operation("sns", "ListSubscriptions")
def list_subscriptions(caller: Caller, request: Params) -> Params:
    return _page(selectors.list_subscriptions(account=caller.account), request)


@operation("sns", "ListSubscriptionsByTopic")
def list_subscriptions_by_topic(caller: Caller, request: Params) -> Params:
    topic = selectors.topic_of_arn(account=caller.account, arn=request["TopicArn"])
    return _page(selectors.list_subscriptions(account=caller.account, topic=topic), request)


def _page(rows: "QuerySet[Subscription]", request: Params) -> Params:
    found, token = page(rows, request, key="pk")
    return {"Subscriptions": [shapes.subscription(row) for row in found], "NextToken": token}


@operation("sns", "GetSubscriptionAttributes")
def get_subscription_attributes(caller: Caller, request: Params) -> Params:
    subscription = selectors.get_subscription(account=caller.account, arn=request["SubscriptionArn"])
    return {"Attributes": attributes.render_subscription(subscription)}


@operation("sns", "SetSubscriptionAttributes")
def set_subscription_attributes(caller: Caller, request: Params) -> None:
    services.set_subscription_attributes(
        account=caller.account,
        arn=request["SubscriptionArn"],
        name=request["AttributeName"],
        value=request.get("AttributeValue", ""),
    )
