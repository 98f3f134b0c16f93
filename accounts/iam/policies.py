"""Managed policies: the account's own, with versions, and AWS's, which everybody can read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Count

from accounts import errors
from accounts.iam import documents, rules
from accounts.iam.managed_policies import AWS_POLICIES, AwsPolicy
from accounts.models import Account, Policy, PolicyVersion, Role, RolePolicyAttachment
from accounts.selectors import own_arn
from core import arns, clock, paging
from core.errors import InvalidParameterValue

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class PolicyDescription:
    """A managed policy of either kind; ``attachment_count`` counts the caller's roles."""

    arn: str
    name: str
    path: str
    unique_id: str
    description: str
    default_version: int
    created_at: datetime
    updated_at: datetime
    tags: dict[str, str]
    attachment_count: int = 0


@dataclass(frozen=True, slots=True)
class VersionDescription:
    """One version of a managed policy of either kind."""

    number: int
    document: str
    is_default: bool
    created_at: datetime

    @property
    def label(self) -> str:
        return f"v{self.number}"


# -- reading ---------------------------------------------------------------------------------------


def find_policy(*, account: Account, arn: str) -> Policy | AwsPolicy | None:
    """What ``arn`` names: AWS's own, or the account's (an ARN of another account means the caller's own)."""
    if found := AWS_POLICIES.get(arn):
        return found
    parsed = arns.parse(own_arn(account=account, arn=arn)[0])
    if parsed is None or parsed.service != "iam" or parsed.account != account.id:
        return None
    kind, _, rest = parsed.resource.partition("/")
    path, _, name = f"/{rest}".rpartition("/")
    if kind != "policy":
        return None
    return Policy.objects.filter(account=account, path=f"{path}/", name=name).first()


def _policy(account: Account, arn: str) -> Policy | AwsPolicy:
    if (policy := find_policy(account=account, arn=arn)) is None:
        raise errors.PolicyNotFound(arn=arn)
    return policy


def _lock_own(account: Account, arn: str) -> Policy:
    policy = _policy(account, arn)
    if not isinstance(policy, Policy):
        raise errors.AwsPolicyUnchangeable(arn=arn)
    locked = Policy.objects.select_for_update().filter(id=policy.id).first()
    if locked is None:
        raise errors.PolicyNotFound(arn=arn)
    return locked


def check_boundary(*, account: Account, arn: str) -> str:
    """The ARN of the policy that is to be a boundary; raises ``BoundaryNotFound``."""
    if (policy := find_policy(account=account, arn=arn)) is None:
        raise errors.BoundaryNotFound(arn=arn)
    return policy.arn


def get_policy(*, account: Account, arn: str) -> PolicyDescription:
    """The policy behind ``arn``; raises ``PolicyNotFound``."""
    policy = _policy(account, arn)
    count = RolePolicyAttachment.objects.filter(role__account=account, policy_arn=policy.arn).count()
    return _describe(policy, count)


def _describe(policy: Policy | AwsPolicy, attachment_count: int) -> PolicyDescription:
    return PolicyDescription(
        arn=policy.arn,
        name=policy.name,
        path=policy.path,
        unique_id=policy.unique_id,
        description=policy.description,
        default_version=policy.default_version,
        created_at=policy.created_at,
        updated_at=policy.updated_at,
        tags=policy.tags,
        attachment_count=attachment_count,
    )


def list_policies(
    *,
    account: Account,
    scope: str = "All",
    only_attached: bool = False,
    path_prefix: str = "/",
    marker: str | None = None,
    size: int = PAGE_SIZE,
) -> tuple[Sequence[PolicyDescription], str | None]:
    """Policies by ARN, AWS's last; ``scope`` is ``All``, ``AWS`` or ``Local``."""
    counts = _attachment_counts(account)
    found: list[Policy | AwsPolicy] = []
    if scope in ("All", "Local"):
        found += Policy.objects.filter(account=account).order_by("name")
    if scope in ("All", "AWS"):
        found += AWS_POLICIES.values()
    listed = [
        _describe(policy, counts.get(policy.arn, 0))
        for policy in found
        if policy.path.startswith(path_prefix) and not (only_attached and policy.arn not in counts)
    ]
    return slice_page(listed, marker=marker, size=size)


def _attachment_counts(account: Account) -> dict[str, int]:
    rows = RolePolicyAttachment.objects.filter(role__account=account).values_list("policy_arn")
    return dict(rows.annotate(count=Count("id")).order_by())


def slice_page[T](items: Sequence[T], *, marker: str | None, size: int) -> tuple[Sequence[T], str | None]:
    """One page of a short list that is wholly in memory, and the marker of the next."""
    start = paging.decode_marker(marker)[0] if marker else 0
    if not isinstance(start, int) or start < 0:
        raise InvalidParameterValue("The marker is not valid.")
    end = start + size
    return items[start:end], paging.encode_marker(end) if end < len(items) else None


def get_policy_version(*, account: Account, arn: str, version: str) -> VersionDescription:
    """One version by its label (``v1``); raises ``PolicyNotFound``, ``PolicyVersionNotFound``."""
    for found in _versions(_policy(account, arn)):
        if found.label == version:
            return found
    raise errors.PolicyVersionNotFound(arn=arn, version=version)


def list_policy_versions(
    *, account: Account, arn: str, marker: str | None = None, size: int = PAGE_SIZE
) -> tuple[Sequence[VersionDescription], str | None]:
    """The versions of a policy, newest first."""
    return slice_page(_versions(_policy(account, arn)), marker=marker, size=size)


def _versions(policy: Policy | AwsPolicy) -> list[VersionDescription]:
    if isinstance(policy, AwsPolicy):
        return [VersionDescription(policy.default_version, policy.document, True, policy.created_at)]
    return [
        VersionDescription(row.number, row.document, row.number == policy.default_version, row.created_at)
        for row in policy.versions.order_by("-number")
    ]


def list_entities_for_policy(
    *, account: Account, arn: str, path_prefix: str = "/", marker: str | None = None, size: int = PAGE_SIZE
) -> tuple[Sequence[Role], str | None]:
    """The caller's roles that a policy is attached to."""
    policy = _policy(account, arn)
    rows = Role.objects.filter(account=account, attachments__policy_arn=policy.arn)
    return paging.page(paging.with_prefix(rows, "path", path_prefix), marker=marker, size=size, key="name")


# -- changing --------------------------------------------------------------------------------------


@transaction.atomic
def create_policy(
    *,
    account: Account,
    name: str,
    document: str,
    path: str = "/",
    description: str = "",
    tags: dict[str, str] | None = None,
) -> PolicyDescription:
    """Make a managed policy with its first version.

    Raises ``PolicyExists``, ``MalformedPolicyDocument``, ``IamLimitExceeded``, ``IamValidationError``.
    """
    rules.check_name("policyName", name, 128)
    rules.check_path(path)
    rules.check_description(description)
    rules.check_tags(tags or {})
    _check_document(document)
    policies = Policy.objects.filter(account=account)
    if policies.filter(name__iexact=name).exists():
        raise errors.PolicyExists(name=name)
    if policies.count() >= rules.POLICIES_PER_ACCOUNT:
        raise errors.IamLimitExceeded(quota="PoliciesPerAccount", limit=rules.POLICIES_PER_ACCOUNT)
    policy = Policy(account=account, name=name, path=path, description=description, tags=tags or {})
    try:
        with transaction.atomic():
            policy.save(force_insert=True)
    except IntegrityError:  # made by somebody else since we looked
        raise errors.PolicyExists(name=name) from None
    PolicyVersion.objects.create(policy=policy, number=1, document=document)
    return _describe(policy, 0)


def _check_document(document: str) -> None:
    documents.check_identity_policy(document)
    if documents.size(document) > rules.MANAGED_POLICY_SIZE:
        raise errors.IamLimitExceeded(quota="PolicySize", limit=rules.MANAGED_POLICY_SIZE)


@transaction.atomic
def delete_policy(*, account: Account, arn: str) -> None:
    """Delete a policy that is attached nowhere and has one version; raises ``DeleteConflict`` otherwise."""
    policy = _lock_own(account, arn)
    attached = RolePolicyAttachment.objects.filter(role__account=account, policy_arn=policy.arn)
    if attached.exists() or Role.objects.filter(account=account, permissions_boundary=policy.arn).exists():
        raise errors.DeleteConflict("Cannot delete a policy attached to entities.")
    if policy.versions.count() > 1:
        raise errors.DeleteConflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's "
            "versions. The default version is deleted with the policy."
        )
    policy.delete()


@transaction.atomic
def create_policy_version(
    *, account: Account, arn: str, document: str, set_as_default: bool = False
) -> VersionDescription:
    """Add a version; numbers are never used twice. Raises ``IamLimitExceeded`` at the sixth."""
    policy = _lock_own(account, arn)
    _check_document(document)
    if policy.versions.count() >= rules.VERSIONS_PER_POLICY:
        raise errors.IamLimitExceeded(
            "A managed policy can have up to 5 versions. Before you create a new version, you must delete an "
            "existing version."
        )
    version = PolicyVersion.objects.create(policy=policy, number=policy.next_version, document=document)
    policy.next_version += 1
    if set_as_default:
        policy.default_version = version.number
    policy.updated_at = clock.now()
    policy.save()
    return VersionDescription(version.number, document, set_as_default, version.created_at)


@transaction.atomic
def delete_policy_version(*, account: Account, arn: str, version: str) -> None:
    """Delete a version that is not the default."""
    policy = _lock_own(account, arn)
    row = _version_row(policy, arn, version)
    if row.number == policy.default_version:
        raise errors.DeleteConflict("Cannot delete the default version of a policy.")
    row.delete()


@transaction.atomic
def set_default_policy_version(*, account: Account, arn: str, version: str) -> None:
    """Make a version the one that counts."""
    policy = _lock_own(account, arn)
    policy.default_version = _version_row(policy, arn, version).number
    policy.updated_at = clock.now()
    policy.save()


def _version_row(policy: Policy, arn: str, label: str) -> PolicyVersion:
    for row in policy.versions.all():
        if f"v{row.number}" == label:
            return row
    raise errors.PolicyVersionNotFound(arn=arn, version=label)


@transaction.atomic
def tag_policy(*, account: Account, arn: str, tags: dict[str, str]) -> None:
    """Add tags to a policy, or change their values."""
    policy = _lock_own(account, arn)
    policy.tags = rules.merged_tags(policy.tags, tags)
    rules.check_tags(policy.tags)
    policy.save(update_fields=["tags"])


@transaction.atomic
def untag_policy(*, account: Account, arn: str, keys: Iterable[str]) -> None:
    """Remove tags from a policy."""
    policy = _lock_own(account, arn)
    policy.tags = rules.without_tags(policy.tags, keys)
    policy.save(update_fields=["tags"])
