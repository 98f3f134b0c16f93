"""The people of the account, their access keys, and the account itself."""

from accounts import iam
from accounts.errors import IamValidationError
from aws.operation import Caller, Params, operation
from aws.services.iam import shapes


def _user_name(caller: Caller, request: Params) -> str | None:
    """The user that is meant: the one named, else the caller; None for the account's root."""
    if name := request.get("UserName"):
        return str(name)
    kind, _, name = caller.principal_arn.partition(":user/")
    if name:
        return name.rpartition("/")[2]
    if kind.endswith(":root"):
        return None
    raise IamValidationError("Must specify userName when calling with non-User credentials")


@operation("iam", "GetUser")
def get_user(caller: Caller, request: Params) -> Params:
    if (name := _user_name(caller, request)) is None:
        created = shapes.moment(caller.account.created_at)
        return {"User": {"UserId": caller.account.id, "Arn": caller.principal_arn, "CreateDate": created}}
    return {"User": shapes.user(caller.account.id, iam.get_user(account=caller.account, name=name))}


@operation("iam", "ListUsers")
def list_users(caller: Caller, request: Params) -> Params:
    found = iam.list_users(account=caller.account, path_prefix=request.get("PathPrefix", "/"), **shapes.paging(request))
    return shapes.page(found, "Users", lambda user: shapes.user(caller.account.id, user))


@operation("iam", "CreateAccessKey")
def create_access_key(caller: Caller, request: Params) -> Params:
    name = _user_name(caller, request)
    key = iam.create_access_key(account=caller.account, name=name)
    return {"AccessKey": shapes.access_key(key, name) | {"SecretAccessKey": key.secret}}


@operation("iam", "ListAccessKeys")
def list_access_keys(caller: Caller, request: Params) -> Params:
    name = _user_name(caller, request)
    found = iam.list_access_keys(account=caller.account, name=name, **shapes.paging(request))
    return shapes.page(found, "AccessKeyMetadata", lambda key: shapes.access_key(key, name))


@operation("iam", "UpdateAccessKey")
def update_access_key(caller: Caller, request: Params) -> None:
    iam.update_access_key(
        account=caller.account,
        name=_user_name(caller, request),
        access_key_id=request["AccessKeyId"],
        status=request["Status"],
    )


@operation("iam", "DeleteAccessKey")
def delete_access_key(caller: Caller, request: Params) -> None:
    iam.delete_access_key(
        account=caller.account, name=_user_name(caller, request), access_key_id=request["AccessKeyId"]
    )


@operation("iam", "ListAccountAliases")
def list_account_aliases(caller: Caller, request: Params) -> Params:
    return {"AccountAliases": [caller.account.slug], "IsTruncated": False}


@operation("iam", "GetAccountSummary")
def get_account_summary(caller: Caller, request: Params) -> Params:
    return {"SummaryMap": iam.get_account_summary(account=caller.account)}
