"""What labs about events need of queues, rules and mappings, by boto3."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from tests.live import Reachable, eventually


class Wiring:
    """Makes things, and takes them away again when the lab is over."""

    def __init__(self, live: Reachable, later: ExitStack) -> None:
        self._later = later
        self.sqs, self.lambda_ = live.client("sqs"), live.client("lambda")
        self.events, self.scheduler = live.client("events"), live.client("scheduler")
        self.sns = live.client("sns")
        self.account = live.client("sts").get_caller_identity()["Account"]

    def queue(self, name: str, **attributes: str) -> str:
        """A new queue's ARN."""
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self._later.callback(partial(self.sqs.delete_queue, QueueUrl=url))
        return str(self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])

    def url(self, arn: str) -> str:
        return str(self.sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"])

    def send(self, arn: str, body: object) -> str:
        text = body if isinstance(body, str) else json.dumps(body)
        return str(self.sqs.send_message(QueueUrl=self.url(arn), MessageBody=text)["MessageId"])

    def receive(self, arn: str) -> Any:
        """The body of the next message, as JSON; it is deleted."""
        url = self.url(arn)
        answer = eventually(
            lambda: self.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10), lambda answer: "Messages" in answer
        )
        [message] = answer["Messages"]
        self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return json.loads(message["Body"])

    def left(self, arn: str) -> int:
        """How many messages the queue holds, in flight or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url(arn), AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))

    def map(self, queue_arn: str, function: str, **settings: Any) -> str:
        """Have the function called with the queue's messages; the mapping's UUID."""
        made = self.lambda_.create_event_source_mapping(EventSourceArn=queue_arn, FunctionName=function, **settings)
        self._later.callback(partial(self.lambda_.delete_event_source_mapping, UUID=made["UUID"]))
        return str(made["UUID"])

    def rule(self, name: str, *, target: str, **given: str) -> str:
        """A rule with a target's ARN; a function's permission is given too."""
        arn = str(self.events.put_rule(Name=name, **given)["RuleArn"])
        self.events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": target}])
        self._later.callback(partial(self.events.delete_rule, Name=name))
        self._later.callback(partial(self.events.remove_targets, Rule=name, Ids=["1"]))
        if ":lambda:" in target:
            self.lambda_.add_permission(
                FunctionName=target,
                StatementId=name,
                Action="lambda:InvokeFunction",
                Principal="events.amazonaws.com",
                SourceArn=arn,
            )
        return arn

    def topic(self, name: str) -> str:
        """A new topic's ARN."""
        arn = str(self.sns.create_topic(Name=name)["TopicArn"])
        self._later.callback(partial(self.sns.delete_topic, TopicArn=arn))
        return arn

    def subscribe(self, topic: str, function: str) -> None:
        """Have the function called with what the topic is told; with the permission for it."""
        self.lambda_.add_permission(
            FunctionName=function,
            StatementId="topic-" + topic.rpartition(":")[2],
            Action="lambda:InvokeFunction",
            Principal="sns.amazonaws.com",
            SourceArn=topic,
        )
        self.sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=self.function_arn(function))

    def function_arn(self, name: str) -> str:
        return f"arn:aws:lambda:us-east-1:{self.account}:function:{name}"


@pytest.fixture
def wiring(live: Reachable) -> Iterator[Wiring]:
    with ExitStack() as later:
        yield Wiring(live, later)
