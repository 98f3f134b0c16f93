"""Layers."""

from aws.operation import Caller, Params, operation
from aws.services.lambda_ import shapes
from aws.services.lambda_.paging import paged, paged_down
from aws.services.lambda_.requests import layer_name, package
from functions import attachments, selectors
from functions.services import layers


@operation("lambda", "PublishLayerVersion")
def publish_layer_version(caller: Caller, request: Params) -> Params:
    row = layers.publish_layer_version(
        account=caller.account,
        name=layer_name(request["LayerName"]),
        package=package(request["Content"], operation="PublishLayerVersion"),
        description=request.get("Description", ""),
        license_info=request.get("LicenseInfo", ""),
        compatible_runtimes=request.get("CompatibleRuntimes", []),
        compatible_architectures=request.get("CompatibleArchitectures", []),
        region=caller.region,
    )
    return shapes.layer_version_with_content(caller, row)


@operation("lambda", "GetLayerVersion")
def get_layer_version(caller: Caller, request: Params) -> Params:
    name, number = layer_name(request["LayerName"]), request["VersionNumber"]
    row = selectors.get_layer_version(account=caller.account, name=name, number=number)
    return shapes.layer_version_with_content(caller, row)


@operation("lambda", "GetLayerVersionByArn")
def get_layer_version_by_arn(caller: Caller, request: Params) -> Params:
    wanted = attachments.parse_layer_arn(request["Arn"], account=caller.account)
    row = selectors.get_layer_version(account=caller.account, name=wanted.name, number=wanted.number)
    return shapes.layer_version_with_content(caller, row)


@operation("lambda", "ListLayers")
def list_layers(caller: Caller, request: Params) -> Params:
    rows = selectors.list_layers(
        account=caller.account,
        runtime=request.get("CompatibleRuntime", ""),
        architecture=request.get("CompatibleArchitecture", ""),
    )
    return paged(request, rows, key="name", member="Layers", shape=shapes.layer)


@operation("lambda", "ListLayerVersions")
def list_layer_versions(caller: Caller, request: Params) -> Params:
    rows = selectors.list_layer_versions(
        account=caller.account,
        name=layer_name(request["LayerName"]),
        runtime=request.get("CompatibleRuntime", ""),
        architecture=request.get("CompatibleArchitecture", ""),
    )
    return paged_down(request, rows, key="number", member="LayerVersions", shape=shapes.layer_version)


@operation("lambda", "DeleteLayerVersion")
def delete_layer_version(caller: Caller, request: Params) -> None:
    name, number = layer_name(request["LayerName"]), request["VersionNumber"]
    layers.delete_layer_version(account=caller.account, name=name, number=number)
