"""Managed policies and their versions."""

from accounts import iam
from aws.operation import Caller, Params, operation
from aws.services.iam import shapes


@operation("iam", "CreatePolicy")
def create_policy(caller: Caller, request: Params) -> Params:
    policy = iam.create_policy(
        account=caller.account,
        name=request["PolicyName"],
        document=request["PolicyDocument"],
        path=request.get("Path", "/"),
        description=request.get("Description", ""),
        tags=shapes.tags_of(request),
    )
    return {"Policy": shapes.policy(policy)}


@operation("iam", "GetPolicy")
def get_policy(caller: Caller, request: Params) -> Params:
    return {"Policy": shapes.policy(iam.get_policy(account=caller.account, arn=request["PolicyArn"]))}


@operation("iam", "ListPolicies")
def list_policies(caller: Caller, request: Params) -> Params:
    found = iam.list_policies(
        account=caller.account,
        scope=request.get("Scope", "All"),
        only_attached=request.get("OnlyAttached", False),
        usage=request.get("PolicyUsageFilter", ""),
        path_prefix=request.get("PathPrefix", "/"),
        **shapes.paging(request),
    )
    return shapes.page(found, "Policies", shapes.listed_policy)


@operation("iam", "DeletePolicy")
def delete_policy(caller: Caller, request: Params) -> None:
    iam.delete_policy(account=caller.account, arn=request["PolicyArn"])


@operation("iam", "CreatePolicyVersion")
def create_policy_version(caller: Caller, request: Params) -> Params:
    version = iam.create_policy_version(
        account=caller.account,
        arn=request["PolicyArn"],
        document=request["PolicyDocument"],
        set_as_default=request.get("SetAsDefault", False),
    )
    return {"PolicyVersion": shapes.listed_version(version)}


@operation("iam", "GetPolicyVersion")
def get_policy_version(caller: Caller, request: Params) -> Params:
    version = iam.get_policy_version(account=caller.account, arn=request["PolicyArn"], version=request["VersionId"])
    return {"PolicyVersion": shapes.version(version)}


@operation("iam", "ListPolicyVersions")
def list_policy_versions(caller: Caller, request: Params) -> Params:
    found = iam.list_policy_versions(account=caller.account, arn=request["PolicyArn"], **shapes.paging(request))
    return shapes.page(found, "Versions", shapes.listed_version)


@operation("iam", "DeletePolicyVersion")
def delete_policy_version(caller: Caller, request: Params) -> None:
    iam.delete_policy_version(account=caller.account, arn=request["PolicyArn"], version=request["VersionId"])


@operation("iam", "SetDefaultPolicyVersion")
def set_default_policy_version(caller: Caller, request: Params) -> None:
    iam.set_default_policy_version(account=caller.account, arn=request["PolicyArn"], version=request["VersionId"])


@operation("iam", "ListEntitiesForPolicy")
def list_entities_for_policy(caller: Caller, request: Params) -> Params:
    found = iam.list_entities_for_policy(
        account=caller.account,
        arn=request["PolicyArn"],
        entity_filter=request.get("EntityFilter", ""),
        usage=request.get("PolicyUsageFilter", ""),
        path_prefix=request.get("PathPrefix", "/"),
        **shapes.paging(request),
    )
    roles = shapes.page(found, "PolicyRoles", lambda role: {"RoleName": role.name, "RoleId": role.unique_id})
    return roles | {"PolicyGroups": [], "PolicyUsers": []}


@operation("iam", "TagPolicy")
def tag_policy(caller: Caller, request: Params) -> None:
    iam.tag_policy(account=caller.account, arn=request["PolicyArn"], tags=shapes.tags_of(request))


@operation("iam", "UntagPolicy")
def untag_policy(caller: Caller, request: Params) -> None:
    iam.untag_policy(account=caller.account, arn=request["PolicyArn"], keys=request["TagKeys"])


@operation("iam", "ListPolicyTags")
def list_policy_tags(caller: Caller, request: Params) -> Params:
    policy = iam.get_policy(account=caller.account, arn=request["PolicyArn"])
    return {"Tags": shapes.tags(policy.tags), "IsTruncated": False}
