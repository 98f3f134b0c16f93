"""Asynchronous invocation: retries, age, destinations."""

from aws.operation import Caller, Params, operation
from aws.services.lambda_ import shapes
from aws.services.lambda_.paging import paged
from aws.services.lambda_.requests import function_name, reference
from functions import selectors
from functions.services import event_invoke
from functions.services.event_invoke import EventInvokeSettings


@operation("lambda", "PutFunctionEventInvokeConfig")
def put_function_event_invoke_config(caller: Caller, request: Params) -> Params:
    wanted = reference(caller, request)
    row = event_invoke.put_function_event_invoke_config(
        account=caller.account, name=wanted.name, qualifier=wanted.qualifier, **_settings(request)
    )
    return shapes.event_invoke_config(row)


@operation("lambda", "UpdateFunctionEventInvokeConfig")
def update_function_event_invoke_config(caller: Caller, request: Params) -> Params:
    wanted = reference(caller, request)
    row = event_invoke.update_function_event_invoke_config(
        account=caller.account, name=wanted.name, qualifier=wanted.qualifier, **_settings(request)
    )
    return shapes.event_invoke_config(row)


@operation("lambda", "GetFunctionEventInvokeConfig")
def get_function_event_invoke_config(caller: Caller, request: Params) -> Params:
    wanted = reference(caller, request)
    row = selectors.get_event_invoke_config(account=caller.account, name=wanted.name, qualifier=wanted.qualifier)
    return shapes.event_invoke_config(row)


@operation("lambda", "DeleteFunctionEventInvokeConfig")
def delete_function_event_invoke_config(caller: Caller, request: Params) -> None:
    wanted = reference(caller, request)
    event_invoke.delete_function_event_invoke_config(
        account=caller.account, name=wanted.name, qualifier=wanted.qualifier
    )


@operation("lambda", "ListFunctionEventInvokeConfigs")
def list_function_event_invoke_configs(caller: Caller, request: Params) -> Params:
    rows = selectors.list_event_invoke_configs(account=caller.account, name=function_name(caller, request))
    return paged(request, rows, key="qualifier", member="FunctionEventInvokeConfigs", shape=shapes.event_invoke_config)


def _settings(request: Params) -> EventInvokeSettings:
    settings: EventInvokeSettings = {
        "maximum_retry_attempts": request.get("MaximumRetryAttempts"),
        "maximum_event_age": request.get("MaximumEventAgeInSeconds"),
    }
    if "DestinationConfig" in request:
        destinations = request["DestinationConfig"]
        settings["on_success"] = destinations.get("OnSuccess", {}).get("Destination", "")
        settings["on_failure"] = destinations.get("OnFailure", {}).get("Destination", "")
    return settings
