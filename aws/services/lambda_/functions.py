"""Functions: create, read, change, delete."""

from django.db.models import F

from aws.operation import Caller, Params, operation
from aws.services.lambda_ import shapes
from aws.services.lambda_.paging import paged
from aws.services.lambda_.requests import function_name, package, reference, settings
from core.errors import InvalidParameterValue
from functions import selectors
from functions.models import LATEST
from functions.services import functions


@operation("lambda", "CreateFunction")
def create_function(caller: Caller, request: Params) -> Params:
    configuration = settings(request)
    version = functions.create_function(
        account=caller.account,
        name=function_name(caller, request),
        package=package(request["Code"], operation="CreateFunction"),
        tags=request.get("Tags"),
        publish=request.get("Publish", False),
        region=caller.region,
        **configuration,
    )
    return shapes.function_configuration(version)


@operation("lambda", "GetFunction")
def get_function(caller: Caller, request: Params) -> Params:
    wanted = reference(caller, request)
    version = selectors.get_version(account=caller.account, name=wanted.name, qualifier=wanted.qualifier)
    return shapes.function(caller, version, qualifier=wanted.qualifier)


@operation("lambda", "GetFunctionConfiguration")
def get_function_configuration(caller: Caller, request: Params) -> Params:
    wanted = reference(caller, request)
    version = selectors.get_version(account=caller.account, name=wanted.name, qualifier=wanted.qualifier)
    return shapes.function_configuration(version, qualifier=wanted.qualifier)


@operation("lambda", "ListFunctions")
def list_functions(caller: Caller, request: Params) -> Params:
    if request.get("FunctionVersion") == "ALL":
        return paged(
            request,
            selectors.list_all_versions(account=caller.account),
            key="pk",
            member="Functions",
            shape=lambda version: shapes.function_configuration(version, qualifier=version.label, listed=True),
        )
    return paged(
        request,
        selectors.list_functions(account=caller.account).annotate(function_name=F("function__name")),
        key="function_name",
        member="Functions",
        shape=lambda version: shapes.function_configuration(version, listed=True),
    )


@operation("lambda", "UpdateFunctionCode")
def update_function_code(caller: Caller, request: Params) -> Params:
    if request.get("PublishTo"):
        raise InvalidParameterValue("PublishTo is not available on this server.")
    version = functions.update_function_code(
        account=caller.account,
        name=function_name(caller, request),
        package=package(request, operation="UpdateFunctionCode"),
        architectures=request.get("Architectures"),
        publish=request.get("Publish", False),
        dry_run=request.get("DryRun", False),
        revision_id=request.get("RevisionId", ""),
    )
    return shapes.function_configuration(version, qualifier="" if version.label == LATEST else version.label)


@operation("lambda", "UpdateFunctionConfiguration")
def update_function_configuration(caller: Caller, request: Params) -> Params:
    version = functions.update_function_configuration(
        account=caller.account,
        name=function_name(caller, request),
        revision_id=request.get("RevisionId", ""),
        **settings(request),
    )
    return shapes.function_configuration(version)


@operation("lambda", "DeleteFunction")
def delete_function(caller: Caller, request: Params) -> Params:
    wanted = reference(caller, request)
    functions.delete_function(account=caller.account, name=wanted.name, qualifier=wanted.qualifier)
    return {"StatusCode": 204}


@operation("lambda", "GetFunctionCodeSigningConfig")
def get_function_code_signing_config(caller: Caller, request: Params) -> Params:
    function = selectors.get_function(account=caller.account, name=function_name(caller, request))
    return {"FunctionName": function.name}  # no configuration: code is not signed here
