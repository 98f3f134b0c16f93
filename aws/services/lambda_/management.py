"""Recursive loops and runtime updates."""

from aws.operation import Caller, Params, operation
from aws.services.lambda_.requests import function_name, reference
from functions import selectors
from functions.models import Version
from functions.services import management


@operation("lambda", "PutFunctionRecursionConfig")
def put_function_recursion_config(caller: Caller, request: Params) -> Params:
    function = management.put_function_recursion_config(
        account=caller.account, name=function_name(caller, request), recursive_loop=request["RecursiveLoop"]
    )
    return {"RecursiveLoop": function.recursive_loop}


@operation("lambda", "GetFunctionRecursionConfig")
def get_function_recursion_config(caller: Caller, request: Params) -> Params:
    function = selectors.get_function(account=caller.account, name=function_name(caller, request))
    return {"RecursiveLoop": function.recursive_loop}


@operation("lambda", "PutRuntimeManagementConfig")
def put_runtime_management_config(caller: Caller, request: Params) -> Params:
    wanted = reference(caller, request)
    version = management.put_runtime_management_config(
        account=caller.account,
        name=wanted.name,
        qualifier=wanted.qualifier,
        update_runtime_on=request["UpdateRuntimeOn"],
        runtime_version_arn=request.get("RuntimeVersionArn", ""),
    )
    return _runtime_management(version)


@operation("lambda", "GetRuntimeManagementConfig")
def get_runtime_management_config(caller: Caller, request: Params) -> Params:
    wanted = reference(caller, request)
    version = selectors.get_version(account=caller.account, name=wanted.name, qualifier=wanted.qualifier)
    return _runtime_management(version)


def _runtime_management(version: Version) -> Params:
    kept = management.runtime_management(version)
    return {
        "UpdateRuntimeOn": kept["UpdateRuntimeOn"],
        "RuntimeVersionArn": kept["RuntimeVersionArn"] or None,
        "FunctionArn": version.arn,
    }
