"""Users, 12-digit accounts, their clocks, access keys, and IAM's roles and policies."""

from functools import cached_property

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.crypto import salted_hmac

from core import arns, clock, ids
from core.models import AccountOwned
from core.timeline import Timeline


class Account(models.Model):
    """A 12-digit tenant; everything a student makes belongs to one.

    ``stamp`` counts the changes to what an invocation looks up (functions, versions, aliases, keys), so a
    process that caches those compares one number instead of reading every row again.
    """

    id = models.CharField(primary_key=True, max_length=12)
    slug = models.SlugField(unique=True, max_length=64)
    name = models.CharField(max_length=128)
    stamp = models.BigIntegerField(default=0)
    concurrency_limit = models.PositiveIntegerField(default=1000)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    def __str__(self) -> str:
        return f"{self.slug} ({self.id})"


class AccountClock(models.Model):
    """What was done to an account's clock; see ``core.timeline``. No row, or an empty one, is real time.

    ``changes`` counts; what waits for a moment of this clock has been told of the first ``settled`` of them.
    """

    account = models.OneToOneField(Account, primary_key=True, on_delete=models.CASCADE, related_name="clock")
    stretches = models.JSONField(default=list)
    changes = models.PositiveIntegerField(default=0)
    settled = models.PositiveIntegerField(default=0)

    @cached_property
    def timeline(self) -> Timeline:
        return Timeline.from_json(self.stretches)


class User(AbstractUser):
    """A person who signs in; ``account`` is the workspace they land in."""

    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.SET_NULL, related_name="users")
    language = models.CharField(max_length=8, blank=True)
    theme = models.CharField(max_length=8, blank=True)
    session_generation = models.PositiveIntegerField(default=0)  # one more, and every session before is over

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django compares this with what it noted at sign-in, at every request."""
        noted = f"{self.password}{self.session_generation or ''}"
        return salted_hmac("accounts.User.session", noted, secret=secret, algorithm="sha256").hexdigest()


class SignInLink(models.Model):
    """A link that signs one user in once; only a hash of its token is stored."""

    token_hash = models.CharField(primary_key=True, max_length=64)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class AccessKey(AccountOwned):
    """A long-term key (AKIA…). The secret is kept as it is: a signature can only be checked with it."""

    class Status(models.TextChoices):
        ACTIVE = "Active"
        INACTIVE = "Inactive"

    id = models.CharField(primary_key=True, max_length=20)
    secret = models.CharField(max_length=64)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="access_keys")
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)


def _role_id() -> str:
    return ids.unique_id("AROA")


def _policy_id() -> str:
    return ids.unique_id("ANPA")


class Role(AccountOwned):
    """An IAM role. ``path`` starts and ends with a slash."""

    name = models.CharField(max_length=64)
    path = models.CharField(max_length=512, default="/")
    unique_id = models.CharField(max_length=21, default=_role_id)
    description = models.CharField(max_length=1000, blank=True)
    assume_role_policy = models.TextField()
    max_session_duration = models.PositiveIntegerField(default=3600)
    permissions_boundary = models.CharField(max_length=2048, blank=True)
    tags = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="role_name_once")]

    @property
    def arn(self) -> str:
        return arns.iam(self.account_id, f"role{self.path}{self.name}")


class RolePolicy(models.Model):
    """An inline policy of a role; ``document`` is kept exactly as sent."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="inline_policies")
    name = models.CharField(max_length=128)
    document = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["role", "name"], name="role_policy_name_once")]


class RolePolicyAttachment(models.Model):
    """A managed policy attached to a role, by ARN: AWS's own are a table in code, not rows."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="attachments")
    policy_arn = models.CharField(max_length=2048)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["role", "policy_arn"], name="role_attachment_once")]


class Policy(AccountOwned):
    """A customer managed policy with its versions."""

    name = models.CharField(max_length=128)
    path = models.CharField(max_length=512, default="/")
    unique_id = models.CharField(max_length=21, default=_policy_id)
    description = models.CharField(max_length=1000, blank=True)
    default_version = models.PositiveIntegerField(default=1)
    next_version = models.PositiveIntegerField(default=2)
    updated_at = models.DateTimeField(default=clock.now)
    tags = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="policy_name_once")]

    @property
    def arn(self) -> str:
        return arns.iam(self.account_id, f"policy{self.path}{self.name}")


class PolicyVersion(models.Model):
    """One version of a customer managed policy."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    document = models.TextField()
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["policy", "number"], name="policy_version_once")]
