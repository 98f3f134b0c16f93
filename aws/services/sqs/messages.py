"""Messages: sent, received, kept invisible and deleted. All in the event loop; ``queues.work`` has the thread."""

from collections.abc import Mapping
from typing import Any

from aws.operation import Caller, Params, operation
from aws.services.sqs import shapes
from aws.services.sqs.requests import entries, queue, required
from core.errors import ServiceError
from queues.contents import Draft
from queues.services import receive_when_available
from queues.services.ending import changing, changing_batch, deleting, deleting_batch
from queues.services.sending import sending, sending_batch
from queues.work import performed


@operation("sqs", "SendMessage")
async def send_message(caller: Caller, request: Params) -> Params:
    job = sending(queue=await queue(caller, request), draft=shapes.draft(caller, request), sender_id=caller.user_id)
    return shapes.sent(await performed(job))


@operation("sqs", "SendMessageBatch")
async def send_message_batch(caller: Caller, request: Params) -> Params:
    to = await queue(caller, request)
    listed = entries(request, "SendMessage")
    for entry in listed:
        required(entry, "MessageBody")
    drafts = [_draft_or_error(caller, entry) for entry in listed]
    good = [draft for draft in drafts if not isinstance(draft, ServiceError)]
    sent = iter(await performed(sending_batch(queue=to, drafts=good, sender_id=caller.user_id)) if good else [])
    found = [draft if isinstance(draft, ServiceError) else next(sent) for draft in drafts]
    return shapes.outcomes(listed, [one if isinstance(one, ServiceError) else shapes.sent(one) for one in found])


def _draft_or_error(caller: Caller, entry: Mapping[str, Any]) -> Draft | ServiceError:
    try:
        return shapes.draft(caller, entry)
    except ServiceError as error:
        return error


@operation("sqs", "ReceiveMessage", waits=0.0)
async def receive_message(caller: Caller, request: Params) -> Params:
    system = shapes.system_names(request)
    messages = await receive_when_available(
        queue=await queue(caller, request),
        limit=request.get("MaxNumberOfMessages", 1),
        visibility_timeout=request.get("VisibilityTimeout"),
        wait_s=request.get("WaitTimeSeconds"),
        attempt_id=request.get("ReceiveRequestAttemptId", ""),
    )
    attributes = request.get("MessageAttributeNames", [])
    found = [shapes.received(message, system=system, attributes=attributes) for message in messages]
    return {"Messages": found or None}


@operation("sqs", "DeleteMessage")
async def delete_message(caller: Caller, request: Params) -> None:
    await performed(deleting(queue=await queue(caller, request), handle=request["ReceiptHandle"]))


@operation("sqs", "DeleteMessageBatch")
async def delete_message_batch(caller: Caller, request: Params) -> Params:
    of = await queue(caller, request)
    listed = entries(request, "DeleteMessage")
    handles = [entry.get("ReceiptHandle") or "" for entry in listed]
    return shapes.outcomes(listed, await performed(deleting_batch(queue=of, handles=handles)))


@operation("sqs", "ChangeMessageVisibility")
async def change_message_visibility(caller: Caller, request: Params) -> None:
    of, seconds = await queue(caller, request), request["VisibilityTimeout"]
    await performed(changing(queue=of, handle=request["ReceiptHandle"], seconds=seconds))


@operation("sqs", "ChangeMessageVisibilityBatch")
async def change_message_visibility_batch(caller: Caller, request: Params) -> Params:
    of = await queue(caller, request)
    listed = entries(request, "ChangeMessageVisibility")
    for entry in listed:
        required(entry, "VisibilityTimeout")
    changes = [(entry.get("ReceiptHandle") or "", entry["VisibilityTimeout"]) for entry in listed]
    return shapes.outcomes(listed, await performed(changing_batch(queue=of, changes=changes)))
