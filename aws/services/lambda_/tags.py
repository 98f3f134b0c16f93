"""Tags of functions and event source mappings."""

from aws.operation import Caller, Params, operation
from core.errors import InvalidParameterValue
from functions import selectors
from functions.references import parse_reference
from functions.services import tags
from triggers.services import tagging as mapping_tags

_MAPPING = ":event-source-mapping:"


@operation("lambda", "ListTags")
def list_tags(caller: Caller, request: Params) -> Params:
    if _MAPPING in request["Resource"]:
        return {"Tags": mapping_tags.find(account=caller.account, arn=request["Resource"]).tags}
    return {"Tags": selectors.get_function(account=caller.account, name=_name(caller, request)).tags}


@operation("lambda", "TagResource")
def tag_resource(caller: Caller, request: Params) -> None:
    if _MAPPING in request["Resource"]:
        mapping_tags.tag_resource(account=caller.account, arn=request["Resource"], tags=request["Tags"])
        return
    tags.tag_resource(account=caller.account, name=_name(caller, request), tags=request["Tags"])


@operation("lambda", "UntagResource")
def untag_resource(caller: Caller, request: Params) -> None:
    if _MAPPING in request["Resource"]:
        mapping_tags.untag_resource(account=caller.account, arn=request["Resource"], keys=request["TagKeys"])
        return
    tags.untag_resource(account=caller.account, name=_name(caller, request), keys=request["TagKeys"])


def _name(caller: Caller, request: Params) -> str:
    reference = parse_reference(request["Resource"], account=caller.account)
    if reference.qualifier:
        raise InvalidParameterValue(
            "Tags on function aliases and versions are not supported. Please specify either a function ARN."
        )
    return reference.name
