"""Aliases."""

from aws.operation import Caller, Params, operation
from aws.services.lambda_ import shapes
from aws.services.lambda_.paging import paged
from aws.services.lambda_.requests import function_name
from functions import selectors
from functions.references import version_number
from functions.services import aliases


@operation("lambda", "CreateAlias")
def create_alias(caller: Caller, request: Params) -> Params:
    row = aliases.create_alias(
        account=caller.account,
        name=function_name(caller, request),
        alias=request["Name"],
        version=request["FunctionVersion"],
        description=request.get("Description", ""),
        weights=_weights(request),
    )
    return shapes.alias(row)


@operation("lambda", "GetAlias")
def get_alias(caller: Caller, request: Params) -> Params:
    name = function_name(caller, request)
    return shapes.alias(selectors.get_alias(account=caller.account, name=name, alias=request["Name"]))


@operation("lambda", "ListAliases")
def list_aliases(caller: Caller, request: Params) -> Params:
    version = request.get("FunctionVersion")
    rows = selectors.list_aliases(
        account=caller.account,
        name=function_name(caller, request),
        version=version_number(version) if version else None,
    )
    return paged(request, rows, key="name", member="Aliases", shape=shapes.alias)


@operation("lambda", "UpdateAlias")
def update_alias(caller: Caller, request: Params) -> Params:
    row = aliases.update_alias(
        account=caller.account,
        name=function_name(caller, request),
        alias=request["Name"],
        version=request.get("FunctionVersion"),
        description=request.get("Description"),
        weights=_weights(request),
        revision_id=request.get("RevisionId", ""),
    )
    return shapes.alias(row)


@operation("lambda", "DeleteAlias")
def delete_alias(caller: Caller, request: Params) -> None:
    aliases.delete_alias(account=caller.account, name=function_name(caller, request), alias=request["Name"])


def _weights(request: Params) -> dict[str, float] | None:
    """None when no RoutingConfig was sent: an update then keeps the weights."""
    if "RoutingConfig" not in request:
        return None
    weights: dict[str, float] = request["RoutingConfig"].get("AdditionalVersionWeights") or {}
    return weights
