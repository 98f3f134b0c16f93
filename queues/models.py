"""Queues, the messages in them, and what SQS remembers for a while. Moments are epoch milliseconds."""

import uuid

from django.db import models
from django.db.models import Q

from core import arns, clock, limits
from core.models import AccountOwned


class Queue(AccountOwned):
    """A queue. Its attributes have AWS's defaults; ``fields`` of ``queues.attributes`` names them on the wire."""

    name = models.CharField(max_length=limits.QUEUE_NAME_LENGTH)
    region = models.CharField(max_length=32, default="us-east-1")
    is_fifo = models.BooleanField(default=False)
    delay_s = models.PositiveIntegerField(default=0)
    maximum_message_size = models.PositiveIntegerField(default=limits.MESSAGE_SIZE)
    retention_s = models.PositiveIntegerField(default=limits.MESSAGE_RETENTION_S_DEFAULT)
    wait_s = models.PositiveIntegerField(default=0)
    visibility_timeout_s = models.PositiveIntegerField(default=limits.VISIBILITY_TIMEOUT_S_DEFAULT)
    content_based_deduplication = models.BooleanField(default=False)
    deduplication_scope = models.CharField(max_length=16, default="queue")
    throughput_limit = models.CharField(max_length=32, default="perQueue")
    policy = models.TextField(blank=True)  # as it was set
    dead_letter_arn = models.CharField(max_length=512, blank=True)  # with max_receive_count: the redrive policy
    max_receive_count = models.PositiveIntegerField(null=True)
    redrive_allow_policy = models.TextField(blank=True)
    kms_key_id = models.CharField(max_length=2048, blank=True)
    kms_reuse_s = models.PositiveIntegerField(default=300)
    managed_sse = models.BooleanField(default=True)
    tags = models.JSONField(default=dict)
    modified_at = models.DateTimeField(default=clock.now)
    purged_at = models.DateTimeField(null=True)
    sequence = models.BigIntegerField(default=0)  # the last message's number in a FIFO queue

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="queue_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return arns.queue(self.region, self.account_id, self.name)


class Message(models.Model):
    """A message from its sending to its deletion.

    It may be received when ``visible_ms`` has come. ``token`` belongs to the latest receive, whose handle carries it;
    a message that is visible later and was never received (``receive_count`` 0) is delayed, otherwise in flight.
    ``sequence`` (0 in standard queues) is the order of a FIFO queue.
    """

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="messages", db_index=False)
    message_id = models.CharField(max_length=36)
    trace = models.CharField(max_length=2048, blank=True)
    sender_id = models.CharField(max_length=256, blank=True)
    size = models.PositiveIntegerField()
    sent_ms = models.BigIntegerField()  # what its retention counts from, wherever it was moved to
    arrived_ms = models.BigIntegerField()  # in this queue
    visible_ms = models.BigIntegerField()
    receive_count = models.PositiveIntegerField(default=0)
    first_received_ms = models.BigIntegerField(null=True)
    token = models.CharField(max_length=32, blank=True)
    group_id = models.CharField(max_length=128, blank=True)
    deduplication_id = models.CharField(max_length=128, blank=True)
    sequence = models.BigIntegerField(default=0)
    dead_letter_source = models.CharField(max_length=512, blank=True)  # ARN: where nobody could process it
    attributes = models.TextField(blank=True)  # JSON: {name: [type, value]}, binary values in base 64
    body = models.TextField()  # last, so that SQLite reads the others without it

    class Meta:
        indexes = [
            # Covers claims and counts: neither reads the rows that it does not take.
            models.Index(fields=["queue", "visible_ms", "receive_count", "sent_ms"], name="message_due"),
            models.Index(fields=["queue", "sequence"], condition=Q(sequence__gt=0), name="message_in_order"),
            models.Index(
                fields=["queue", "group_id", "sequence"], condition=Q(sequence__gt=0), name="message_of_group"
            ),
        ]


class Deduplication(models.Model):
    """A FIFO message of the last five minutes, whether it is still there or not: nothing like it is accepted twice."""

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="+", db_index=False)
    group_id = models.CharField(max_length=128)
    deduplication_id = models.CharField(max_length=128)
    message_id = models.CharField(max_length=36)
    sequence = models.BigIntegerField()
    at_ms = models.BigIntegerField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["queue", "deduplication_id", "group_id"], name="deduplication_once")
        ]


class ReceiveAttempt(models.Model):
    """A receive from a FIFO queue that its caller may repeat for five minutes, when the answer was lost on the way."""

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="+", db_index=False)
    attempt_id = models.CharField(max_length=128)
    token = models.CharField(max_length=32)
    messages = models.JSONField(default=list)  # their primary keys, in order
    at_ms = models.BigIntegerField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["queue", "attempt_id"], name="receive_attempt_once")]


class DeletedQueue(AccountOwned):
    """A name that cannot be used again yet."""

    name = models.CharField(max_length=limits.QUEUE_NAME_LENGTH)
    deleted_at = models.DateTimeField(default=clock.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="deleted_queue_once")]


class MoveTask(models.Model):
    """Messages on their way out of a dead-letter queue; ``destination_arn`` is empty for back to where they came from."""

    class Status(models.TextChoices):
        RUNNING = "RUNNING"
        CANCELLING = "CANCELLING"
        COMPLETED = "COMPLETED"
        CANCELLED = "CANCELLED"
        FAILED = "FAILED"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="move_tasks")
    destination_arn = models.CharField(max_length=512, blank=True)
    per_second = models.PositiveIntegerField(null=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.RUNNING, db_index=True)
    to_move = models.PositiveIntegerField(default=0)
    moved = models.PositiveIntegerField(default=0)
    up_to = models.BigIntegerField(default=0)  # the last message's primary key when the task began
    failure_reason = models.CharField(max_length=256, blank=True)
    started_ms = models.BigIntegerField(default=clock.epoch_ms)
    stepped_ms = models.BigIntegerField(default=0)
