"""Publish."""

from aws.operation import Caller, Params, operation
from aws.services.sns import shapes
from core.errors import ServiceError
from core.trace import carrying
from topics import selectors, services
from topics.errors import InvalidParameter
from topics.messages import Sent


@operation("sns", "Publish")
def publish(caller: Caller, request: Params) -> Params:
    arn = request.get("TopicArn") or request.get("TargetArn") or ""
    if request.get("PhoneNumber") or ":endpoint/" in arn:
        raise InvalidParameter(what="PhoneNumber Reason: text messages and mobile push are not sent from here")
    if not arn:
        raise InvalidParameter(what="TopicArn or TargetArn Reason: no value for required parameter")
    topic = selectors.topic_of_arn(account=caller.account, arn=arn)
    with carrying(caller.trace):
        return _sent(services.publish(topic=topic, message=shapes.message(request)))


@operation("sns", "PublishBatch")
def publish_batch(caller: Caller, request: Params) -> Params:
    topic = selectors.topic_of_arn(account=caller.account, arn=request["TopicArn"])
    entries = [services.Entry(entry["Id"], shapes.message(entry)) for entry in request["PublishBatchRequestEntries"]]
    with carrying(caller.trace):
        outcomes = services.publish_batch(topic=topic, entries=entries)
    return {
        "Successful": [{"Id": entry.id} | _sent(found) for entry, found in outcomes if isinstance(found, Sent)],
        "Failed": [_failed(entry.id, found) for entry, found in outcomes if isinstance(found, ServiceError)],
    }


def _sent(sent: Sent) -> Params:
    return {"MessageId": sent.message_id, "SequenceNumber": sent.sequence_number or None}


def _failed(entry_id: str, error: ServiceError) -> Params:
    return {
        "Id": entry_id,
        "Code": error.legacy_code or error.code,
        "Message": error.text,
        "SenderFault": error.status < 500,
    }
