"""Inline policies, and managed ones attached to a role."""

from accounts import iam
from aws.operation import Caller, Params, operation
from aws.services.iam import shapes


@operation("iam", "PutRolePolicy")
def put_role_policy(caller: Caller, request: Params) -> None:
    iam.put_role_policy(
        account=caller.account,
        role_name=request["RoleName"],
        policy_name=request["PolicyName"],
        document=request["PolicyDocument"],
    )


@operation("iam", "GetRolePolicy")
def get_role_policy(caller: Caller, request: Params) -> Params:
    row = iam.get_role_policy(account=caller.account, role_name=request["RoleName"], policy_name=request["PolicyName"])
    return {
        "RoleName": request["RoleName"],
        "PolicyName": row.name,
        "PolicyDocument": shapes.document(row.document),
    }


@operation("iam", "DeleteRolePolicy")
def delete_role_policy(caller: Caller, request: Params) -> None:
    iam.delete_role_policy(account=caller.account, role_name=request["RoleName"], policy_name=request["PolicyName"])


@operation("iam", "ListRolePolicies")
def list_role_policies(caller: Caller, request: Params) -> Params:
    found = iam.list_role_policies(account=caller.account, role_name=request["RoleName"], **shapes.paging(request))
    return shapes.page(found, "PolicyNames", lambda row: row.name)


@operation("iam", "AttachRolePolicy")
def attach_role_policy(caller: Caller, request: Params) -> None:
    iam.attach_role_policy(account=caller.account, role_name=request["RoleName"], arn=request["PolicyArn"])


@operation("iam", "DetachRolePolicy")
def detach_role_policy(caller: Caller, request: Params) -> None:
    iam.detach_role_policy(account=caller.account, role_name=request["RoleName"], arn=request["PolicyArn"])


@operation("iam", "ListAttachedRolePolicies")
def list_attached_role_policies(caller: Caller, request: Params) -> Params:
    found = iam.list_attached_role_policies(
        account=caller.account,
        role_name=request["RoleName"],
        path_prefix=request.get("PathPrefix", "/"),
        **shapes.paging(request),
    )
    return shapes.page(found, "AttachedPolicies", shapes.attachment)
