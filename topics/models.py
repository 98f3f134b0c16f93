"""Topics, who subscribes to them, and what is still on its way over HTTP."""

import secrets
import uuid

from django.db import models

from core import arns, clock, limits
from core.models import AccountOwned


class Topic(AccountOwned):
    """A topic. ``attributes`` holds those that were set, by AWS's names and as texts."""

    name = models.CharField(max_length=limits.TOPIC_NAME_LENGTH)
    region = models.CharField(max_length=32, default="us-east-1")
    is_fifo = models.BooleanField(default=False)
    attributes = models.JSONField(default=dict)
    tags = models.JSONField(default=dict)
    sequence = models.BigIntegerField(default=0)  # of the last message of a FIFO topic
    deleted_subscriptions = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="topic_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return arns.topic(self.region, self.account_id, self.name)


def new_token() -> str:
    """The secret that confirms a subscription."""
    return secrets.token_hex(32)


class Subscription(models.Model):
    """Who gets what a topic is told. Only one over HTTP waits to be confirmed, by the ``token`` it was sent."""

    class Protocol(models.TextChoices):
        LAMBDA = "lambda"
        SQS = "sqs"
        HTTP = "http"
        HTTPS = "https"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="subscriptions")
    protocol = models.CharField(max_length=8, choices=Protocol)
    endpoint = models.CharField(max_length=2048)
    is_confirmed = models.BooleanField(default=True)
    is_authenticated = models.BooleanField(default=True)  # confirmed by somebody who had signed in
    token = models.CharField(max_length=64, default=new_token)
    principal_arn = models.CharField(max_length=512, blank=True)
    attributes = models.JSONField(default=dict)  # RawMessageDelivery, FilterPolicy … as texts
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["topic", "protocol", "endpoint"], name="subscription_once")]

    @property
    def arn(self) -> str:
        return f"{self.topic.arn}:{self.id}"

    @property
    def is_raw(self) -> bool:
        return bool(self.attributes.get("RawMessageDelivery") == "true")


class Notification(models.Model):
    """One message for one subscriber over HTTP, until it was taken or given up; the row is the queue."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DELIVERED = "delivered"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=32)  # Notification, SubscriptionConfirmation, UnsubscribeConfirmation
    message_id = models.CharField(max_length=36)
    body = models.TextField()
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=clock.now, null=True)  # real time; None while the account's clock stands
    due_aged = models.DateTimeField(null=True)  # what the clock must have come to, of another try
    claimed_until = models.DateTimeField(null=True)
    claim = models.CharField(max_length=32, blank=True)
    answer = models.CharField(max_length=256, blank=True)  # the last status or error, in words
    created_at = models.DateTimeField(default=clock.now, editable=False)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "due_at"], name="notification_due")]


class Deduplication(models.Model):
    """A message of a FIFO topic in the last five minutes: nothing like it is accepted twice."""

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+")
    deduplication_id = models.CharField(max_length=128)
    message_id = models.CharField(max_length=36)
    sequence = models.BigIntegerField()
    at = models.DateTimeField(default=clock.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["topic", "deduplication_id"], name="topic_deduplication_once"),
        ]


class SigningKey(models.Model):
    """The key that signs messages, and its certificate (PEM): made when the first message needs it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    private_pem = models.TextField()
    certificate_pem = models.TextField()
