"""Versions."""

from aws.operation import Caller, Params, operation
from aws.services.lambda_ import shapes
from aws.services.lambda_.paging import paged
from aws.services.lambda_.requests import function_name
from functions import selectors
from functions.services import versions


@operation("lambda", "PublishVersion")
def publish_version(caller: Caller, request: Params) -> Params:
    version = versions.publish_version(
        account=caller.account,
        name=function_name(caller, request),
        description=request.get("Description", ""),
        expected_sha256=request.get("CodeSha256", ""),
        revision_id=request.get("RevisionId", ""),
    )
    return shapes.function_configuration(version, qualifier=version.label)


@operation("lambda", "ListVersionsByFunction")
def list_versions_by_function(caller: Caller, request: Params) -> Params:
    return paged(
        request,
        selectors.list_versions(account=caller.account, name=function_name(caller, request)),
        key="number",
        member="Versions",
        shape=lambda version: shapes.function_configuration(version, qualifier=version.label, listed=True),
    )
