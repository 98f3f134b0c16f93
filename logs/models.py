"""CloudWatch Logs: groups, streams and events. CloudWatch: metrics and what their values were."""

from django.db import models

from core import arns
from core.models import AccountOwned


class LogGroup(AccountOwned):
    """A log group; ``retention_days`` is null for "never expire"."""

    name = models.CharField(max_length=512)
    region = models.CharField(max_length=32, default="us-east-1")
    retention_days = models.PositiveIntegerField(null=True)
    log_group_class = models.CharField(max_length=32, default="STANDARD")
    kms_key_id = models.CharField(max_length=256, blank=True)
    tags = models.JSONField(default=dict)
    stored_bytes = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="log_group_name_once")]

    @property
    def arn(self) -> str:
        return arns.log_group(self.region, self.account_id, self.name)


class LogStream(models.Model):
    """A log stream: for a function, one execution environment. Times are epoch milliseconds."""

    group = models.ForeignKey(LogGroup, on_delete=models.CASCADE, related_name="streams")
    name = models.CharField(max_length=512)
    created_ms = models.BigIntegerField()
    first_event_ms = models.BigIntegerField(null=True)
    last_event_ms = models.BigIntegerField(null=True)
    last_ingestion_ms = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "name"], name="log_stream_name_once")]


class LogEvent(models.Model):
    """One log event. ``source`` says who wrote it: student code can print "REPORT", but not as the platform."""

    class Source(models.TextChoices):
        FUNCTION = "f"
        PLATFORM = "p"

    # its index is "in order"
    stream = models.ForeignKey(LogStream, on_delete=models.CASCADE, related_name="events", db_index=False)
    timestamp = models.BigIntegerField()
    ingestion = models.BigIntegerField()
    message = models.TextField()
    request_id = models.UUIDField(null=True)
    source = models.CharField(max_length=1, choices=Source, default=Source.FUNCTION)

    class Meta:
        indexes = [
            models.Index(fields=["stream", "timestamp", "id"], name="log_event_in_order"),
            models.Index(fields=["request_id"], name="log_event_of_request"),
        ]


class Metric(AccountOwned):
    """A metric that values were stored for. ``dimensions`` is a list of [name, value] in the order of their names."""

    namespace = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    dimensions = models.JSONField(default=list)
    dimensions_key = models.CharField(max_length=64)
    last_s = models.BigIntegerField(default=0)  # the latest point's start, epoch seconds

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "namespace", "name", "dimensions_key"], name="metric_once"),
        ]


class MetricPoint(models.Model):
    """The values of a metric in one minute, or in one second; ``start`` in epoch seconds.

    ``sketch`` is how they are spread (``logs.metrics.sketch``), null when that is not known.
    """

    metric = models.ForeignKey(Metric, on_delete=models.CASCADE, related_name="points", db_index=False)  # "once" has it
    resolution = models.PositiveSmallIntegerField()  # seconds: 60, or 1
    start = models.BigIntegerField()
    unit = models.CharField(max_length=32)
    count = models.FloatField()
    total = models.FloatField()
    minimum = models.FloatField()
    maximum = models.FloatField()
    sketch = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["metric", "resolution", "start", "unit"], name="metric_point_once"),
        ]
        indexes = [models.Index(fields=["resolution", "start"], name="metric_point_age")]
