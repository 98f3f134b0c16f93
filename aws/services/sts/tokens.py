"""Who one is, and temporary credentials."""

from accounts import credentials, sts
from accounts.credentials import TemporaryCredentials
from aws.operation import Caller, Params, operation


@operation("sts", "GetCallerIdentity")
def get_caller_identity(caller: Caller, request: Params) -> Params:
    return {"UserId": caller.user_id, "Account": caller.account.id, "Arn": caller.principal_arn}


@operation("sts", "AssumeRole")
def assume_role(caller: Caller, request: Params) -> Params:
    session_name = request["RoleSessionName"]
    role, granted = sts.assume_role(
        account=caller.account,
        actor=caller.actor(),
        role_arn=request["RoleArn"],
        session_name=session_name,
        seconds=request.get("DurationSeconds", sts.ASSUME_ROLE_SECONDS),
        policy=request.get("Policy", ""),
        policy_arns=[given["arn"] for given in request.get("PolicyArns", []) if given.get("arn")],
        external_id=request.get("ExternalId", ""),
    )
    user = {
        "AssumedRoleId": f"{role.unique_id}:{session_name}",
        "Arn": credentials.assumed_role_arn(role.arn, session_name),
    }
    return {
        "Credentials": _credentials(granted),
        "AssumedRoleUser": user,
        "SourceIdentity": request.get("SourceIdentity"),
    }


@operation("sts", "GetSessionToken")
def get_session_token(caller: Caller, request: Params) -> Params:
    given = sts.get_session_token(
        account=caller.account,
        caller_arn=caller.principal_arn,
        user_id=caller.user_id,
        seconds=request.get("DurationSeconds"),
    )
    return {"Credentials": _credentials(given)}


@operation("sts", "GetAccessKeyInfo")
def get_access_key_info(caller: Caller, request: Params) -> Params:
    return {"Account": sts.get_access_key_info(access_key_id=request["AccessKeyId"])}


def _credentials(given: TemporaryCredentials) -> Params:
    return {
        "AccessKeyId": given.access_key_id,
        "SecretAccessKey": given.secret_access_key,
        "SessionToken": given.session_token,
        "Expiration": given.expires_at,
    }
