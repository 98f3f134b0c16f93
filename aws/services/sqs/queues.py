"""Queues: created, found, changed, emptied, deleted; their attributes, tags and permissions."""

from aws.operation import Caller, Params, operation
from aws.services.sqs.requests import name_of, queue_of
from queues import attributes, names, selectors, services
from queues.models import Queue


def _url(caller: Caller, queue: Queue) -> str:
    return names.url(caller.endpoint, caller.account.pk, queue.name)


@operation("sqs", "CreateQueue")
def create_queue(caller: Caller, request: Params) -> Params:
    queue = services.create_queue(
        account=caller.account,
        name=request["QueueName"],
        given=request.get("Attributes", {}),
        tags=request.get("tags", {}),
        region=caller.region,
    )
    return {"QueueUrl": _url(caller, queue)}


@operation("sqs", "GetQueueUrl")
def get_queue_url(caller: Caller, request: Params) -> Params:
    """Whosever account is asked for: slides name the one of their author."""
    queue = selectors.get_queue(account=caller.account, name=request["QueueName"])
    return {"QueueUrl": _url(caller, queue)}


@operation("sqs", "ListQueues")
def list_queues(caller: Caller, request: Params) -> Params:
    asked = request.get("MaxResults")
    found, token = selectors.list_queues(
        account=caller.account,
        prefix=request.get("QueueNamePrefix", ""),
        size=selectors.PAGE if asked is None else asked,
        marker=request.get("NextToken"),
    )
    return {
        "QueueUrls": [_url(caller, queue) for queue in found] or None,
        "NextToken": token if asked is not None else None,  # without MaxResults, AWS answers the first thousand only
    }


@operation("sqs", "ListDeadLetterSourceQueues")
def list_dead_letter_source_queues(caller: Caller, request: Params) -> Params:
    asked = request.get("MaxResults")
    found, token = selectors.list_dead_letter_source_queues(
        queue=queue_of(caller, request),
        size=selectors.PAGE if asked is None else asked,
        marker=request.get("NextToken"),
    )
    return {"queueUrls": [_url(caller, queue) for queue in found], "NextToken": token if asked is not None else None}


@operation("sqs", "DeleteQueue")
def delete_queue(caller: Caller, request: Params) -> None:
    services.delete_queue(account=caller.account, name=name_of(request))


@operation("sqs", "PurgeQueue")
def purge_queue(caller: Caller, request: Params) -> None:
    services.purge_queue(account=caller.account, name=name_of(request))


@operation("sqs", "GetQueueAttributes")
def get_queue_attributes(caller: Caller, request: Params) -> Params:
    queue, wanted = queue_of(caller, request), request.get("AttributeNames", [])
    counts = selectors.counts(queue) if attributes.needs_counts(wanted) else None
    return {"Attributes": attributes.render(queue, wanted, counts) or None}


@operation("sqs", "SetQueueAttributes")
def set_queue_attributes(caller: Caller, request: Params) -> None:
    services.set_queue_attributes(account=caller.account, name=name_of(request), given=request["Attributes"])


# -- tags ------------------------------------------------------------------------------------------


@operation("sqs", "TagQueue")
def tag_queue(caller: Caller, request: Params) -> None:
    services.tag_queue(account=caller.account, name=name_of(request), tags=request["Tags"])


@operation("sqs", "UntagQueue")
def untag_queue(caller: Caller, request: Params) -> None:
    services.untag_queue(account=caller.account, name=name_of(request), keys=request["TagKeys"])


@operation("sqs", "ListQueueTags")
def list_queue_tags(caller: Caller, request: Params) -> Params:
    queue = selectors.get_queue(account=caller.account, name=name_of(request))
    return {"Tags": queue.tags or None}


# -- permissions -----------------------------------------------------------------------------------


@operation("sqs", "AddPermission")
def add_permission(caller: Caller, request: Params) -> None:
    services.add_permission(
        account=caller.account,
        name=name_of(request),
        label=request["Label"],
        principals=request["AWSAccountIds"],
        actions=request["Actions"],
    )


@operation("sqs", "RemovePermission")
def remove_permission(caller: Caller, request: Params) -> None:
    services.remove_permission(account=caller.account, name=name_of(request), label=request["Label"])
