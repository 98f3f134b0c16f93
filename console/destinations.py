"""Where events may go after an asynchronous invocation, as the console offers and shows it.

Each service registers what it has; it is offered only where ``core.targets`` takes events for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import Account
from core import arns, targets

type ListFor = Callable[[Account], Sequence[tuple[str, str]]]
"""Name and ARN of the account's resources of a service."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A service that takes events. ``url_for`` finds the page of one of its resources; None when it has none.

    ``dead_letters``: AWS lets it be a dead-letter queue (SQS and SNS only).
    """

    label: Any
    icon: str
    hue: str
    list_for: ListFor
    url_for: Callable[[Account, arns.Arn], str] | None = None
    dead_letters: bool = False


@dataclass(frozen=True, slots=True)
class Choices:
    """The resources of one service, to choose from."""

    label: Any
    options: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Place:
    """A destination as the overview shows it."""

    arn: str
    name: str
    label: Any
    icon: str
    hue: str


_kinds: dict[str, Kind] = {}


def register(service: str, kind: Kind) -> None:
    """Make the resources of ``service`` (as in their ARNs: ``sqs``) known; the same again replaces it."""
    _kinds[service] = kind


def forget(service: str) -> None:
    """Take it away again, for tests."""
    _kinds.pop(service, None)


def choices(*, account: Account, dead_letters: bool = False) -> list[Choices]:
    """What can be chosen, by service; only services that take events here."""
    found = []
    for service, kind in _kinds.items():
        if (dead_letters and not kind.dead_letters) or not targets.takes(service):
            continue
        if options := kind.list_for(account):
            found.append(Choices(kind.label, options))
    return found


def place(arn: str) -> Place:
    """The words and glyph for an ARN; one of a service nobody registered is named by its service."""
    parsed = arns.parse(arn)
    kind = _kinds.get(parsed.service) if parsed else None
    name = _name(parsed.resource) if parsed else arn
    if kind is None:
        return Place(arn, name, parsed.service if parsed else "", "external-link", "")
    return Place(arn, name, kind.label, kind.icon, kind.hue)


def url(*, account: Account, arn: str) -> str:
    """The page of the resource, or an empty string."""
    parsed = arns.parse(arn)
    kind = _kinds.get(parsed.service) if parsed else None
    return kind.url_for(account, parsed) if kind and kind.url_for and parsed else ""


def _name(resource: str) -> str:
    """``function:other:live`` is called ``other:live``; a queue's resource is its name."""
    for word in ("function:", "event-bus/"):
        if resource.startswith(word):
            return resource.removeprefix(word)
    return resource
