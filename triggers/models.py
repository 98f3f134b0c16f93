"""What makes functions run by themselves: rules on event buses, schedules, their ticks, and what is on its way to a target."""

import uuid

from django.db import models

from core import arns, clock
from core.models import AccountOwned

DEFAULT = "default"  # the bus and the schedule group that every account has
DELETE = "DELETE"  # a schedule's ActionAfterCompletion


class EventBus(AccountOwned):
    """An event bus; ``policy`` holds the statements of its resource policy."""

    name = models.CharField(max_length=256)
    region = models.CharField(max_length=32, default="us-east-1")
    description = models.CharField(max_length=512, blank=True)
    policy = models.JSONField(default=list)
    settings = models.JSONField(default=dict)  # KmsKeyIdentifier, DeadLetterConfig, LogConfig: kept and shown
    tags = models.JSONField(default=dict)
    modified_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="event_bus_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return arns.event_bus(self.region, self.account_id, self.name)


class Rule(AccountOwned):
    """A rule of a bus: what it looks for (``event_pattern``), or when (``schedule_expression``), or both."""

    class State(models.TextChoices):
        ENABLED = "ENABLED"
        DISABLED = "DISABLED"

    bus = models.ForeignKey(EventBus, on_delete=models.CASCADE, related_name="rules")
    name = models.CharField(max_length=64)
    state = models.CharField(max_length=64, choices=State, default=State.ENABLED)
    description = models.CharField(max_length=512, blank=True)
    schedule_expression = models.CharField(max_length=256, blank=True)
    event_pattern = models.TextField(blank=True)  # exactly as sent
    role_arn = models.CharField(max_length=1600, blank=True)
    tags = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bus", "name"], name="rule_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return arns.rule(self.bus.region, self.account_id, self.bus.name, self.name)

    @property
    def is_enabled(self) -> bool:
        return self.state != Rule.State.DISABLED


class RuleTarget(models.Model):
    """Where a rule sends what it finds; ``settings`` are the other members as they were sent, in wire casing."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="targets")
    target_id = models.CharField(max_length=64)
    arn = models.CharField(max_length=1600)
    settings = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "target_id"], name="rule_target_once")]


class ScheduleGroup(AccountOwned):
    """Schedules that belong together."""

    name = models.CharField(max_length=64)
    region = models.CharField(max_length=32, default="us-east-1")
    tags = models.JSONField(default=dict)
    modified_at = models.DateTimeField(default=clock.now)
    client_token = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="schedule_group_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return arns.schedule_group(self.region, self.account_id, self.name)


class Schedule(AccountOwned):
    """A schedule of EventBridge Scheduler; ``target`` is what was sent, in wire casing."""

    class State(models.TextChoices):
        ENABLED = "ENABLED"
        DISABLED = "DISABLED"

    group = models.ForeignKey(ScheduleGroup, on_delete=models.CASCADE, related_name="schedules")
    name = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=State, default=State.ENABLED)
    description = models.CharField(max_length=512, blank=True)
    expression = models.CharField(max_length=256)
    zone = models.CharField(max_length=50, default="UTC")
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    window_minutes = models.PositiveIntegerField(null=True)  # None: at the very moment
    action_after_completion = models.CharField(max_length=8, default="NONE")
    kms_key_arn = models.CharField(max_length=2048, blank=True)
    target = models.JSONField()
    modified_at = models.DateTimeField(default=clock.now)
    client_token = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "name"], name="schedule_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return arns.schedule(self.group.region, self.account_id, self.group.name, self.name)


class Timetable(AccountOwned):
    """When a rule or a schedule fires, on the clock of its account (``accounts.clocks``).

    ``next_at`` is what that clock shows then, None while it is off and when nothing is left to come; ``due_at`` is the
    real moment, None also while the clock stands. ``anchor`` is what a rate is counted from. ``era`` says which of the
    times that the clock was put back ``next_at`` belongs to.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    rule = models.OneToOneField(Rule, null=True, on_delete=models.CASCADE, related_name="timetable")
    schedule = models.OneToOneField(Schedule, null=True, on_delete=models.CASCADE, related_name="timetable")
    expression = models.CharField(max_length=256)
    zone = models.CharField(max_length=50, default="UTC")
    anchor = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, db_index=True)
    era = models.PositiveIntegerField(default=0)


class Firing(models.Model):
    """One tick of a timetable: both with its ``era`` are there once, whoever saw it first and however often.

    ``nominal_at`` is what the account's clock showed, ``recorded_at`` is real.
    """

    class State(models.TextChoices):
        FIRED = "fired"
        MISSED = "missed"  # the server was away for too long

    timetable = models.ForeignKey(Timetable, on_delete=models.CASCADE, related_name="firings")
    nominal_at = models.DateTimeField()
    era = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=8, choices=State)
    recorded_at = models.DateTimeField(default=clock.now)
    by_hand = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["timetable", "era", "nominal_at"], name="firing_once_in_era")]
        indexes = [models.Index(fields=["recorded_at"], name="firing_recorded")]


class Delivery(AccountOwned):
    """An event on its way from a rule or a schedule to one target. The row is the queue.

    ``payload`` is JSON, kept until it is delivered; ``settings`` are what the target wants beside it.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        DELIVERED = "delivered"
        DEAD_LETTER = "dead-letter"
        DROPPED = "dropped"

    firing = models.ForeignKey(Firing, null=True, on_delete=models.SET_NULL, related_name="deliveries")
    origin_arn = models.CharField(max_length=1600)  # of the rule or schedule
    service = models.CharField(max_length=32)  # events.amazonaws.com or scheduler.amazonaws.com
    role_arn = models.CharField(max_length=1600, blank=True)
    target_arn = models.CharField(max_length=1600)
    target_id = models.CharField(max_length=64, blank=True)
    payload = models.TextField(blank=True)
    settings = models.JSONField(default=dict)
    trace = models.CharField(max_length=768, blank=True)
    hops = models.PositiveSmallIntegerField(default=0)  # rules that it has gone through from bus to bus
    max_attempts = models.PositiveSmallIntegerField()  # tries after the first
    max_age_s = models.PositiveIntegerField()
    dead_letter_arn = models.CharField(max_length=1600, blank=True)
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(null=True)  # real time; None once it is over, and while the account's clock stands
    due_aged = models.DateTimeField(null=True)  # what the clock must have come to; None: due at once
    finished_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True)
    invocation_id = models.UUIDField(null=True)  # of a function that it became an event of

    class Meta:
        indexes = [
            models.Index(fields=["state", "due_at"], name="delivery_due"),
            models.Index(fields=["origin_arn", "-asked_at"], name="delivery_of_origin"),
            models.Index(fields=["state", "finished_at"], name="delivery_finished"),
        ]


class EventSourceMapping(AccountOwned):
    """A queue whose messages become events of a function. ``settings`` are members that are kept as they were sent."""

    class State(models.TextChoices):
        ENABLED = "Enabled"
        DISABLED = "Disabled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    function = models.ForeignKey("functions.Function", on_delete=models.CASCADE, related_name="event_source_mappings")
    qualifier = models.CharField(max_length=128, blank=True)
    source_arn = models.CharField(max_length=512)
    state = models.CharField(max_length=16, choices=State, default=State.ENABLED)
    batch_size = models.PositiveIntegerField(default=10)
    window_s = models.PositiveIntegerField(default=0)
    maximum_concurrency = models.PositiveIntegerField(null=True)
    reports_failures = models.BooleanField(default=False)
    filters = models.JSONField(default=list)  # patterns as text
    settings = models.JSONField(default=dict)
    tags = models.JSONField(default=dict)
    problem = models.CharField(max_length=512, blank=True)  # why nothing is read from the queue
    modified_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["function", "qualifier", "source_arn"], name="event_source_mapping_once")
        ]
        indexes = [models.Index(fields=["account", "source_arn"], name="mapping_of_source")]

    @property
    def arn(self) -> str:
        return arns.event_source_mapping(self.function.region, self.account_id, str(self.id))

    @property
    def function_arn(self) -> str:
        return arns.function(self.function.region, self.account_id, self.function.name, self.qualifier)

    @property
    def is_enabled(self) -> bool:
        return self.state == EventSourceMapping.State.ENABLED
