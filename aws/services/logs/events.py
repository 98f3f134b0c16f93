"""Log events."""

from aws.operation import Caller, Params, operation
from aws.services.logs import shapes
from aws.services.logs.requests import group_name
from logs import selectors, services
from logs.services import InputEvent


@operation("logs", "PutLogEvents")
def put_log_events(caller: Caller, request: Params) -> Params:
    result = services.put_log_events(
        account=caller.account,
        group=request["logGroupName"],
        stream=request["logStreamName"],
        events=[InputEvent(event["timestamp"], event["message"]) for event in request["logEvents"]],
    )
    rejected = {
        "tooNewLogEventStartIndex": result.too_new_start,
        "tooOldLogEventEndIndex": result.too_old_end,
        "expiredLogEventEndIndex": result.expired_end,
    }
    some = any(index is not None for index in rejected.values())
    return {
        "nextSequenceToken": result.next_sequence_token,
        "rejectedLogEventsInfo": rejected if some else None,
    }


@operation("logs", "GetLogEvents")
def get_log_events(caller: Caller, request: Params) -> Params:
    page = selectors.get_log_events(
        account=caller.account,
        group=group_name(caller, request),
        stream=request["logStreamName"],
        start=request.get("startTime"),
        end=request.get("endTime"),
        limit=request.get("limit", selectors.EVENTS_LIMIT),
        start_from_head=request.get("startFromHead", False),
        token=request.get("nextToken"),
    )
    return {
        "events": [shapes.output_event(event) for event in page.events],
        "nextForwardToken": page.next_forward_token,
        "nextBackwardToken": page.next_backward_token,
    }


@operation("logs", "FilterLogEvents")
def filter_log_events(caller: Caller, request: Params) -> Params:
    page = selectors.filter_log_events(
        account=caller.account,
        group=group_name(caller, request),
        streams=request.get("logStreamNames", []),
        prefix=request.get("logStreamNamePrefix", ""),
        start=request.get("startTime"),
        end=request.get("endTime"),
        pattern=request.get("filterPattern", ""),
        limit=request.get("limit", selectors.EVENTS_LIMIT),
        start_from_head=request.get("startFromHead", True),
        token=request.get("nextToken"),
    )
    return {
        "events": [shapes.filtered_event(event) for event in page.events],
        "searchedLogStreams": [],  # as CloudWatch answers since 2019
        "nextToken": page.next_token,
    }
