"""Who accepts events: ``deliver(arn, event)`` finds the service behind an ARN.

An app registers the ARN service it accepts in its ``apps.py``. So a lower package sends an event to
a higher one that it may not import.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from core import arns
from core.errors import InvalidParameterValue

type Attributes = Mapping[str, str | int]
"""What goes beside an event: a text is an attribute of the type String, a number one of the type Number."""


class Target(Protocol):
    """Accepts one event for ``arn`` on behalf of ``account_id``; raises ServiceError when it cannot.

    ``attributes`` go beside the event where the target has room for them, as a queue's messages do.
    """

    def __call__(self, *, account_id: str, arn: arns.Arn, event: Any, attributes: Attributes | None = None) -> None: ...


class Doorman(Protocol):
    """Raises ServiceError unless the policy of ``arn`` lets another service in (``events.amazonaws.com``) that acts for
    the resource ``source_arn`` of the account.
    """

    def __call__(self, *, account_id: str, arn: arns.Arn, service: str, source_arn: str) -> None: ...


class Opener(Protocol):
    """Adds to the policy of ``arn`` that this service may bring events for that source; raises ServiceError."""

    def __call__(self, *, account_id: str, arn: arns.Arn, service: str, source_arn: str) -> None: ...


_targets: dict[str, Target] = {}
_doormen: dict[str, Doorman] = {}
_openers: dict[str, Opener] = {}


def register(service: str, target: Target, *, doorman: Doorman | None = None, opener: Opener | None = None) -> None:
    """Make ``target`` the one that takes events for ARNs of ``service``; ``doorman`` knows who may bring them, and
    ``opener`` lets one more in.
    """
    _targets[service] = target
    if doorman is not None:
        _doormen[service] = doorman
    if opener is not None:
        _openers[service] = opener


def accepts(arn: str) -> bool:
    """Whether somebody here takes events for this ARN."""
    parsed = arns.parse(arn)
    return parsed is not None and takes(parsed.service)


def takes(service: str) -> bool:
    """Whether somebody here takes events for ARNs of ``service``."""
    return service in _targets


def check_service(*, account_id: str, arn: str, service: str, source_arn: str) -> None:
    """Ask the policy of ``arn`` whether a service may bring events; raises ServiceError when it may not."""
    parsed = arns.parse(arn)
    if parsed is not None and (doorman := _doormen.get(parsed.service)):
        doorman(account_id=account_id, arn=parsed, service=service, source_arn=source_arn)


def let_in(*, account_id: str, arn: str, service: str, source_arn: str) -> None:
    """Have the policy of ``arn`` let a service in for ``source_arn``; where there is no policy to ask, nothing is needed."""
    parsed = arns.parse(arn)
    if parsed is not None and (opener := _openers.get(parsed.service)):
        opener(account_id=account_id, arn=parsed, service=service, source_arn=source_arn)


def deliver(*, account_id: str, arn: str, event: Any, attributes: Attributes | None = None) -> None:
    """Hand ``event`` (plain JSON data) to the resource that ``arn`` names, durably before returning."""
    parsed = arns.parse(arn)
    if parsed is None or parsed.service not in _targets:
        raise InvalidParameterValue(f"The destination ARN {arn} is invalid.")
    _targets[parsed.service](account_id=account_id, arn=parsed, event=event, attributes=attributes)
