"""What SNS's operations need. A topic's own policy is read where somebody has set one."""

from accounts.policies import Policies
from accounts.selectors import own_arn
from aws.operation import Caller, Params
from aws.permissions import Find, Rule, anything, register
from core import arns
from topics import policies, selectors
from topics.errors import InvalidParameter, TopicNotFound


def _arn(member: str) -> Find:
    return lambda caller, request: own_arn(account=caller.account, arn=request[member])[0]


def _new(caller: Caller, request: Params) -> str:
    return arns.topic(caller.region, caller.account.id, request["Name"])


def _of_subscription(caller: Caller, request: Params) -> str:
    """A subscription belongs to its topic, whose ARN is in its own."""
    return own_arn(account=caller.account, arn=request["SubscriptionArn"])[0].rpartition(":")[0]


def _policy(caller: Caller, request: Params) -> Policies | None:
    arn = request.get("TopicArn") or request.get("TargetArn") or request.get("ResourceArn")
    try:
        return policies.policy_of(selectors.topic_of_arn(account=caller.account, arn=arn)) if arn else None
    except (InvalidParameter, TopicNotFound):
        return None  # the operation itself will say so


def _subscribe_keys(caller: Caller, request: Params) -> dict[str, str | None]:
    return {"sns:Protocol": request.get("Protocol"), "sns:Endpoint": request.get("Endpoint")}


register(
    "sns",
    prefix="sns",
    policy=_policy,
    members=[
        ("TopicArn", _arn("TopicArn")),
        ("TargetArn", _arn("TargetArn")),
        ("ResourceArn", _arn("ResourceArn")),
        ("SubscriptionArn", _of_subscription),
    ],
    operations={
        "CreateTopic": Rule(resource=_new),
        "ListSubscriptions": Rule(resource=anything),
        "ListTopics": Rule(resource=anything),
        "PublishBatch": Rule(action="Publish"),
        "Subscribe": Rule(keys=_subscribe_keys),
    },
)
