"""IAM's answers: the only place that writes the wire members of roles, policies, users and keys."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from accounts import credentials, identifiers
from accounts.iam import PolicyDescription, VersionDescription
from accounts.models import AccessKey, Role, RolePolicyAttachment, User
from aws.operation import Params


def page[T](found: tuple[Sequence[T], str | None], member: str, shape: Callable[[T], Any]) -> Params:
    """A page of a list, with the marker of the next."""
    rows, marker = found
    return {member: [shape(row) for row in rows], "IsTruncated": marker is not None, "Marker": marker}


def paging(request: Params) -> Params:
    """The house's arguments for the page that is asked for."""
    return {"marker": request.get("Marker"), "size": request.get("MaxItems", 100)}


def document(text: str) -> str:
    """A policy document as IAM sends it: percent-encoded (RFC 3986)."""
    return quote(text, safe="")


def moment(value: datetime) -> datetime:
    """IAM tells whole seconds."""
    return value.replace(microsecond=0)


def tags(values: dict[str, str]) -> list[Params]:
    """A list of keys and values, by key."""
    return [{"Key": key, "Value": value} for key, value in sorted(values.items())]


def tags_of(request: Params) -> dict[str, str]:
    """The tags of a request."""
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}


def listed_role(role: Role) -> Params:
    """A role as ListRoles shows it: without tags and boundary."""
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.unique_id,
        "Arn": role.arn,
        "CreateDate": moment(role.created_at),
        "AssumeRolePolicyDocument": document(role.assume_role_policy),
        "Description": role.description or None,
        "MaxSessionDuration": role.max_session_duration,
    }


def role(role: Role) -> Params:
    """A role in full."""
    members = listed_role(role)
    if role.tags:
        members["Tags"] = tags(role.tags)
    if role.permissions_boundary:
        members["PermissionsBoundary"] = {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": role.permissions_boundary,
        }
    return members


def attachment(row: RolePolicyAttachment) -> Params:
    """An attached policy."""
    return {"PolicyName": row.policy_arn.rpartition("/")[2], "PolicyArn": row.policy_arn}


def listed_policy(policy: PolicyDescription) -> Params:
    """A managed policy as ListPolicies shows it: without description and tags."""
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.unique_id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": f"v{policy.default_version}",
        "AttachmentCount": policy.attachment_count,
        "PermissionsBoundaryUsageCount": policy.boundary_count,
        "IsAttachable": True,
        "CreateDate": moment(policy.created_at),
        "UpdateDate": moment(policy.updated_at),
    }


def policy(policy: PolicyDescription) -> Params:
    """A managed policy in full."""
    return listed_policy(policy) | {"Description": policy.description or None, "Tags": tags(policy.tags)}


def listed_version(version: VersionDescription) -> Params:
    """A version of a policy as lists show it: without its document."""
    return {
        "VersionId": version.label,
        "IsDefaultVersion": version.is_default,
        "CreateDate": moment(version.created_at),
    }


def version(version: VersionDescription) -> Params:
    """A version of a policy in full."""
    return listed_version(version) | {"Document": document(version.document)}


def user(account_id: str, user: User) -> Params:
    """A person as an IAM user."""
    arn = credentials.user_arn(account_id, user.username)
    return {
        "Path": "/",
        "UserName": user.username,
        "UserId": identifiers.user_id(arn),
        "Arn": arn,
        "CreateDate": moment(user.date_joined),
        "PasswordLastUsed": moment(user.last_login) if user.last_login else None,
    }


def access_key(key: AccessKey, user_name: str | None) -> Params:
    """An access key without its secret."""
    return {
        "UserName": user_name,
        "AccessKeyId": key.id,
        "Status": key.status,
        "CreateDate": moment(key.created_at),
    }
