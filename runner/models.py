"""Invocations: one row per request id. For asynchronous ones the row *is* the queue."""

import uuid

from django.db import models

from core import clock


class InvocationType(models.TextChoices):
    REQUEST_RESPONSE = "RequestResponse"
    EVENT = "Event"
    DRY_RUN = "DryRun"


class State(models.TextChoices):
    """See ``runner.states`` for who moves an invocation from which to which."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DEAD_LETTER = "dead-letter"
    DISCARDED = "discarded"


class Invocation(models.Model):
    """One request id: its event, its attempts, and how it ended.

    Durations are milliseconds, memory is MB. ``payload`` is the event as sent (kept while an
    asynchronous invocation may still need it, for the console's own tests, and of a queue's unless it is large).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Both begin an index of this table already, and every invocation is written into all of them.
    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, related_name="+", db_index=False)
    function = models.ForeignKey(
        "functions.Function", null=True, on_delete=models.SET_NULL, related_name="invocations", db_index=False
    )
    function_name = models.CharField(max_length=64)
    qualifier = models.CharField(max_length=128, blank=True)
    version = models.CharField(max_length=16, blank=True)
    invocation_type = models.CharField(max_length=16, choices=InvocationType)
    source = models.CharField(max_length=32, default="api")  # api, console, schedule, sqs, lambda …
    state = models.CharField(max_length=16, choices=State, default=State.QUEUED)
    reason = models.CharField(max_length=64, blank=True)  # why it was discarded or dead-lettered
    delivered_to = models.TextField(blank=True, default="", db_default="")  # ARNs that took its record, one a line
    payload = models.BinaryField(null=True)
    client_context = models.TextField(blank=True)
    trace = models.CharField(max_length=768, blank=True, default="")  # X-Amzn-Trace-Id of an event, see runner.lineage

    attempt = models.PositiveSmallIntegerField(default=0)  # executions that ended in an answer or a function error
    infra_attempts = models.PositiveSmallIntegerField(default=0)  # executions lost to a platform failure
    due_at = models.DateTimeField(null=True)  # real time; None once it is over, and while the account's clock stands
    due_aged = models.DateTimeField(null=True)  # what the clock must have come to, of a retry; see accounts.clocks
    token = models.CharField(max_length=32, blank=True)  # fences the execution that holds the lease
    lease_until = models.DateTimeField(null=True)

    asked_at = models.DateTimeField(default=clock.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    cold = models.BooleanField(default=False)
    duration_ms = models.FloatField(null=True)
    billed_ms = models.PositiveIntegerField(null=True)
    init_ms = models.FloatField(null=True)
    memory_size = models.PositiveIntegerField(null=True)
    max_memory_used = models.PositiveIntegerField(null=True)
    error_type = models.CharField(max_length=256, blank=True)
    error_message = models.TextField(blank=True)
    response = models.BinaryField(null=True)  # at most 256 KiB of it
    log_stream = models.CharField(max_length=512, blank=True)
    code_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "due_at"], name="invocation_due"),
            models.Index(fields=["account", "state", "due_at"], name="invocation_account_due"),
            models.Index(fields=["state", "function", "due_at"], name="invocation_function_due"),
            models.Index(fields=["function", "-asked_at"], name="invocation_of_function"),
            models.Index(fields=["account", "-asked_at"], name="invocation_of_account"),
        ]

    @property
    def is_final(self) -> bool:
        return self.state not in (State.QUEUED, State.RUNNING)


class LayerBuild(models.Model):
    """A layer made of packages from an index: what was asked for, how far it is, and what came of it.

    ``packages`` are requirements (name and version), ``log`` is the installer's own text, bounded.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    class Failure(models.TextChoices):
        """Why nothing came of it; the words for each are the door's."""

        NOT_FOUND = "not-found"  # no such package, or none that is ready for this runtime
        NEEDS_BUILDING = "needs-building"  # something in it is source code only
        CONFLICT = "conflict"
        OFFLINE = "offline"
        TOO_LONG = "too-long"
        TOO_LARGE = "too-large"
        REFUSED = "refused"  # by the house, in ``detail``
        INTERRUPTED = "interrupted"
        OTHER = "other"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, related_name="+")
    layer_name = models.CharField(max_length=140)
    description = models.CharField(max_length=256, blank=True)
    runtime = models.CharField(max_length=32)
    packages = models.JSONField(default=list)
    state = models.CharField(max_length=16, choices=State, default=State.QUEUED)
    failure = models.CharField(max_length=16, choices=Failure, blank=True)
    detail = models.TextField(blank=True)
    log = models.TextField(blank=True)
    layer_version = models.ForeignKey(
        "functions.LayerVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_at = models.DateTimeField(default=clock.now)
    seen_at = models.DateTimeField(null=True)  # when its worker last said that it lives
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "asked_at"], name="layer_build_state")]

    @property
    def is_final(self) -> bool:
        return self.state in (self.State.SUCCEEDED, self.State.FAILED)
