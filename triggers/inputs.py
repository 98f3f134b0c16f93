"""What a rule's target gets: the event, a part of it, constant JSON, or a template filled from it. Pure.

Source: EventBridge user guide, "Amazon EventBridge input transformation".
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core import strict_json
from core.errors import ValidationError
from core.strict_json import BadJson
from triggers.documents import compact, iso

_PATH = re.compile(r"\$(\.[A-Za-z0-9_-]+|\[[0-9]{1,6}\]|\.?\['[^'\]]{1,256}'\]|\[\"[^\"\]]{1,256}\"\])*", re.ASCII)
_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[([0-9]{1,6})\]|\.?\['([^'\]]+)'\]|\[\"([^\"\]]+)\"\]", re.ASCII)
_PLACE = re.compile(r"<([A-Za-z0-9._-]{1,256})>", re.ASCII)
_MOST_PATHS = 100
_MISSING = object()


def check(target: Mapping[str, Any]) -> None:
    """Raise ``ValidationError`` for an input of a target that cannot be used."""
    given = [name for name in ("Input", "InputPath", "InputTransformer") if target.get(name)]
    if len(given) > 1:
        raise ValidationError(
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {target['Id']}."
        )
    if target.get("Input"):
        _check_json(target["Input"], target["Id"])
    if (path := target.get("InputPath")) and not _PATH.fullmatch(path):
        raise ValidationError(f"Invalid InputPath for target {target['Id']}.")
    if transformer := target.get("InputTransformer"):
        _check_transformer(transformer, target["Id"])


def _check_json(text: str, target_id: str) -> None:
    try:
        strict_json.loads(text, lone_surrogates=False)
    except BadJson:
        raise ValidationError(f"JSON syntax error in input for target {target_id}.") from None


def _check_transformer(transformer: Mapping[str, Any], target_id: str) -> None:
    paths = transformer.get("InputPathsMap", {})
    if len(paths) > _MOST_PATHS:
        raise ValidationError(f"InputPathsMap of target {target_id} has more than {_MOST_PATHS} entries.")
    for name, path in paths.items():
        if name.upper().startswith("AWS."):
            raise ValidationError(f"Invalid InputPathsMap for target {target_id}: names must not start with AWS.")
        if not _PATH.fullmatch(path):
            raise ValidationError(f"Invalid InputPathsMap for target {target_id}.")
    known = set(paths) | set(_RESERVED)
    unknown = [name for name in _PLACE.findall(transformer["InputTemplate"]) if name not in known]
    if unknown:
        raise ValidationError(
            f"InputTemplate for target {target_id} contains placeholder {unknown[0]} that is not in InputPathsMap."
        )
    empty = dict.fromkeys(known)
    if _is_json_template(transformer["InputTemplate"]):
        _check_json(_fill(transformer["InputTemplate"], empty), target_id)


_RESERVED = (
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
)


def build(
    event: Mapping[str, Any], settings: Mapping[str, Any], *, rule_arn: str, rule_name: str, now: datetime
) -> str:
    """The JSON text that a target with these settings gets for ``event``."""
    if settings.get("Input"):
        return str(settings["Input"])
    if settings.get("InputPath"):
        found = at_path(event, settings["InputPath"])
        return compact(None if found is _MISSING else found)
    if not (transformer := settings.get("InputTransformer")):
        return compact(event)
    values: dict[str, Any] = {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_name,
        "aws.events.event.ingestion-time": iso(now),
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": dict(event),
    }
    for name, path in transformer.get("InputPathsMap", {}).items():
        found = at_path(event, path)
        values[name] = None if found is _MISSING else found
    filled = _fill(transformer["InputTemplate"], values)
    try:
        return compact(json.loads(filled))
    except ValueError:
        return compact(filled)


def at_path(event: Any, path: str) -> Any:
    """What a JSON path of names and indexes leads to, or a mark that nothing is there."""
    here = event
    for name, index, quoted, doubly in _STEP.findall(path):
        if index:
            here = here[int(index)] if isinstance(here, list) and int(index) < len(here) else _MISSING
        else:
            here = here.get(name or quoted or doubly, _MISSING) if isinstance(here, Mapping) else _MISSING
    return here


def _is_json_template(template: str) -> bool:
    return template.lstrip()[:1] in ("{", "[")


def _fill(template: str, values: Mapping[str, Any]) -> str:
    """Inside quotes a value is put in as text, outside as JSON; what the event lacks is empty or null."""
    parts, at, quoted = [], 0, False
    for match in _PLACE.finditer(template):
        between = template[at : match.start()]
        quoted ^= between.replace("\\\\", "").replace('\\"', "").count('"') % 2 == 1
        parts.append(between)
        name = match[1]
        parts.append(match[0] if name not in values else _put(values[name], quoted=quoted, template=template))
        at = match.end()
    return "".join([*parts, template[at:]])


def _put(value: Any, *, quoted: bool, template: str) -> str:
    if quoted:
        text = "" if value is None else value if isinstance(value, str) else compact(value)
        return json.dumps(text, ensure_ascii=False)[1:-1]
    if isinstance(value, str) and not _is_json_template(template):
        return value
    return compact(value)
