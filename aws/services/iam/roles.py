"""Roles."""

from accounts import iam
from aws.operation import Caller, Params, operation
from aws.services.iam import shapes


@operation("iam", "CreateRole")
def create_role(caller: Caller, request: Params) -> Params:
    role = iam.create_role(
        account=caller.account,
        name=request["RoleName"],
        assume_role_policy=request["AssumeRolePolicyDocument"],
        path=request.get("Path", "/"),
        description=request.get("Description", ""),
        max_session_duration=request.get("MaxSessionDuration", 3600),
        permissions_boundary=request.get("PermissionsBoundary", ""),
        tags=shapes.tags_of(request),
    )
    return {"Role": shapes.role(role)}


@operation("iam", "GetRole")
def get_role(caller: Caller, request: Params) -> Params:
    role = iam.get_role(account=caller.account, name=request["RoleName"])
    return {"Role": shapes.role(role) | {"RoleLastUsed": {}}}  # use is not recorded


@operation("iam", "ListRoles")
def list_roles(caller: Caller, request: Params) -> Params:
    found = iam.list_roles(account=caller.account, path_prefix=request.get("PathPrefix", "/"), **shapes.paging(request))
    return shapes.page(found, "Roles", shapes.listed_role)


@operation("iam", "UpdateRole")
def update_role(caller: Caller, request: Params) -> Params:
    iam.update_role(
        account=caller.account,
        name=request["RoleName"],
        description=request.get("Description"),
        max_session_duration=request.get("MaxSessionDuration"),
    )
    return {}


@operation("iam", "UpdateRoleDescription")
def update_role_description(caller: Caller, request: Params) -> Params:
    role = iam.update_role(account=caller.account, name=request["RoleName"], description=request["Description"])
    return {"Role": shapes.role(role)}


@operation("iam", "UpdateAssumeRolePolicy")
def update_assume_role_policy(caller: Caller, request: Params) -> None:
    iam.update_assume_role_policy(
        account=caller.account, name=request["RoleName"], assume_role_policy=request["PolicyDocument"]
    )


@operation("iam", "DeleteRole")
def delete_role(caller: Caller, request: Params) -> None:
    iam.delete_role(account=caller.account, name=request["RoleName"])


@operation("iam", "PutRolePermissionsBoundary")
def put_role_permissions_boundary(caller: Caller, request: Params) -> None:
    iam.put_role_permissions_boundary(
        account=caller.account, name=request["RoleName"], arn=request["PermissionsBoundary"]
    )


@operation("iam", "DeleteRolePermissionsBoundary")
def delete_role_permissions_boundary(caller: Caller, request: Params) -> None:
    iam.delete_role_permissions_boundary(account=caller.account, name=request["RoleName"])


@operation("iam", "TagRole")
def tag_role(caller: Caller, request: Params) -> None:
    iam.tag_role(account=caller.account, name=request["RoleName"], tags=shapes.tags_of(request))


@operation("iam", "UntagRole")
def untag_role(caller: Caller, request: Params) -> None:
    iam.untag_role(account=caller.account, name=request["RoleName"], keys=request["TagKeys"])


@operation("iam", "ListRoleTags")
def list_role_tags(caller: Caller, request: Params) -> Params:
    role = iam.get_role(account=caller.account, name=request["RoleName"])
    return {"Tags": shapes.tags(role.tags), "IsTruncated": False}


@operation("iam", "ListInstanceProfilesForRole")
def list_instance_profiles_for_role(caller: Caller, request: Params) -> Params:
    iam.get_role(account=caller.account, name=request["RoleName"])
    return {"InstanceProfiles": [], "IsTruncated": False}  # there are no machines here to have one


@operation("iam", "ListInstanceProfiles")
def list_instance_profiles(caller: Caller, request: Params) -> Params:
    return {"InstanceProfiles": [], "IsTruncated": False}
