"""Which service and operation a request means.

The service, in this order: the X-Amz-Target prefix, the service that the signature names, the path. The operation: the target's suffix (JSON), Action (query), or method and path (REST), where a
route matches only if the query-string members and headers that its operation requires are there, and the
one that requires most wins.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from aws import model
from aws.errors import NoSuchAction, NoSuchOperation
from aws.http import Request, percent_decode
from aws.model import OperationModel, ServiceModel
from aws.protocols import query
from core.errors import ServiceError

_SCOPE = re.compile(r"Credential=[^/,]{1,128}/\d{8}/[^/,]{0,64}/([^/,]{1,64})/aws4_request", re.ASCII)
_SCOPE_IN_QUERY = re.compile(r"(?:^|&)X-Amz-Credential=[^&]*?(?:%2F|/)([a-z0-9-]{1,64})(?:%2F|/)aws4_request", re.ASCII)


class Route(NamedTuple):
    """What a request means: an operation of the model, and the parts of the path that it names."""

    operation: OperationModel
    labels: Mapping[str, str] = MappingProxyType({})


# -- the service -----------------------------------------------------------------------------------


@functools.cache
def _tables() -> tuple[dict[str, ServiceModel], dict[str, list[ServiceModel]]]:
    """Services by target prefix, and by the name in a signature."""
    targets: dict[str, ServiceModel] = {}
    scopes: dict[str, list[ServiceModel]] = {}
    for name in model.SERVICE_NAMES:
        service = model.service(name)
        if service.target_prefix:
            targets[service.target_prefix] = service
        scopes.setdefault(service.signing_name, []).append(service)
    return targets, scopes


def signed_service(request: Request) -> str:
    """The service that the request's signature names; empty without one. Says nothing of its worth."""
    found = _SCOPE.search(request.headers.get("authorization", "")) or _SCOPE_IN_QUERY.search(request.query)
    return found[1] if found else ""


def find_service(request: Request) -> ServiceModel | None:
    """The service a request is for, from its head alone; None when this server has no such service."""
    targets, scopes = _tables()
    if target := request.headers.get("x-amz-target"):
        return targets.get(target.partition(".")[0])
    if name := signed_service(request):
        candidates = scopes.get(name, [])
        if len(candidates) < 2:
            return _without_target(candidates[0]) if candidates else None
        return next((service for service in candidates if _match_rest(service, request)), candidates[0])
    return _service_of_path(request)


def _without_target(service: ServiceModel) -> ServiceModel:
    """A service of two protocols as it speaks to who sends no X-Amz-Target: older clients, with a form."""
    return service.speaking("query") if "query" in service.protocols else service


def service_like(request: Request | None) -> ServiceModel:
    """A nameless service of the protocol that the request seems to speak: for answers that no service gives."""
    if request is None:
        return _nameless("rest-json")
    if "x-amz-target" in request.headers:
        return _nameless("json")
    content_type = request.headers.get("content-type", "")
    return _nameless("query" if content_type.startswith("application/x-www-form-urlencoded") else "rest-json")


@functools.cache
def _nameless(protocol: str) -> ServiceModel:
    return ServiceModel("", {"metadata": {"protocol": protocol}, "operations": {}, "shapes": {}})


def warm() -> None:
    """Read every model and build its routes."""
    _tables()
    for name in model.SERVICE_NAMES:
        service = model.service(name)
        if service.protocol.startswith("rest"):
            _match_rest(service, Request(method="GET", path="/", query="", headers={}))


def _service_of_path(request: Request) -> ServiceModel | None:
    services = (model.service(name) for name in model.SERVICE_NAMES)
    return next((s for s in services if s.protocol.startswith("rest") and _match_rest(s, request)), None)


# -- the operation ---------------------------------------------------------------------------------


def find_operation(service: ServiceModel, request: Request) -> Route:
    """The operation; raises ``NoSuchOperation`` when the service's model has none like it."""
    if "x-amz-target" in request.headers and service.target_prefix:
        return _named(service, request.headers["x-amz-target"].partition(".")[2])
    if service.protocol == "query":
        return _action(service, request)
    if service.protocol.startswith("rest"):
        if route := _match_rest(service, request):
            return route
        raise NoSuchOperation(f"No operation of {service.name} is at {request.method} {request.path[:256]}")
    raise NoSuchOperation("The request names no operation: the X-Amz-Target header is missing.")


def find_early(service: ServiceModel, request: Request) -> Route | None:
    """The operation where the head alone tells it; None otherwise, and then it is found, or refused, later."""
    if service.protocol == "query":
        return None
    try:
        return find_operation(service, request)
    except ServiceError:
        return None


def _named(service: ServiceModel, name: str) -> Route:
    if operation := service.operation(name):
        return Route(operation)
    raise NoSuchOperation(f"{service.name} has no operation {name[:128]}")


def _action(service: ServiceModel, request: Request) -> Route:
    fields = dict(query.form(request))
    action, version = fields.get("Action", ""), fields.get("Version", service.api_version)
    if operation := service.operation(action):
        return Route(operation)
    raise NoSuchAction(f"Could not find operation {action[:128]} for version {version[:32]}")


# -- method and path -------------------------------------------------------------------------------


@dataclass(slots=True)
class _Leaf:
    """An operation at the end of a path, with what else must be there."""

    operation: OperationModel
    labels: tuple[str, ...]
    literals: tuple[tuple[str, str], ...]  # of the model's own query string: ?list-type=2
    query: frozenset[str]
    headers: frozenset[str]

    @property
    def weight(self) -> int:
        return len(self.literals) + len(self.query) + len(self.headers)

    def matches(self, request: Request) -> bool:
        if not self.weight:
            return True
        items = request.query_items
        names = {name for name, _ in items}
        return (
            all((name, value) in items if value else name in names for name, value in self.literals)
            and self.query <= names
            and self.headers <= request.headers.keys()
        )


@dataclass(slots=True)
class _Node:
    """One segment of the paths of a service."""

    literals: dict[str, "_Node"] = field(default_factory=dict)
    label: "_Node | None" = None
    greedy: "_Node | None" = None
    leaves: dict[str, list[_Leaf]] = field(default_factory=dict)  # by method


def _match_rest(service: ServiceModel, request: Request) -> Route | None:
    root = service.compiled("routes", lambda: _build_routes(service))
    segments = _segments(request.path)
    return _walk(root, segments, 0, (), request)


def _segments(path: str) -> list[str]:
    """The path's segments, still encoded; one slash at the end makes no difference."""
    path = path.removeprefix("/").removesuffix("/")
    return path.split("/") if path else []


def _walk(node: _Node, segments: list[str], at: int, values: tuple[str, ...], request: Request) -> Route | None:
    """Depth first; a literal segment before a label, a label before a greedy one."""
    if at == len(segments):
        return _leaf(node, values, request)
    segment = segments[at]
    if (below := node.literals.get(segment)) and (found := _walk(below, segments, at + 1, values, request)):
        return found
    if segment and node.label and (found := _walk(node.label, segments, at + 1, (*values, segment), request)):
        return found
    if node.greedy:
        return _walk_greedy(node.greedy, segments, at, values, request)
    return None


def _walk_greedy(node: _Node, segments: list[str], at: int, values: tuple[str, ...], request: Request) -> Route | None:
    """A greedy label takes as much as leaves the literal segments after it their place."""
    for end in range(len(segments), at, -1):
        taken = "/".join(segments[at:end])
        if taken and (found := _walk(node, segments, end, (*values, taken), request)):
            return found
    return None


def _leaf(node: _Node, values: tuple[str, ...], request: Request) -> Route | None:
    for leaf in node.leaves.get(request.method, ()):
        if leaf.matches(request):
            labels = {name: percent_decode(value) for name, value in zip(leaf.labels, values, strict=True)}
            return Route(leaf.operation, labels)
    return None


def _build_routes(service: ServiceModel) -> _Node:
    root = _Node()
    for name in service.operation_names:
        operation = service.operation(name)
        assert operation is not None
        path, _, query_string = operation.uri.partition("?")
        node, labels = root, []
        for segment in _segments(path):
            if segment.startswith("{"):
                labels.append(segment.strip("{}+"))
            node = _child(node, segment)
        literals = tuple((pair.partition("=")[0], pair.partition("=")[2]) for pair in query_string.split("&") if pair)
        leaves = node.leaves.setdefault(operation.method, [])
        leaves.append(_Leaf(operation, tuple(labels), literals, *_required(operation)))
        leaves.sort(key=lambda leaf: -leaf.weight)
    return root


def _child(node: _Node, segment: str) -> _Node:
    if not segment.startswith("{"):
        return node.literals.setdefault(segment, _Node())
    if segment.endswith("+}"):
        node.greedy = node.greedy or _Node()
        return node.greedy
    node.label = node.label or _Node()
    return node.label


def _required(operation: OperationModel) -> tuple[frozenset[str], frozenset[str]]:
    """The query-string names and headers that an operation cannot do without."""
    if (shape := operation.input) is None:
        return frozenset(), frozenset()
    at: dict[str, set[str]] = {"querystring": set(), "header": set()}
    for name in shape.required:
        member = shape.members[name]
        if (location := member.trait("location")) in at:
            at[location].add(member.wire_name if location == "querystring" else member.wire_name.lower())
    return frozenset(at["querystring"]), frozenset(at["header"])
