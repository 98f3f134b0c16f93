"""AWS's service models: which operations a service has, their paths, members, limits and errors.

The pack (``aws/pack/<service>.json``) is botocore's model without documentation, made by
``scripts/build_model_pack.py``. A service is read when it is first asked for, a shape when first used.
"""

import functools
import json
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

PACK_DIR = Path(__file__).parent / "pack"
SERVICE_NAMES = tuple(sorted(path.stem for path in PACK_DIR.glob("*.json")))
"""The services this server knows, by botocore's names."""


class Shape:
    """A type of the model. ``traits`` are the constraints and marks of the type itself."""

    def __init__(self, service: "ServiceModel", name: str, definition: Mapping[str, Any]) -> None:
        self._service = service
        self.name = name
        self.traits = definition
        self.type: str = definition["type"]
        self.required = frozenset(definition.get("required", ()))

    @cached_property
    def members(self) -> dict[str, "Member"]:
        """A structure's members, in the model's order."""
        definitions = self.traits.get("members", {})
        return {name: Member(self._service, name, reference) for name, reference in definitions.items()}

    @cached_property
    def member(self) -> "Member":
        """What a list is a list of."""
        return Member(self._service, "member", self.traits["member"])

    @cached_property
    def key(self) -> "Member":
        """A map's keys."""
        return Member(self._service, "key", self.traits["key"])

    @cached_property
    def value(self) -> "Member":
        """A map's values."""
        return Member(self._service, "value", self.traits["value"])


class Member:
    """A shape standing in a place, which may add to or override the shape's own traits."""

    def __init__(self, service: "ServiceModel", name: str, reference: Mapping[str, Any]) -> None:
        self.name = name
        self.shape = service.shape(reference["shape"])
        self._reference = reference

    def trait(self, name: str) -> Any:
        """A trait of the place, else of the shape; None when neither has it."""
        value = self._reference.get(name)
        return value if value is not None else self.shape.traits.get(name)

    @property
    def location_name(self) -> str:
        """The name given to the place, or empty: a list's items and a map's keys have defaults per protocol."""
        return self.trait("locationName") or ""

    @property
    def element_name(self) -> str:
        """The member's name in forms and XML, where a flattened list goes by the name of its items if they have one."""
        if self.shape.type == "list" and self.trait("flattened") and self.shape.member.location_name:
            return self.shape.member.location_name
        return self.wire_name

    @cached_property
    def wire_name(self) -> str:
        """The member's name in a JSON body, a form or an XML element."""
        return self.location_name or self.name


class OperationModel:
    """One operation of a service's model, built here or not."""

    def __init__(self, service: "ServiceModel", name: str, definition: Mapping[str, Any]) -> None:
        self.service = service
        self.name = name
        http = definition.get("http", {})
        self.method: str = http.get("method", "POST")
        self.uri: str = http.get("requestUri", "/")
        self.status: int = int(http.get("responseCode", 200))
        self.unsigned = definition.get("authtype") == "none"
        self.unsigned_body = definition.get("authtype") == "v4-unsigned-body" or bool(definition.get("unsignedPayload"))
        self._input: Mapping[str, Any] | None = definition.get("input")
        self._output: Mapping[str, Any] | None = definition.get("output")
        self.result_wrapper: str = (self._output or {}).get("resultWrapper", f"{name}Result")

    @cached_property
    def input(self) -> Shape | None:
        return self.service.shape(self._input["shape"]) if self._input else None

    @cached_property
    def output(self) -> Shape | None:
        return self.service.shape(self._output["shape"]) if self._output else None


class ServiceModel:
    """A service: its protocol, operations, shapes and errors; ``compiled`` holds what is derived from them."""

    def __init__(self, name: str, definition: Mapping[str, Any]) -> None:
        metadata = definition["metadata"]
        self.name = name
        self.protocol: str = metadata["protocol"]
        self.protocols: tuple[str, ...] = tuple(metadata.get("protocols", [self.protocol]))
        self.endpoint_prefix: str = metadata.get("endpointPrefix", name)
        self.signing_name: str = metadata.get("signingName", self.endpoint_prefix)
        self.target_prefix: str = metadata.get("targetPrefix", "")
        self.api_version: str = metadata.get("apiVersion", "")
        self.json_version: str = metadata.get("jsonVersion", "1.0")
        self.xml_namespace = _namespace_uri(metadata.get("xmlNamespace"))
        self.query_compatible = "awsQueryCompatible" in metadata  # its value is an empty object
        self.error_namespace: str = metadata.get("errorNamespace", "")
        self._definition = definition
        self._operations = definition["operations"]
        self._shapes = definition["shapes"]
        self._shape_cache: dict[str, Shape] = {}
        self._operation_cache: dict[str, OperationModel] = {}
        self._compiled: dict[Any, Any] = {}

    def speaking(self, protocol: str) -> "ServiceModel":
        """The service as it speaks another of its ``protocols``."""
        if protocol == self.protocol:
            return self
        return self.compiled(("speaking", protocol), lambda: ServiceModel(self.name, self._in(protocol)))

    def _in(self, protocol: str) -> Mapping[str, Any]:
        """The definition with what the pack says differs in another protocol."""
        differs = self._definition.get(protocol, {})
        metadata = {**self._definition["metadata"], **differs.get("metadata", {}), "protocol": protocol}
        shapes = _merged(self._definition["shapes"], differs.get("shapes", {}))
        return {**self._definition, "metadata": metadata, "shapes": shapes}

    @property
    def operation_names(self) -> list[str]:
        return list(self._operations)

    def operation(self, name: str) -> OperationModel | None:
        """The operation, or None when the service has none of that name."""
        if (found := self._operation_cache.get(name)) is None and name in self._operations:
            found = self._operation_cache[name] = OperationModel(self, name, self._operations[name])
        return found

    def shape(self, name: str) -> Shape:
        if (found := self._shape_cache.get(name)) is None:
            found = self._shape_cache[name] = Shape(self, name, self._shapes[name])
        return found

    @cached_property
    def errors(self) -> dict[str, Shape]:
        """The errors of the service, by shape name and by the code that the query protocol sends."""
        names = [name for name, definition in self._shapes.items() if definition.get("exception")]
        found = {self._shapes[name].get("error", {}).get("code", name): self.shape(name) for name in names}
        return found | {name: self.shape(name) for name in names}

    def compiled[T](self, key: Any, make: Callable[[], T]) -> T:
        """What ``make`` returns, made once for ``key``."""
        if (found := self._compiled.get(key)) is None:
            found = self._compiled[key] = make()
        result: T = found
        return result


def _merged(one: Any, other: Any) -> Any:
    """``other``'s members over those of ``one``, at every depth."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return other
    return {**one, **{name: _merged(one[name], value) if name in one else value for name, value in other.items()}}


def _namespace_uri(trait: Any) -> str:
    return trait.get("uri", "") if isinstance(trait, dict) else trait or ""


@functools.cache
def service(name: str) -> ServiceModel:
    """The model of a service in ``SERVICE_NAMES``; read once."""
    return ServiceModel(name, json.loads((PACK_DIR / f"{name}.json").read_bytes()))
