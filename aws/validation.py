"""Input against the model's constraints, in AWS's words, before any operation sees it.

``check`` raises one error that lists every violation, as AWS does::

    1 validation error detected: Value '64' at 'memorySize' failed to satisfy constraint:
    Member must have value greater than or equal to 128

A shape's check is compiled once; shapes without constraints cost nothing.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from aws.model import Member, OperationModel, ServiceModel, Shape
from aws.operation import Params
from core.errors import InvalidParameterValue, ServiceError, ValidationError

type Check = Callable[[Any, str, list[str]], None]
"""Appends what is wrong with a value at a path."""

type Rule = Callable[[Any], str]
"""What one constraint says about a value that breaks it; empty when it holds."""


class LegacyValidationError(ValidationError):
    """The same, as the services of the query protocol name it."""

    code = "ValidationError"


class InvalidParameter(ValidationError):
    """The same, as CloudWatch Logs names it."""

    code = "InvalidParameterException"


class InvalidRuntime(InvalidParameterValue):
    """A runtime that AWS does not have; Lambda words this one constraint by itself."""

    message = (
        "Value {value} at 'runtime' failed to satisfy constraint: "
        "Member must satisfy enum value set: [{known}] or be a valid ARN"
    )


ERRORS: Mapping[str, type[ServiceError]] = {
    "cloudwatch": LegacyValidationError,
    "iam": LegacyValidationError,
    "logs": InvalidParameter,
    "sts": LegacyValidationError,
}
"""How a service names a broken constraint, where it is not ValidationException."""

TEXT_WITH_NUL = {("logs", "EventMessage")}
"""Free text that may hold NUL. Everywhere else it is refused: no database keeps it."""

NAMES_OF_IAM = "+=,.@_-"
"""What an IAM name may hold besides letters and digits; IAM words this one pattern by itself."""

MAX_LISTED = 20
MAX_VALUE_SHOWN = 256


type Own = Callable[[OperationModel, Params], None]
_own: dict[str, Own] = {}


def check_by(service: str, own: Own) -> None:
    """Have ``own`` check the input of a service whose answers about constraints are nothing like the others'."""
    _own[service] = own


def check(operation: OperationModel, params: Params) -> None:
    """Raise the service's validation error when ``params`` break the model's constraints."""
    service = operation.service
    if own := _own.get(service.name):
        own(operation, params)
        return
    if (shape := operation.input) is None or (check_shape := _checker(service, shape)) is None:
        return
    broken: list[str] = []
    check_shape(params, "", broken)
    if broken:
        noun = "error" if len(broken) == 1 else "errors"
        text = f"{len(broken)} validation {noun} detected: " + "; ".join(broken[:MAX_LISTED])
        raise ERRORS.get(service.name, ValidationError)(text)


def _checker(service: ServiceModel, shape: Shape) -> Check | None:
    return service.compiled(("check", shape.name), lambda: (_make_checker(service, shape),))[0]


def _make_checker(service: ServiceModel, shape: Shape) -> Check | None:
    match shape.type:
        case "structure":
            return None if shape.traits.get("document") else _structure_checker(service, shape)
        case "list":
            return _list_checker(service, shape)
        case "map":
            return _map_checker(service, shape)
        case _:
            return _scalar_checker(service, shape)


def _violation(value: Any, shape: Shape, path: str, constraint: str) -> str:
    return f"Value {_shown(value, shape)}at '{path}' failed to satisfy constraint: {constraint}"


def _shown(value: Any, shape: Shape) -> str:
    """The value as AWS quotes it: not at all when it is a secret or a structure."""
    if value is None:
        return "null "
    if shape.traits.get("sensitive") or isinstance(value, dict | bytes):
        return ""
    if isinstance(value, list):
        text = f"[{', '.join(map(str, value))}]"
        return "" if any(isinstance(item, dict | list) for item in value) else f"'{text[:MAX_VALUE_SHOWN]}' "
    return f"'{str(value)[:MAX_VALUE_SHOWN]}' "


def _wire_path(path: str, name: str) -> str:
    """Java's property names: the first letter small."""
    name = name[:1].lower() + name[1:]
    return f"{path}.{name}" if path else name


# -- one checker for each kind of shape ------------------------------------------------------------


def _structure_checker(service: ServiceModel, shape: Shape) -> Check:
    members: list[tuple[str, Shape, bool, Check | None]] | None = None

    def compile_members() -> list[tuple[str, Shape, bool, Check | None]]:
        found = []
        for name, member in shape.members.items():
            checker = _checker(service, member.shape)
            if (required := name in shape.required) or checker:
                found.append((name, member.shape, required, checker))
        return found

    def check_structure(value: Params, path: str, broken: list[str]) -> None:
        nonlocal members
        if members is None:  # at the first use, not before: shapes may contain themselves
            members = compile_members()
        for name, member_shape, required, checker in members:
            if (item := value.get(name)) is None:
                if required:
                    broken.append(_violation(None, member_shape, _wire_path(path, name), "Member must not be null"))
            elif checker:
                checker(item, _wire_path(path, name), broken)

    return check_structure


def _list_checker(service: ServiceModel, shape: Shape) -> Check:
    rules = _rules(service, shape)
    item_shape = shape.member.shape
    item_rules = [] if item_shape.type in ("structure", "list", "map") else _rules(service, item_shape)
    sparse = bool(shape.traits.get("sparse"))
    items_must = _listed(item_shape, "Member must not be null")

    def check_list(value: list[Any], path: str, broken: list[str]) -> None:
        broken += [_violation(value, shape, path, text) for rule in rules if (text := rule(value))]
        if item_shape.type in ("structure", "list", "map"):
            checker = _checker(service, item_shape)
            for number, item in enumerate(value, 1):
                if item is not None and checker:
                    checker(item, f"{path}.{number}.member", broken)
        elif any(rule(item) for item in value if item is not None for rule in item_rules):
            broken.append(_violation(value, shape, path, f"Member must satisfy constraint: {items_must}"))
        if not sparse and None in value:
            broken.append(_violation(value, shape, path, f"Member must satisfy constraint: {items_must}"))

    return check_list


def _map_checker(service: ServiceModel, shape: Shape) -> Check:
    rules = _rules(service, shape)
    key_rules = _rules(service, shape.key.shape)

    def check_map(value: Mapping[str, Any], path: str, broken: list[str]) -> None:
        broken += [_violation(value, shape, path, text) for rule in rules if (text := rule(value))]
        if any(rule(key) for key in value for rule in key_rules):
            broken.append(
                _violation(value, shape, path, f"Map keys must satisfy constraint: {_listed(shape.key.shape)}")
            )
        _check_map_values(service, shape.value, value, path, broken)

    return check_map


def _check_map_values(
    service: ServiceModel, member: Member, value: Mapping[str, Any], path: str, broken: list[str]
) -> None:
    if member.shape.type in ("structure", "list", "map"):
        checker = _checker(service, member.shape)
        for key, item in value.items():
            if checker and item is not None:
                checker(item, f"{path}.{key[:MAX_VALUE_SHOWN]}.member", broken)
        return
    rules = _rules(service, member.shape)
    if any(rule(item) for item in value.values() if item is not None for rule in rules):
        broken.append(_violation({}, member.shape, path, f"Map value must satisfy constraint: {_listed(member.shape)}"))


def _scalar_checker(service: ServiceModel, shape: Shape) -> Check | None:
    if not (rules := _rules(service, shape)):
        return None
    if (service.name, shape.name) == ("lambda", "Runtime"):
        return _check_runtime(shape)
    if (service.name, shape.traits.get("pattern")) == ("iam", r"[\w+=,.@-]+"):
        return _check_iam_name(shape, rules)

    def check_scalar(value: Any, path: str, broken: list[str]) -> None:
        for rule in rules:
            if text := rule(value):
                broken.append(_violation(value, shape, path, text))

    return check_scalar


def _check_runtime(shape: Shape) -> Check:
    known = shape.traits["enum"]

    def check_runtime(value: Any, path: str, broken: list[str]) -> None:
        if value not in known:
            raise InvalidRuntime(value=value[:MAX_VALUE_SHOWN], known=", ".join(known))

    return check_runtime


def _check_iam_name(shape: Shape, rules: list[Rule]) -> Check:
    def check_name(value: Any, path: str, broken: list[str]) -> None:
        for rule in rules:
            if not (text := rule(value)):
                continue
            if "pattern" in text and value:
                raise LegacyValidationError(
                    f"The specified value for {path} is invalid. "
                    f"It must contain only alphanumeric characters and/or the following: {NAMES_OF_IAM}"
                )
            broken.append(_violation(value, shape, path, text))

    return check_name


# -- the constraints -------------------------------------------------------------------------------


def _rules(service: ServiceModel, shape: Shape) -> list[Rule]:
    return service.compiled(("rules", shape.name), lambda: (_make_rules(service, shape),))[0]


def _make_rules(service: ServiceModel, shape: Shape) -> list[Rule]:
    measure: Callable[[Any], Any] = len if shape.type in ("string", "blob", "list", "map") else lambda value: value
    low, high = shape.traits.get("min"), shape.traits.get("max")
    what = "length" if measure is len else "value"
    rules: list[Rule] = []
    if high is not None:
        text_high = f"Member must have {what} less than or equal to {high}"
        rules.append(lambda value: text_high if measure(value) > high else "")
    if low:
        text_low = f"Member must have {what} greater than or equal to {low}"
        rules.append(lambda value: text_low if measure(value) < low else "")
    elif low == 0 and what == "value":
        rules.append(lambda value: "Member must have value greater than or equal to 0" if value < 0 else "")
    if shape.type == "string":
        rules += _string_rules(service, shape)
    return rules


def _string_rules(service: ServiceModel, shape: Shape) -> list[Rule]:
    rules: list[Rule] = []
    if known := shape.traits.get("enum"):
        values, text_enum = frozenset(known), f"Member must satisfy enum value set: [{', '.join(known)}]"
        rules.append(lambda value: "" if value in values else text_enum)
    elif pattern := shape.traits.get("pattern"):
        rules.append(_pattern_rule(pattern, shape.traits.get("max")))
    elif (service.name, shape.name) not in TEXT_WITH_NUL:
        text_nul = "Member must satisfy regular expression pattern: [^\\x00]*"
        rules.append(lambda value: text_nul if "\x00" in value else "")
    return rules


def _pattern_rule(pattern: str, longest: int | None) -> Rule:
    """A value over its longest length is refused for that alone: a pattern never runs on endless text."""
    fullmatch = compile_pattern(pattern).fullmatch
    text = f"Member must satisfy regular expression pattern: {pattern}"

    def rule(value: str) -> str:
        if longest is not None and len(value) > longest:
            return ""
        return "" if fullmatch(value) and "\x00" not in value else text

    return rule


def _listed(shape: Shape, *more: str) -> str:
    """Every constraint of a list's items or a map's keys or values, as AWS lists them together."""
    low, high, pattern = (shape.traits.get(name) for name in ("min", "max", "pattern"))
    what = "length" if shape.type in ("string", "blob") else "value"
    texts = []
    if high is not None:
        texts.append(f"Member must have {what} less than or equal to {high}")
    if low is not None:
        texts.append(f"Member must have {what} greater than or equal to {low}")
    if known := shape.traits.get("enum"):
        texts.append(f"Member must satisfy enum value set: [{', '.join(known)}]")
    if pattern:
        texts.append(f"Member must satisfy regular expression pattern: {pattern}")
    return f"[{', '.join([*texts, *more])}]"


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """A model's pattern, which is Java's, for ``fullmatch``: classes are ASCII unless it names Unicode's."""
    for java, python in _FROM_JAVA.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern, 0 if r"\w\s\d" in pattern else re.ASCII)


_FROM_JAVA = {
    r"\p{L}\p{Z}\p{N}": r"\w\s\d",  # letters, separators, numbers of any script
    r"[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]": r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]",  # all but control and line ends
    r"[\w-_]": r"[\w\-_]",
}
