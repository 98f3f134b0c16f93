"""What an account has that tests of the same product could stumble over."""

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.live import Live


class Kind(NamedTuple):
    """``names`` lists what there is of it, ``remove`` takes one away."""

    service: str
    names: Callable[[Any], list[str]]
    remove: Callable[[Any, str], object]


KINDS = (  # whoever refers to others first
    Kind(
        "lambda",
        lambda client: [
            one["UUID"]
            for one in client.list_event_source_mappings()["EventSourceMappings"]
            if one["State"] != "Deleting"
        ],
        lambda client, name: client.delete_event_source_mapping(UUID=name),
    ),
    Kind(
        "sns",
        lambda client: [one["TopicArn"] for one in client.list_topics()["Topics"]],
        lambda client, name: client.delete_topic(TopicArn=name),
    ),
    Kind(
        "lambda",
        lambda client: [one["FunctionName"] for one in client.list_functions()["Functions"]],
        lambda client, name: client.delete_function(FunctionName=name),
    ),
    Kind(
        "logs",
        lambda client: [one["logGroupName"] for one in client.describe_log_groups()["logGroups"]],
        lambda client, name: client.delete_log_group(logGroupName=name),
    ),
    Kind(
        "sqs",
        lambda client: client.list_queues().get("QueueUrls", []),
        lambda client, name: client.delete_queue(QueueUrl=name),
    ),
)


def found(live: Live) -> list[set[str]]:
    """The names of all there is, by kind."""
    return [set(kind.names(live.client(kind.service))) for kind in KINDS]


def remove_what_came(live: Live, before: list[set[str]]) -> None:
    """Leave what was ``found`` before, and nothing else."""
    for kind, there in zip(KINDS, before, strict=True):
        client = live.client(kind.service)
        for name in set(kind.names(client)) - there:
            kind.remove(client, name)
