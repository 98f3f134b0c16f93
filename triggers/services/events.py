"""Putting events on buses, and trying patterns."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Account
from core import clock, limits, strict_json
from core.errors import ValidationError
from core.strict_json import BadJson
from triggers import documents, matching, patterns, selectors
from triggers.errors import EventBusNotFound, InvalidEventPattern
from triggers.models import EventBus
from triggers.patterns import InvalidPattern

_TIME_SIZE = 14
_EVENT_MEMBERS = ("id", "account", "source", "time", "region", "resources", "detail-type")


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as a caller puts it; ``detail`` is JSON text."""

    source: str = ""
    detail_type: str = ""
    detail: str = ""
    time: datetime | None = None
    resources: tuple[str, ...] = ()
    bus: str = ""
    trace: str = ""

    @property
    def size(self) -> int:
        """In bytes, as EventBridge counts it."""
        texts = (self.source, self.detail_type, self.detail, *self.resources)
        return (_TIME_SIZE if self.time else 0) + sum(len(text.encode("utf-8", "replace")) for text in texts)


@dataclass(frozen=True, slots=True)
class Put:
    """What became of an entry: an id, or why not."""

    event_id: str = ""
    error_code: str = ""
    error_message: str = ""


@transaction.atomic
def put_events(*, account: Account, entries: list[Entry], region: str = "us-east-1", trace: str = "") -> list[Put]:
    """Take events in: what rules make of them is durable when this returns. One result for each entry, in order.

    Raises ``ValidationError`` when all together are over the size limit.
    """
    if sum(entry.size for entry in entries) > limits.PUT_EVENTS_SIZE:
        raise ValidationError("Total size of the entries in the request is over the limit.")
    buses: dict[str, EventBus | None] = {}
    results = []
    for entry in entries:
        name = selectors.bus_name(account=account, text=entry.bus)
        if name not in buses:
            buses[name] = _find_bus(account, name, region)
        results.append(_put(account, entry, name, buses[name], region, trace))
    return results


def _find_bus(account: Account, name: str, region: str) -> EventBus | None:
    try:
        return selectors.get_event_bus(account=account, name=name, region=region)
    except EventBusNotFound:
        return None


def _put(account: Account, entry: Entry, name: str, bus: EventBus | None, region: str, trace: str) -> Put:
    for member, value in (("Source", entry.source), ("DetailType", entry.detail_type), ("Detail", entry.detail)):
        if not value:
            reason = f"Parameter {member} is not valid. Reason: {member} is a required argument."
            return Put(error_code="InvalidArgument", error_message=reason)
    if entry.source.lower().startswith("aws."):
        return Put(error_code="NotAuthorizedForSourceException", error_message="Not authorized for the source.")
    detail = _detail(entry.detail)
    if detail is None:
        return Put(error_code="MalformedDetail", error_message="Detail is malformed.")
    if bus is None:
        return Put(error_code="ResourceNotFoundException", error_message=f"Event bus {name} does not exist.")
    event_id = str(uuid.uuid4())
    event = documents.event(
        account_id=account.id,
        region=region,
        source=entry.source,
        detail_type=entry.detail_type,
        detail=detail,
        time=entry.time or clock.now(),
        resources=entry.resources,
        event_id=event_id,
    )
    matching.put_all(bus=bus, events=[event], trace=entry.trace or trace)
    return Put(event_id=event_id)


def _detail(text: str) -> dict[str, Any] | None:
    try:
        detail = strict_json.loads(text, lone_surrogates=False)
    except BadJson:
        return None
    return detail if isinstance(detail, dict) and "\\u0000" not in text else None


def test_event_pattern(*, pattern: str, event: str) -> bool:
    """Whether an event (JSON text with all of EventBridge's members) fits a pattern.

    Raises ``InvalidEventPattern``, ``ValidationError``.
    """
    try:
        compiled = patterns.compile(pattern)
    except InvalidPattern as error:
        raise InvalidEventPattern(reason=str(error)) from None
    try:
        document = strict_json.loads(event)
    except BadJson as error:
        raise ValidationError(f"Parameter Event is not valid. Reason: {error.reason}") from None
    if not isinstance(document, Mapping):
        raise ValidationError("Parameter Event is not valid. Reason: It is not an object.")
    if missing := [name for name in _EVENT_MEMBERS if name not in document]:
        raise ValidationError(
            f"Parameter Event is not valid. Reason: The following required fields are missing: {', '.join(missing)}."
        )
    return compiled.matches(document)


test_event_pattern.__test__ = False  # type: ignore[attr-defined]  # AWS's name for it, not a test of ours
