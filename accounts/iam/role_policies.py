"""What a role is allowed: inline policies, and managed ones attached to it."""

import json
from collections.abc import Sequence

from django.db import transaction

from accounts import errors
from accounts.iam import documents, pages, policies, roles, rules
from accounts.models import Account, Role, RolePolicy, RolePolicyAttachment
from accounts.services import bump_stamp

PAGE_SIZE = 100


@transaction.atomic
def put_role_policy(*, account: Account, role_name: str, policy_name: str, document: str) -> RolePolicy:
    """Write an inline policy, new or in place of the one of that name; the document is kept exactly as sent."""
    rules.check_name("policyName", policy_name, 128)
    documents.check_identity_policy(document)
    role = roles.lock_role(account=account, name=role_name)
    others = role.inline_policies.exclude(name=policy_name).values_list("document", flat=True)
    if documents.size(document) + sum(documents.size(other) for other in others) > rules.INLINE_POLICIES_SIZE:
        raise errors.IamLimitExceeded(
            f"Maximum policy size of {rules.INLINE_POLICIES_SIZE} bytes exceeded for role {role_name}"
        )
    row, _ = RolePolicy.objects.update_or_create(role=role, name=policy_name, defaults={"document": document})
    bump_stamp(account_id=account.id)
    return row


def get_role_policy(*, account: Account, role_name: str, policy_name: str) -> RolePolicy:
    """An inline policy; raises ``RoleNotFound``, ``RolePolicyNotFound``."""
    role = roles.get_role(account=account, name=role_name)
    if (row := role.inline_policies.filter(name=policy_name).first()) is None:
        raise errors.RolePolicyNotFound(name=policy_name)
    return row


@transaction.atomic
def delete_role_policy(*, account: Account, role_name: str, policy_name: str) -> None:
    """Delete an inline policy."""
    role = roles.lock_role(account=account, name=role_name)
    deleted, _ = role.inline_policies.filter(name=policy_name).delete()
    if not deleted:
        raise errors.RolePolicyNotFound(name=policy_name)
    bump_stamp(account_id=account.id)


def list_role_policies(
    *, account: Account, role_name: str, marker: str | None = None, size: int = PAGE_SIZE
) -> tuple[Sequence[RolePolicy], str | None]:
    """The inline policies of a role by name."""
    role = roles.get_role(account=account, name=role_name)
    return pages.page(role.inline_policies.all(), marker=marker, size=size, key="name")


@transaction.atomic
def attach_role_policy(*, account: Account, role_name: str, arn: str) -> None:
    """Attach a managed policy; attached already is well too. Raises ``PolicyNotAttachable``, ``IamLimitExceeded``."""
    role = roles.lock_role(account=account, name=role_name)
    if (policy := policies.find_policy(account=account, arn=arn)) is None:
        raise errors.PolicyNotAttachable(arn=arn)
    attachments = RolePolicyAttachment.objects.filter(role=role)
    if attachments.filter(policy_arn=policy.arn).exists():
        return
    if attachments.count() >= rules.POLICIES_PER_ROLE:
        raise errors.IamLimitExceeded(quota="PoliciesPerRole", limit=rules.POLICIES_PER_ROLE)
    RolePolicyAttachment.objects.create(role=role, policy_arn=policy.arn)
    bump_stamp(account_id=account.id)


@transaction.atomic
def detach_role_policy(*, account: Account, role_name: str, arn: str) -> None:
    """Detach a managed policy; raises ``PolicyNotFound`` when it is not attached."""
    role = roles.lock_role(account=account, name=role_name)
    policy = policies.find_policy(account=account, arn=arn)
    deleted, _ = role.attachments.filter(policy_arn=policy.arn if policy else arn).delete()
    if not deleted:
        raise errors.PolicyNotFound(arn=arn)
    bump_stamp(account_id=account.id)


def list_attached_role_policies(
    *, account: Account, role_name: str, path_prefix: str = "/", marker: str | None = None, size: int = PAGE_SIZE
) -> tuple[Sequence[RolePolicyAttachment], str | None]:
    """The managed policies of a role by ARN."""
    role: Role = roles.get_role(account=account, name=role_name)
    rows = RolePolicyAttachment.objects.filter(role=role, policy_arn__contains=f":policy{path_prefix}")
    return pages.page(rows, marker=marker, size=size, key="policy_arn")


@transaction.atomic
def allow_action(*, account: Account, role_name: str, action: str, resource: str) -> RolePolicy:
    """Add one permission to what the role's inline policy ``Added-<service>`` allows; what it allows already stays.

    Raises ``RoleNotFound``, ``MalformedPolicyDocument``, ``IamLimitExceeded``.
    """
    name = f"Added-{action.partition(':')[0]}"
    role = roles.lock_role(account=account, name=role_name)
    existing = role.inline_policies.filter(name=name).first()
    statements: list[dict[str, object]] = json.loads(existing.document)["Statement"] if existing else []
    added: dict[str, object] = {"Effect": "Allow", "Action": action, "Resource": resource}
    if added not in statements:
        statements.append(added)
    document = json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)
    return put_role_policy(account=account, role_name=role_name, policy_name=name, document=document)
