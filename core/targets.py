"""Who accepts events: ``deliver(arn, event)`` finds the service behind an ARN.

An app registers the ARN service it accepts in its ``apps.py``. So a lower package sends an event to
a higher one that it may not import.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from core import arns
from core.errors import InvalidParameterValue


class Target(Protocol):
    """Accepts one event for ``arn`` on behalf of ``account_id``; raises ServiceError when it cannot.

    ``attributes`` go beside the event where the target has room for them, as a queue's messages do.
    """

    def __call__(
        self, *, account_id: str, arn: arns.Arn, event: Any, attributes: Mapping[str, str] | None = None
    ) -> None: ...


_targets: dict[str, Target] = {}


def register(service: str, target: Target) -> None:
    """Make ``target`` the one that takes events for ARNs of ``service``."""
    _targets[service] = target


def accepts(arn: str) -> bool:
    """Whether somebody here takes events for this ARN."""
    parsed = arns.parse(arn)
    return parsed is not None and takes(parsed.service)


def takes(service: str) -> bool:
    """Whether somebody here takes events for ARNs of ``service``."""
    return service in _targets


def deliver(*, account_id: str, arn: str, event: Any, attributes: Mapping[str, str] | None = None) -> None:
    """Hand ``event`` (plain JSON data) to the resource that ``arn`` names, durably before returning."""
    parsed = arns.parse(arn)
    if parsed is None or parsed.service not in _targets:
        raise InvalidParameterValue(f"The destination ARN {arn} is invalid.")
    _targets[parsed.service](account_id=account_id, arn=parsed, event=event, attributes=attributes)
