"""The people of an account as IAM users, their access keys, and the account's numbers."""

from collections.abc import Sequence

from django.db import transaction

from accounts import errors, services
from accounts.iam import rules
from accounts.models import AccessKey, Account, Policy, PolicyVersion, Role, User
from core import paging

PAGE_SIZE = 100


def get_user(*, account: Account, name: str) -> User:
    """The user; raises ``UserNotFound``. Users of other accounts do not exist."""
    user = User.objects.filter(account=account, username=name, is_active=True).first()
    if user is None:
        raise errors.UserNotFound(name=name)
    return user


def list_users(
    *, account: Account, marker: str | None = None, size: int = PAGE_SIZE
) -> tuple[Sequence[User], str | None]:
    """Users by name."""
    rows = User.objects.filter(account=account, is_active=True)
    return paging.page(rows, marker=marker, size=size, key="username")


@transaction.atomic
def create_access_key(*, account: Account, name: str) -> AccessKey:
    """Make a key for a user; raises ``IamLimitExceeded`` at the third. The row carries the secret."""
    user = _lock_user(account, name)
    if AccessKey.objects.filter(account=account, user=user).count() >= rules.ACCESS_KEYS_PER_USER:
        raise errors.IamLimitExceeded(quota="AccessKeysPerUser", limit=rules.ACCESS_KEYS_PER_USER)
    return services.create_access_key(account=account, user=user)


def _lock_user(account: Account, name: str) -> User:
    user = get_user(account=account, name=name)
    return User.objects.select_for_update().get(id=user.id)


def list_access_keys(
    *, account: Account, name: str, marker: str | None = None, size: int = PAGE_SIZE
) -> tuple[Sequence[AccessKey], str | None]:
    """The keys of a user by id."""
    rows = AccessKey.objects.filter(account=account, user=get_user(account=account, name=name))
    return paging.page(rows, marker=marker, size=size, key="id")


@transaction.atomic
def update_access_key(*, account: Account, name: str, access_key_id: str, status: str) -> None:
    """Activate or deactivate a key; a deactivated one stops with the next request."""
    key = _key(account, name, access_key_id)
    if status not in AccessKey.Status.values:
        raise errors.IamValidationError(
            f"1 validation error detected: Value '{status}' at 'status' failed to satisfy constraint: "
            "Member must satisfy enum value set: [Active, Inactive]"
        )
    key.status = status
    key.save(update_fields=["status"])
    services.bump_stamp(account_id=account.id)


@transaction.atomic
def delete_access_key(*, account: Account, name: str, access_key_id: str) -> None:
    """Delete a key for good."""
    _key(account, name, access_key_id).delete()
    services.bump_stamp(account_id=account.id)


def _key(account: Account, name: str, access_key_id: str) -> AccessKey:
    user = get_user(account=account, name=name)
    key = AccessKey.objects.filter(account=account, user=user, id=access_key_id).first()
    if key is None:
        raise errors.AccessKeyNotFound(id=access_key_id)
    return key


def get_account_summary(*, account: Account) -> dict[str, int]:
    """How much of IAM the account uses, and its quotas, by AWS's keys."""
    policies = Policy.objects.filter(account=account)
    return {
        "Users": User.objects.filter(account=account, is_active=True).count(),
        "Roles": Role.objects.filter(account=account).count(),
        "RolesQuota": rules.ROLES_PER_ACCOUNT,
        "Policies": policies.count(),
        "PoliciesQuota": rules.POLICIES_PER_ACCOUNT,
        "PolicySizeQuota": rules.MANAGED_POLICY_SIZE,
        "PolicyVersionsInUse": PolicyVersion.objects.filter(policy__in=policies).count(),
        "VersionsPerPolicyQuota": rules.VERSIONS_PER_POLICY,
        "AttachedPoliciesPerRoleQuota": rules.POLICIES_PER_ROLE,
        "AccessKeysPerUserQuota": rules.ACCESS_KEYS_PER_USER,
        "AssumeRolePolicySizeQuota": rules.TRUST_POLICY_SIZE,
        "RolePolicySizeQuota": rules.INLINE_POLICIES_SIZE,
        "AccountAccessKeysPresent": AccessKey.objects.filter(account=account, user=None).count(),
        "PolicyVersionsInUseQuota": 10_000,
    }
