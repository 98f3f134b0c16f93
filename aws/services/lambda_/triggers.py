"""What a function has none of yet: function URLs.

Clients read them while they create, list and delete functions; there being none is the truth.
"""

from aws.operation import Caller, Params, operation
from aws.services.lambda_.requests import function_name, reference
from core.errors import ResourceNotFound
from functions import selectors

_NOTHING = "The resource you requested does not exist."


@operation("lambda", "ListFunctionUrlConfigs")
def list_function_url_configs(caller: Caller, request: Params) -> Params:
    selectors.get_function(account=caller.account, name=function_name(caller, request))
    return {"FunctionUrlConfigs": []}


@operation("lambda", "GetFunctionUrlConfig")
def get_function_url_config(caller: Caller, request: Params) -> Params:
    wanted = reference(caller, request)
    selectors.get_version(account=caller.account, name=wanted.name, qualifier=wanted.qualifier)
    raise ResourceNotFound(_NOTHING)
