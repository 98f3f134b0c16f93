"""Reserved concurrency, and what the account may have."""

from aws.operation import Caller, Params, operation
from aws.services.lambda_ import shapes
from aws.services.lambda_.requests import function_name
from core import limits
from functions import selectors
from functions.services import concurrency


@operation("lambda", "PutFunctionConcurrency")
def put_function_concurrency(caller: Caller, request: Params) -> Params:
    function = concurrency.put_function_concurrency(
        account=caller.account,
        name=function_name(caller, request),
        reserved=request["ReservedConcurrentExecutions"],
    )
    return shapes.concurrency(function)


@operation("lambda", "GetFunctionConcurrency")
def get_function_concurrency(caller: Caller, request: Params) -> Params:
    return shapes.concurrency(selectors.get_function(account=caller.account, name=function_name(caller, request)))


@operation("lambda", "DeleteFunctionConcurrency")
def delete_function_concurrency(caller: Caller, request: Params) -> None:
    concurrency.delete_function_concurrency(account=caller.account, name=function_name(caller, request))


@operation("lambda", "GetAccountSettings")
def get_account_settings(caller: Caller, request: Params) -> Params:
    account = caller.account
    return {
        "AccountLimit": {
            "TotalCodeSize": limits.ACCOUNT_CODE_SIZE,
            "CodeSizeUnzipped": limits.PACKAGE_UNZIPPED_SIZE,
            "CodeSizeZipped": limits.PACKAGE_ZIPPED_SIZE,
            "ConcurrentExecutions": account.concurrency_limit,
            "UnreservedConcurrentExecutions": max(0, selectors.unreserved_concurrency(account=account)),
        },
        "AccountUsage": {
            "TotalCodeSize": selectors.code_size(account=account),
            "FunctionCount": selectors.function_count(account=account),
        },
    }
