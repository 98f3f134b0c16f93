"""Managed policies: the account's own, with versions, and AWS's, which everybody can read."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts import errors
from accounts.iam import documents, pages, rules
from accounts.iam.managed_policies import AWS_POLICIES, AwsPolicy
from accounts.models import Account, Policy, PolicyVersion, Role, RolePolicyAttachment
from accounts.selectors import own_arn
from accounts.services import bump_stamp
from core import arns, clock, paging

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class PolicyDescription:
    """A managed policy of either kind; the counts are of the caller's roles."""

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
    boundary_count: int = 0


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


@dataclass(frozen=True, slots=True)
class _Uses:
    """How often the account's roles have a policy attached, or as their boundary, by its ARN."""

    attached: Mapping[str, int]
    boundaries: Mapping[str, int]


def _uses(account: Account) -> _Uses:
    attached = RolePolicyAttachment.objects.filter(role__account=account).values_list("policy_arn", flat=True)
    bounded = Role.objects.filter(account=account).exclude(permissions_boundary="")
    return _Uses(Counter(attached), Counter(bounded.values_list("permissions_boundary", flat=True)))


def get_policy(*, account: Account, arn: str) -> PolicyDescription:
    """The policy behind ``arn``; raises ``PolicyNotFound``."""
    return _describe(_policy(account, arn), _uses(account))


def _describe(policy: Policy | AwsPolicy, uses: _Uses) -> PolicyDescription:
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
        attachment_count=uses.attached.get(policy.arn, 0),
        boundary_count=uses.boundaries.get(policy.arn, 0),
    )


def list_policies(
    *,
    account: Account,
    scope: str = "All",
    only_attached: bool = False,
    usage: str = "",
    path_prefix: str = "/",
    marker: str | None = None,
    size: int = PAGE_SIZE,
) -> tuple[Sequence[PolicyDescription], str | None]:
    """Policies by name, AWS's last.

    ``scope`` is ``All``, ``AWS`` or ``Local``; ``usage`` is ``PermissionsPolicy`` (attached), ``PermissionsBoundary``
    or empty for any.
    """
    uses = _uses(account)
    found: list[Policy | AwsPolicy] = []
    if scope in ("All", "Local"):
        found += Policy.objects.filter(account=account).order_by("name")
    if scope in ("All", "AWS"):
        found += AWS_POLICIES.values()
    wanted = [uses.attached] if only_attached or usage == "PermissionsPolicy" else []
    if usage == "PermissionsBoundary":
        wanted.append(uses.boundaries)
    listed = [
        _describe(policy, uses)
        for policy in found
        if policy.path.startswith(path_prefix) and all(policy.arn in used for used in wanted)
    ]
    return pages.slice_page(listed, marker=marker, size=size)


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
    return pages.slice_page(_versions(_policy(account, arn)), marker=marker, size=size)


def _versions(policy: Policy | AwsPolicy) -> list[VersionDescription]:
    if isinstance(policy, AwsPolicy):
        return [VersionDescription(policy.default_version, policy.document, True, policy.created_at)]
    return [
        VersionDescription(row.number, row.document, row.number == policy.default_version, row.created_at)
        for row in policy.versions.order_by("-number")
    ]


def list_entities_for_policy(
    *,
    account: Account,
    arn: str,
    entity_filter: str = "",
    usage: str = "",
    path_prefix: str = "/",
    marker: str | None = None,
    size: int = PAGE_SIZE,
) -> tuple[Sequence[Role], str | None]:
    """The caller's roles that have a policy attached, or as their boundary; users and groups have none here."""
    policy = _policy(account, arn)
    attached, bounded = Q(attachments__policy_arn=policy.arn), Q(permissions_boundary=policy.arn)
    uses = {"PermissionsPolicy": attached, "PermissionsBoundary": bounded}.get(usage, attached | bounded)
    rows = Role.objects.filter(uses, account=account).distinct()
    if entity_filter not in ("", "Role"):
        rows = rows.none()
    return pages.page(paging.with_prefix(rows, "path", path_prefix), marker=marker, size=size, key="name")


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
    bump_stamp(account_id=account.id)  # attached somewhere under this name, before it was deleted and made again
    return _describe(policy, _Uses({}, {}))


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
    bump_stamp(account_id=account.id)  # sessions may be bounded by it


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
    bump_stamp(account_id=account.id)
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
    bump_stamp(account_id=account.id)


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
