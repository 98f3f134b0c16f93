"""What Lambda's operations need. The region in a resource is the function's own, whatever region a request is signed for."""

from accounts.policies import Policies
from accounts.selectors import own_arn
from aws.operation import Caller, Params
from aws.permissions import Find, Need, Rule, anything, register
from aws.services.lambda_.requests import layer_name, reference
from core import arns
from core.stamped import Stamped
from functions import access
from functions.models import Function, LayerVersion

_LAMBDA = "lambda.amazonaws.com"
_regions: Stamped[str | None] = Stamped(20_000)


def _function(caller: Caller, request: Params) -> str:
    wanted = reference(caller, request)
    region = _regions.get((caller.account.id, wanted.name), caller.account.stamp, _region, caller, wanted.name)
    return arns.function(region or caller.region, caller.account.id, wanted.name, wanted.qualifier)


def _region(caller: Caller, name: str) -> str | None:
    return Function.objects.filter(account=caller.account, name=name).values_list("region", flat=True).first()


def _layer(caller: Caller, request: Params) -> str:
    name, number = layer_name(request["LayerName"]) or request["LayerName"], request.get("VersionNumber")
    layers = LayerVersion.objects.filter(account=caller.account, name=name)
    region = layers.values_list("region", flat=True).first()
    return arns.layer(region or caller.region, caller.account.id, name, number)


def _arn(member: str) -> Find:
    return lambda caller, request: own_arn(account=caller.account, arn=request[member])[0]


def _mapping(caller: Caller, request: Params) -> str:
    return str(arns.Arn("lambda", caller.region, caller.account.id, f"event-source-mapping:{request['UUID']}"))


def _policy(caller: Caller, request: Params) -> Policies | None:
    if "FunctionName" not in request:
        return None
    wanted = reference(caller, request)
    return access.policy_of(account=caller.account, name=wanted.name, qualifier=wanted.qualifier)


def _settings_keys(caller: Caller, request: Params) -> dict[str, list[str] | None]:
    return {"lambda:Layer": [own_arn(account=caller.account, arn=arn)[0] for arn in request.get("Layers", [])] or None}


def _pass_role(caller: Caller, request: Params) -> list[Need]:
    """To give a function a role one must be allowed to pass it on. Source: IAM user guide, PassRole."""
    if not request.get("Role"):
        return []
    role = own_arn(account=caller.account, arn=request["Role"])[0]
    return [Need("iam:PassRole", role, {"iam:PassedToService": _LAMBDA})]


def _permission_keys(caller: Caller, request: Params) -> dict[str, str | None]:
    return {
        "lambda:Principal": request.get("Principal"),
        "lambda:FunctionUrlAuthType": request.get("FunctionUrlAuthType"),
    }


def _mapping_keys(caller: Caller, request: Params) -> dict[str, str | None]:
    return {"lambda:FunctionArn": _function(caller, request) if request.get("FunctionName") else None}


_INVOKE = Rule(action="InvokeFunction")
_OF_MAPPING = Rule(resource=_mapping)

register(
    "lambda",
    prefix="lambda",
    policy=_policy,
    policy_only_adds=True,  # AddPermission can only allow
    members=[
        ("FunctionName", _function),
        ("LayerName", _layer),
        ("UUID", _mapping),
        ("Resource", _arn("Resource")),
        ("Arn", _arn("Arn")),
    ],
    operations={
        "AddPermission": Rule(keys=_permission_keys),
        "CreateEventSourceMapping": Rule(resource=anything, keys=_mapping_keys),
        "CreateFunction": Rule(keys=_settings_keys, also=_pass_role),
        "GetAccountSettings": Rule(resource=anything),
        "GetLayerVersionByArn": Rule(action="GetLayerVersion"),
        "Invoke": _INVOKE,
        "InvokeAsync": _INVOKE,
        "InvokeWithResponseStream": _INVOKE,
        "DeleteEventSourceMapping": _OF_MAPPING,
        "GetEventSourceMapping": _OF_MAPPING,
        "ListEventSourceMappings": Rule(resource=anything),
        "ListFunctions": Rule(resource=anything),
        "ListLayerVersions": Rule(resource=anything),
        "ListLayers": Rule(resource=anything),
        "UpdateEventSourceMapping": _OF_MAPPING,
        "UpdateFunctionConfiguration": Rule(keys=_settings_keys, also=_pass_role),
    },
)
