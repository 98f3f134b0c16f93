"""The answers of CloudWatch Logs: the only place that writes the wire members of groups, streams and events."""

from aws.operation import Params
from logs.models import LogEvent, LogGroup, LogStream
from logs.positions import event_id


def log_group(group: LogGroup) -> Params:
    """A log group; one ARN ends with ``:*``, the other does not."""
    return {
        "logGroupName": group.name,
        "creationTime": int(group.created_at.timestamp() * 1000),
        "retentionInDays": group.retention_days,
        "metricFilterCount": 0,
        "arn": f"{group.arn}:*",
        "storedBytes": group.stored_bytes,
        "kmsKeyId": group.kms_key_id or None,
        "logGroupClass": group.log_group_class,
        "logGroupArn": group.arn,
    }


def log_stream(stream: LogStream) -> Params:
    """A log stream. CloudWatch tells no size of streams any more."""
    return {
        "logStreamName": stream.name,
        "creationTime": stream.created_ms,
        "firstEventTimestamp": stream.first_event_ms,
        "lastEventTimestamp": stream.last_event_ms,
        "lastIngestionTime": stream.last_ingestion_ms,
        "arn": f"{stream.group.arn}:log-stream:{stream.name}",
        "storedBytes": 0,
    }


def output_event(event: LogEvent) -> Params:
    """An event of one stream."""
    return {"timestamp": event.timestamp, "message": event.message, "ingestionTime": event.ingestion}


def filtered_event(event: LogEvent) -> Params:
    """An event that was found; its id never changes, so that who asks again knows what is new."""
    return output_event(event) | {
        "logStreamName": event.stream.name,
        "eventId": event_id(event.timestamp, event.id),
    }


def tailed_event(event: LogEvent) -> Params:
    """An event of a live tail."""
    return output_event(event) | {
        "logStreamName": event.stream.name,
        "logGroupIdentifier": event.stream.group.arn,
    }
