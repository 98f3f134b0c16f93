"""Moving messages out of a dead-letter queue."""

from aws.operation import Caller, Params, operation
from aws.services.sqs import shapes
from queues import selectors, services
from queues.services import task_handle


@operation("sqs", "StartMessageMoveTask")
def start_message_move_task(caller: Caller, request: Params) -> Params:
    task = services.start_message_move_task(
        account=caller.account,
        source_arn=request["SourceArn"],
        destination_arn=request.get("DestinationArn", ""),
        per_second=request.get("MaxNumberOfMessagesPerSecond"),
    )
    return {"TaskHandle": task_handle(task)}


@operation("sqs", "ListMessageMoveTasks")
def list_message_move_tasks(caller: Caller, request: Params) -> Params:
    found = selectors.list_message_move_tasks(
        account=caller.account, source_arn=request["SourceArn"], limit=request.get("MaxResults", 1)
    )
    return {"Results": [shapes.move_task(task, task_handle(task)) for task in found]}


@operation("sqs", "CancelMessageMoveTask")
def cancel_message_move_task(caller: Caller, request: Params) -> Params:
    task = services.cancel_message_move_task(account=caller.account, handle=request["TaskHandle"])
    return {"ApproximateNumberOfMessagesMoved": task.moved}
