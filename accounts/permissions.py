"""Who somebody is to the policies, and what they bring along: roles with everything attached to them.

What a role may do is kept in the process with its account's stamp. Whatever changes a role or a policy moves the stamp
in the same transaction, so the next request after a change already sees it.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from accounts.credentials import Principal
from accounts.errors import NotAuthorized
from accounts.iam.managed_policies import AWS_POLICIES
from accounts.models import Account, Policy, PolicyVersion, Role
from accounts.policies import (
    Context,
    Decision,
    Grants,
    Policies,
    Request,
    Statement,
    Subject,
    context_of,
    evaluate,
    parse,
)
from accounts.selectors import own_arn
from core import arns
from core.stamped import Stamped

_ROLES_KEPT = 5_000
NOTHING = Policies()
ADMINISTRATOR = Grants(Policies.of(parse({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})))


@dataclass(frozen=True, slots=True)
class RolePermissions:
    """What a role may do. ``boundary`` is None without one; a boundary that is gone allows nothing."""

    arn: str
    identity: Policies = NOTHING
    boundary: Policies | None = None
    tags: Mapping[str, str] | None = None


_roles: Stamped[RolePermissions] = Stamped(_ROLES_KEPT)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks. The account's own people and its root are its administrators; roles have their policies."""

    subject: Subject
    grants: Grants
    context: Context
    is_administrator: bool
    role_name: str = ""

    def decide(
        self,
        action: str,
        resource: str,
        context: Context | None = None,
        *,
        policy: Policies | None = None,
        needs_policy: bool = False,
    ) -> Decision:
        """Whether they may do ``action`` on ``resource`` of their own account; ``policy`` is that of the resource."""
        request = Request(action, resource, {**self.context, **(context or {})})
        return evaluate(request, subject=self.subject, grants=self.grants, resource=policy, needs_resource=needs_policy)

    def denial(self, decision: Decision, action: str, resource: str) -> NotAuthorized:
        """The error for a decision against them."""
        return NotAuthorized(
            user=self.subject.arn, action=action, resource=resource, decision=decision, role=self.role_name
        )


def actor_of(*, account: Account, principal: Principal) -> Actor:
    """The principal of a request in ``account``, whose stamp was read for this request."""
    arn = principal.arn
    known = {"aws:PrincipalAccount": account.id, "aws:userid": principal.user_id, "aws:PrincipalIsAWSService": "false"}
    if ":assumed-role/" not in arn:
        name = "" if arn.endswith(":root") else arn.rpartition("/")[2]
        kind = "User" if name else "Account"
        context = context_of({**known, "aws:PrincipalArn": arn, "aws:username": name, "aws:PrincipalType": kind})
        return Actor(Subject(arn=arn, account_id=account.id), ADMINISTRATOR, context, is_administrator=True)
    name = arn.split("/")[1]
    role = of_role(account=account, name=name)
    tags = {f"aws:PrincipalTag/{key}": value for key, value in (role.tags or {}).items()}
    context = context_of({**known, "aws:PrincipalArn": role.arn, "aws:PrincipalType": "AssumedRole", **tags})
    grants = Grants(role.identity, role.boundary, _session(account, principal))
    return Actor(Subject(arn, account.id, role.arn), grants, context, is_administrator=False, role_name=name)


def actor_of_role(*, account: Account, role_arn: str, session: str) -> Actor:
    """A role of the account, as an AWS service has taken it to act for the role's owner."""
    name = role_arn.rpartition("/")[2]
    arn = f"arn:{arns.PARTITION}:sts::{account.id}:assumed-role/{name}/{session}"
    return actor_of(account=account, principal=Principal(account.id, arn, user_id="", secret=""))


def of_role(*, account: Account, name: str) -> RolePermissions:
    """What the role of that name may do; a role that is gone may do nothing."""
    return _roles.get((account.id, name), account.stamp, _load_role, account, name)


def _load_role(account: Account, name: str) -> RolePermissions:
    role = Role.objects.filter(account=account, name=name).first()
    if role is None:
        return RolePermissions(arn=arns.iam(account.id, f"role/{name}"))
    inline = [parse(row.document, name=row.name) for row in role.inline_policies.order_by("name")]
    attached = role.attachments.order_by("policy_arn").values_list("policy_arn", flat=True)
    boundary = None
    if role.permissions_boundary:
        boundary = Policies.of(*managed(account, [role.permissions_boundary]))
    return RolePermissions(role.arn, Policies.of(*inline, *managed(account, attached)), boundary, role.tags)


def _session(account: Account, principal: Principal) -> Policies | None:
    if not principal.session_policy and not principal.session_policy_arns:
        return None
    inline = [parse(principal.session_policy, name="session policy")] if principal.session_policy else []
    return Policies.of(*inline, *managed(account, principal.session_policy_arns))


# -- managed policies ------------------------------------------------------------------------------


def managed(account: Account, wanted: Iterable[str]) -> list[tuple[Statement, ...]]:
    """The statements of managed policies by ARN, AWS's and the account's own; those that are gone say nothing."""
    listed = list(wanted)
    found = [_aws_policy(arn) for arn in listed if arn in AWS_POLICIES]
    own = {own_arn(account=account, arn=arn)[0] for arn in listed if arn not in AWS_POLICIES}
    if not own:
        return found
    named = Policy.objects.filter(account=account, name__in=[arn.rpartition("/")[2] for arn in own])
    policies = {policy.pk: policy for policy in named if policy.arn in own}
    for row in PolicyVersion.objects.filter(policy__in=policies).order_by("policy__name"):
        policy = policies[row.policy_id]
        if row.number == policy.default_version:
            found.append(parse(row.document, name=policy.arn))
    return found


@functools.cache
def _aws_policy(arn: str) -> tuple[Statement, ...]:
    return parse(AWS_POLICIES[arn].document, name=arn)
