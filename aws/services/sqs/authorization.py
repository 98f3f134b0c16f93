"""What SQS's operations need. A batch needs the permission of its single operation.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon SQS".
"""

from accounts.policies import Policies
from accounts.selectors import own_arn
from aws.operation import Caller, Params
from aws.permissions import Need, Rule, anything, register
from aws.services.sqs.requests import queue_of
from core import arns
from core.errors import ServiceError
from queues import access, names, selectors
from queues.services import source_of_handle


def _queue(caller: Caller, request: Params) -> str:
    return _named(caller, names.of_url(request["QueueUrl"]))


def _named(caller: Caller, name: str) -> str:
    try:
        region = selectors.known_queue(account=caller.account, name=name).region
    except ServiceError:
        region = caller.region
    return arns.queue(region, caller.account.pk, name)


def _source(caller: Caller, request: Params) -> str:
    return own_arn(account=caller.account, arn=request["SourceArn"])[0]


def _by_handle(caller: Caller, request: Params) -> str:
    return source_of_handle(account=caller.account, handle=request["TaskHandle"]) or "*"


def _policy(caller: Caller, request: Params) -> Policies | None:
    if "QueueUrl" not in request:
        return None
    try:
        return access.policy_of(queue_of(caller, request))
    except ServiceError:  # it is not there, which the operation itself will say
        return None


def _moving(caller: Caller, request: Params) -> list[Need]:
    """A task takes messages from one queue and sends them to another."""
    source = _source(caller, request)
    needs = [Need(f"sqs:{action}", source) for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")]
    if request.get("DestinationArn"):
        destination = own_arn(account=caller.account, arn=request["DestinationArn"])[0]
        needs.append(Need("sqs:SendMessage", destination))
    return needs


register(
    "sqs",
    prefix="sqs",
    policy=_policy,
    members=[
        ("QueueUrl", _queue),
        ("QueueName", lambda caller, request: _named(caller, request["QueueName"])),
        ("SourceArn", _source),
        ("TaskHandle", _by_handle),
    ],
    operations={
        "ChangeMessageVisibilityBatch": Rule(action="ChangeMessageVisibility"),
        "DeleteMessageBatch": Rule(action="DeleteMessage"),
        "ListQueues": Rule(resource=anything),
        "SendMessageBatch": Rule(action="SendMessage"),
        "StartMessageMoveTask": Rule(also=_moving),
    },
)
