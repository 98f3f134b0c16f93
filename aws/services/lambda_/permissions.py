"""The resource policy of a function."""

from aws.operation import Caller, Params, operation
from aws.services.lambda_.requests import reference
from functions import selectors
from functions.policies import Permission
from functions.services import permissions


@operation("lambda", "AddPermission")
def add_permission(caller: Caller, request: Params) -> Params:
    wanted = reference(caller, request)
    statement = permissions.add_permission(
        account=caller.account,
        name=wanted.name,
        qualifier=wanted.qualifier,
        revision_id=request.get("RevisionId", ""),
        permission=Permission(
            sid=request["StatementId"],
            action=request["Action"],
            principal=request["Principal"],
            source_arn=request.get("SourceArn", ""),
            source_account=request.get("SourceAccount", ""),
            event_source_token=request.get("EventSourceToken", ""),
            principal_org_id=request.get("PrincipalOrgID", ""),
            function_url_auth_type=request.get("FunctionUrlAuthType", ""),
            invoked_via_function_url=request.get("InvokedViaFunctionUrl"),
        ),
    )
    return {"Statement": selectors.policy_text(statement)}


@operation("lambda", "RemovePermission")
def remove_permission(caller: Caller, request: Params) -> None:
    wanted = reference(caller, request)
    permissions.remove_permission(
        account=caller.account,
        name=wanted.name,
        qualifier=wanted.qualifier,
        sid=request["StatementId"],
        revision_id=request.get("RevisionId", ""),
    )


@operation("lambda", "GetPolicy")
def get_policy(caller: Caller, request: Params) -> Params:
    wanted = reference(caller, request)
    policy = selectors.get_policy(account=caller.account, name=wanted.name, qualifier=wanted.qualifier)
    function = selectors.get_function(account=caller.account, name=wanted.name)
    return {"Policy": selectors.policy_text(policy), "RevisionId": function.policy_revision_id}
