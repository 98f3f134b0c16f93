"""The people of an account as IAM users, their access keys, and the account's numbers."""

from collections.abc import Sequence

from django.db import transaction

from accounts import errors, services
from accounts.iam import pages, rules
from accounts.models import AccessKey, Account, Policy, PolicyVersion, Role, User

PAGE_SIZE = 100


def get_user(*, account: Account, name: str) -> User:
    """The user; raises ``UserNotFound``. Users of other accounts do not exist."""
    user = User.objects.filter(account=account, username=name, is_active=True).first()
    if user is None:
        raise errors.UserNotFound(name=name)
    return user


def list_users(
    *, account: Account, path_prefix: str = "/", marker: str | None = None, size: int = PAGE_SIZE
) -> tuple[Sequence[User], str | None]:
    """Users by name; the path of all of them is a slash."""
    rows = User.objects.filter(account=account, is_active=True) if path_prefix == "/" else User.objects.none()
    return pages.page(rows, marker=marker, size=size, key="username")


# -- access keys: of the user ``name``, or of the account's root when it is None -------------------


@transaction.atomic
def create_access_key(*, account: Account, name: str | None) -> AccessKey:
    """Make a key; raises ``IamLimitExceeded`` at the third. The row carries the secret."""
    user = _owner(account, name)
    Account.objects.select_for_update().get(id=account.id)  # two at once must not both be the second
    if AccessKey.objects.filter(account=account, user=user).count() >= rules.ACCESS_KEYS_PER_USER:
        raise errors.IamLimitExceeded(quota="AccessKeysPerUser", limit=rules.ACCESS_KEYS_PER_USER)
    return services.create_access_key(account=account, user=user)


def _owner(account: Account, name: str | None) -> User | None:
    return None if name is None else get_user(account=account, name=name)


def list_access_keys(
    *, account: Account, name: str | None, marker: str | None = None, size: int = PAGE_SIZE
) -> tuple[Sequence[AccessKey], str | None]:
    """Keys by id."""
    rows = AccessKey.objects.filter(account=account, user=_owner(account, name))
    return pages.page(rows, marker=marker, size=size, key="id")


@transaction.atomic
def update_access_key(*, account: Account, name: str | None, access_key_id: str, status: str) -> None:
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
def delete_access_key(*, account: Account, name: str | None, access_key_id: str) -> None:
    """Delete a key for good."""
    _key(account, name, access_key_id).delete()
    services.bump_stamp(account_id=account.id)


def _key(account: Account, name: str | None, access_key_id: str) -> AccessKey:
    key = AccessKey.objects.filter(account=account, user=_owner(account, name), id=access_key_id).first()
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
