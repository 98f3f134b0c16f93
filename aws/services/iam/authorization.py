"""What IAM's operations need. Resources carry the path that a role or policy really has, not one that was sent."""

from accounts.models import Role
from accounts.selectors import own_arn
from aws.operation import Caller, Params
from aws.permissions import Find, Rule, anything, register
from core import arns


def _role(caller: Caller, request: Params) -> str:
    name = request["RoleName"]
    role = Role.objects.filter(account=caller.account, name=name).first()
    return role.arn if role else arns.iam(caller.account.id, f"role{request.get('Path', '/')}{name}")


def _new_policy(caller: Caller, request: Params) -> str:
    return arns.iam(caller.account.id, f"policy{request.get('Path', '/')}{request['PolicyName']}")


def _arn(member: str) -> Find:
    return lambda caller, request: own_arn(account=caller.account, arn=request[member])[0]


def _user(caller: Caller, request: Params) -> str:
    name = request.get("UserName")
    return arns.iam(caller.account.id, f"user/{name}") if name else anything(caller, request)


def _kind(kind: str) -> Find:
    """All resources of a kind, as lists of them are about."""
    return lambda caller, request: arns.iam(caller.account.id, f"{kind}{request.get('PathPrefix', '/')}")


def _policy_keys(caller: Caller, request: Params) -> dict[str, str | None]:
    return {"iam:PolicyARN": own_arn(account=caller.account, arn=request["PolicyArn"])[0]}


def _boundary_keys(caller: Caller, request: Params) -> dict[str, str | None]:
    return {"iam:PermissionsBoundary": request.get("PermissionsBoundary")}


register(
    "iam",
    prefix="iam",
    members=[("RoleName", _role), ("PolicyArn", _arn("PolicyArn")), ("PolicySourceArn", _arn("PolicySourceArn"))],
    operations={
        "AttachRolePolicy": Rule(keys=_policy_keys),
        "CreateAccessKey": Rule(resource=_user),
        "CreatePolicy": Rule(resource=_new_policy),
        "CreateRole": Rule(keys=_boundary_keys),
        "DeleteAccessKey": Rule(resource=_user),
        "DetachRolePolicy": Rule(keys=_policy_keys),
        "GetAccountSummary": Rule(resource=anything),
        "GetUser": Rule(resource=_user),
        "ListAccessKeys": Rule(resource=_user),
        "ListAccountAliases": Rule(resource=anything),
        "ListInstanceProfiles": Rule(resource=_kind("instance-profile")),
        "ListPolicies": Rule(resource=_kind("policy")),
        "ListRoles": Rule(resource=_kind("role")),
        "ListUsers": Rule(resource=_kind("user")),
        "PutRolePermissionsBoundary": Rule(keys=_boundary_keys),
        "SimulateCustomPolicy": Rule(resource=anything),
        "UpdateAccessKey": Rule(resource=_user),
    },
)
