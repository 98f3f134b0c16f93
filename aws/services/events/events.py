"""Putting events, and trying patterns."""

from aws.operation import Caller, Params, operation
from triggers.services import events
from triggers.services.events import Entry, Put


@operation("events", "PutEvents")
def put_events(caller: Caller, request: Params) -> Params:
    entries = [
        Entry(
            source=entry.get("Source", ""),
            detail_type=entry.get("DetailType", ""),
            detail=entry.get("Detail", ""),
            time=entry.get("Time"),
            resources=tuple(entry.get("Resources", [])),
            bus=entry.get("EventBusName", ""),
            trace=entry.get("TraceHeader", ""),
        )
        for entry in request["Entries"]
    ]
    results = events.put_events(account=caller.account, entries=entries, region=caller.region, trace=caller.trace)
    return {
        "FailedEntryCount": sum(1 for result in results if result.error_code),
        "Entries": [_result(result) for result in results],
    }


def _result(put: Put) -> Params:
    if put.error_code:
        return {"ErrorCode": put.error_code, "ErrorMessage": put.error_message}
    return {"EventId": put.event_id}


@operation("events", "TestEventPattern")
def test_event_pattern(caller: Caller, request: Params) -> Params:
    return {"Result": events.test_event_pattern(pattern=request["EventPattern"], event=request["Event"])}
