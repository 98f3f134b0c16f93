"""Roles: who may take them, and how long."""

from collections.abc import Iterable, Sequence

from django.db import IntegrityError, transaction

from accounts import errors, identifiers
from accounts.iam import documents, pages, policies, rules
from accounts.models import Account, Role
from accounts.services import bump_stamp
from core import arns, paging

PAGE_SIZE = 100


@transaction.atomic
def create_role(
    *,
    account: Account,
    name: str,
    assume_role_policy: str,
    path: str = "/",
    description: str = "",
    max_session_duration: int = rules.SESSION_SECONDS_MIN,
    permissions_boundary: str = "",
    tags: dict[str, str] | None = None,
) -> Role:
    """Make a role that can be used at once. The trust policy is kept exactly as sent.

    Raises ``RoleExists`` (names differ in more than case), ``MalformedPolicyDocument``, ``IamLimitExceeded``,
    ``BoundaryNotFound``, ``IamValidationError``.
    """
    rules.check_name("roleName", name, 64)
    rules.check_path(path)
    rules.check_description(description)
    rules.check_session_duration(max_session_duration)
    rules.check_tags(tags or {})
    _check_trust(assume_role_policy)
    if permissions_boundary:
        permissions_boundary = policies.check_boundary(account=account, arn=permissions_boundary)
    roles = Role.objects.filter(account=account)
    if roles.filter(name__iexact=name).exists():
        raise errors.RoleExists(name=name)
    if roles.count() >= rules.ROLES_PER_ACCOUNT:
        raise errors.IamLimitExceeded(quota="RolesPerAccount", limit=rules.ROLES_PER_ACCOUNT)
    role = Role(
        account=account,
        name=name,
        path=path,
        unique_id=identifiers.role_id(arns.iam(account.id, f"role{path}{name}")),
        description=description,
        assume_role_policy=assume_role_policy,
        max_session_duration=max_session_duration,
        permissions_boundary=permissions_boundary,
        tags=tags or {},
    )
    try:
        with transaction.atomic():
            role.save(force_insert=True)
    except IntegrityError:  # made by somebody else since we looked
        raise errors.RoleExists(name=name) from None
    bump_stamp(account_id=account.id)
    return role


def get_role(*, account: Account, name: str) -> Role:
    """The role; raises ``RoleNotFound``."""
    return _one(name, Role.objects.filter(account=account, name=name).first())


def lock_role(*, account: Account, name: str) -> Role:
    """The role, held until the transaction ends; raises ``RoleNotFound``."""
    return _one(name, Role.objects.select_for_update().filter(account=account, name=name).first())


def _one(name: str, role: Role | None) -> Role:
    if role is None:
        raise errors.RoleNotFound(name=name)
    return role


def list_roles(
    *, account: Account, path_prefix: str = "/", marker: str | None = None, size: int = PAGE_SIZE
) -> tuple[Sequence[Role], str | None]:
    """Roles by name, and the marker of the next page."""
    rows = paging.with_prefix(Role.objects.filter(account=account), "path", path_prefix)
    return pages.page(rows, marker=marker, size=size, key="name")


@transaction.atomic
def update_role(
    *, account: Account, name: str, description: str | None = None, max_session_duration: int | None = None
) -> Role:
    """Change what is given."""
    role = lock_role(account=account, name=name)
    if description is not None:
        rules.check_description(description)
        role.description = description
    if max_session_duration is not None:
        rules.check_session_duration(max_session_duration)
        role.max_session_duration = max_session_duration
    role.save()
    return role


@transaction.atomic
def update_assume_role_policy(*, account: Account, name: str, assume_role_policy: str) -> Role:
    """Replace the trust policy."""
    _check_trust(assume_role_policy)
    role = lock_role(account=account, name=name)
    role.assume_role_policy = assume_role_policy
    role.save(update_fields=["assume_role_policy"])
    return role


def _check_trust(document: str) -> None:
    documents.check_trust_policy(document)
    if documents.size(document) > rules.TRUST_POLICY_SIZE:
        raise errors.IamLimitExceeded(quota="ACLSizePerRole", limit=rules.TRUST_POLICY_SIZE)


@transaction.atomic
def delete_role(*, account: Account, name: str) -> None:
    """Delete a role that nothing is attached to; raises ``DeleteConflict`` otherwise."""
    role = lock_role(account=account, name=name)
    if role.attachments.exists():
        raise errors.DeleteConflict("Cannot delete entity, must detach all policies first.")
    if role.inline_policies.exists():
        raise errors.DeleteConflict("Cannot delete entity, must delete policies first.")
    role.delete()
    bump_stamp(account_id=account.id)


@transaction.atomic
def put_role_permissions_boundary(*, account: Account, name: str, arn: str) -> Role:
    """Set the policy that bounds the role; raises ``BoundaryNotFound``."""
    role = lock_role(account=account, name=name)
    role.permissions_boundary = policies.check_boundary(account=account, arn=arn)
    role.save(update_fields=["permissions_boundary"])
    bump_stamp(account_id=account.id)
    return role


@transaction.atomic
def delete_role_permissions_boundary(*, account: Account, name: str) -> Role:
    """Take the boundary away; raises ``NoSuchEntity`` when there is none."""
    role = lock_role(account=account, name=name)
    if not role.permissions_boundary:
        raise errors.NoSuchEntity(f"The role with name {name} does not have a permission boundary.")
    role.permissions_boundary = ""
    role.save(update_fields=["permissions_boundary"])
    bump_stamp(account_id=account.id)
    return role


@transaction.atomic
def tag_role(*, account: Account, name: str, tags: dict[str, str]) -> Role:
    """Add tags, or change their values. A key that differs only in case is the same one."""
    role = lock_role(account=account, name=name)
    role.tags = rules.merged_tags(role.tags, tags)
    rules.check_tags(role.tags)
    role.save(update_fields=["tags"])
    bump_stamp(account_id=account.id)
    return role


@transaction.atomic
def untag_role(*, account: Account, name: str, keys: Iterable[str]) -> Role:
    """Remove tags; keys that are not there do not matter."""
    role = lock_role(account=account, name=name)
    role.tags = rules.without_tags(role.tags, keys)
    role.save(update_fields=["tags"])
    bump_stamp(account_id=account.id)
    return role
