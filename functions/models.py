"""Functions, versions, aliases, layers and deployment packages: configuration only; nothing here runs."""

import uuid

from django.db import models

from core import arns, clock, ids, limits
from core.models import AccountOwned

LATEST = "$LATEST"


class DeploymentPackage(models.Model):
    """A checked zip, stored once under its sha256 (hex); ``archives`` knows where its bytes and files are."""

    sha256 = models.CharField(primary_key=True, max_length=64)
    size = models.BigIntegerField()
    unzipped_size = models.BigIntegerField()
    created_at = models.DateTimeField(default=clock.now, editable=False)


class Function(AccountOwned):
    """A named function; what it runs is in its versions, of which ``$LATEST`` is number 0."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=limits.FUNCTION_NAME_LENGTH)
    region = models.CharField(max_length=32, default="us-east-1")
    next_version = models.PositiveIntegerField(default=1)
    reserved_concurrency = models.PositiveIntegerField(null=True)
    recursive_loop = models.CharField(max_length=16, default="Terminate")
    tags = models.JSONField(default=dict)
    policy_revision_id = models.CharField(max_length=36, default=ids.revision_id)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="function_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return arns.function(self.region, self.account_id, self.name)


class Version(models.Model):
    """The configuration and code of a function at one version; number 0 is ``$LATEST`` and the only one that changes."""

    class State(models.TextChoices):
        PENDING = "Pending"
        ACTIVE = "Active"
        INACTIVE = "Inactive"
        FAILED = "Failed"

    class UpdateStatus(models.TextChoices):
        SUCCESSFUL = "Successful"
        FAILED = "Failed"
        IN_PROGRESS = "InProgress"

    function = models.ForeignKey(Function, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(default=0)
    package = models.ForeignKey(DeploymentPackage, on_delete=models.PROTECT, related_name="+")
    package_type = models.CharField(max_length=8, default="Zip")
    runtime = models.CharField(max_length=32, blank=True)
    handler = models.CharField(max_length=limits.HANDLER_LENGTH, blank=True)
    role_arn = models.CharField(max_length=512)
    description = models.CharField(max_length=limits.DESCRIPTION_LENGTH, blank=True)
    memory_size = models.PositiveIntegerField(default=limits.MEMORY_MB_DEFAULT)
    timeout = models.PositiveIntegerField(default=limits.TIMEOUT_S_DEFAULT)
    ephemeral_storage = models.PositiveIntegerField(default=limits.EPHEMERAL_STORAGE_MB_DEFAULT)
    architectures = models.JSONField(default=list)
    environment = models.JSONField(null=True)
    layers = models.JSONField(default=list)  # layer version ARNs in order
    tracing_mode = models.CharField(max_length=16, default="PassThrough")
    dead_letter_arn = models.CharField(max_length=512, blank=True)
    logging = models.JSONField(default=dict)  # LoggingConfig as sent, without defaults
    extra = models.JSONField(default=dict)  # VpcConfig, KMSKeyArn, SnapStart … kept, without effect
    revision_id = models.CharField(max_length=36, default=ids.revision_id)
    state = models.CharField(max_length=16, choices=State, default=State.ACTIVE)
    state_reason = models.TextField(blank=True)
    state_reason_code = models.CharField(max_length=64, blank=True)
    last_update_status = models.CharField(max_length=16, choices=UpdateStatus, default=UpdateStatus.SUCCESSFUL)
    last_update_status_reason = models.TextField(blank=True)
    last_modified = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["function", "number"], name="version_number_once")]

    @property
    def label(self) -> str:
        """``$LATEST`` or the number, as the wire has it."""
        return str(self.number) if self.number else LATEST

    @property
    def arn(self) -> str:
        return arns.function(self.function.region, self.function.account_id, self.function.name, self.label)


class Alias(models.Model):
    """A name for a version, optionally sharing its traffic with one more (``weights``: version label → 0..1)."""

    function = models.ForeignKey(Function, on_delete=models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=128)
    version_number = models.PositiveIntegerField()
    description = models.CharField(max_length=limits.DESCRIPTION_LENGTH, blank=True)
    weights = models.JSONField(default=dict)
    revision_id = models.CharField(max_length=36, default=ids.revision_id)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["function", "name"], name="alias_name_once")]

    @property
    def arn(self) -> str:
        return arns.function(self.function.region, self.function.account_id, self.function.name, self.name)


class PolicyStatement(models.Model):
    """One statement of a function's resource policy; ``qualifier`` is empty for the function itself."""

    function = models.ForeignKey(Function, on_delete=models.CASCADE, related_name="policy_statements")
    qualifier = models.CharField(max_length=128, blank=True)
    sid = models.CharField(max_length=100)
    statement = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["function", "qualifier", "sid"], name="statement_sid_once")]


class EventInvokeConfig(models.Model):
    """How asynchronous invocations of a function or qualifier are retried and where they end."""

    function = models.ForeignKey(Function, on_delete=models.CASCADE, related_name="event_invoke_configs")
    qualifier = models.CharField(max_length=128, default=LATEST)
    maximum_retry_attempts = models.PositiveSmallIntegerField(null=True)
    maximum_event_age = models.PositiveIntegerField(null=True)
    on_success = models.CharField(max_length=512, blank=True)
    on_failure = models.CharField(max_length=512, blank=True)
    last_modified = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["function", "qualifier"], name="event_invoke_config_once")]


class LayerVersion(AccountOwned):
    """One version of a layer: a zip that is unpacked under ``/opt``."""

    name = models.CharField(max_length=140)
    region = models.CharField(max_length=32, default="us-east-1")
    number = models.PositiveIntegerField()
    package = models.ForeignKey(DeploymentPackage, on_delete=models.PROTECT, related_name="+")
    description = models.CharField(max_length=limits.DESCRIPTION_LENGTH, blank=True)
    license_info = models.CharField(max_length=512, blank=True)
    compatible_runtimes = models.JSONField(default=list)
    compatible_architectures = models.JSONField(default=list)
    deleted_at = models.DateTimeField(null=True)  # a function that has it keeps it; nobody new can take it

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name", "number"], name="layer_version_once")]

    @property
    def arn(self) -> str:
        return arns.layer(self.region, self.account_id, self.name, self.number)


class LayerCounter(models.Model):
    """The last number given to a layer's version: numbers are never used twice, deleted or not."""

    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=140)
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="layer_counter_once")]


class TestEvent(AccountOwned):
    """A named, saved test event of a function: its owner's alone, or without an owner everybody's in the account."""

    __test__ = False  # not a test case, whatever pytest thinks of its name

    function = models.ForeignKey(Function, on_delete=models.CASCADE, related_name="test_events")
    name = models.CharField(max_length=100)
    body = models.TextField()
    owner = models.ForeignKey("accounts.User", null=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["function", "name"], condition=models.Q(owner=None), name="test_event_shared_name_once"
            ),
            models.UniqueConstraint(fields=["function", "owner", "name"], name="test_event_name_once"),
        ]

    @property
    def shared(self) -> bool:
        """Whether everybody in the account sees it."""
        return self.owner_id is None
