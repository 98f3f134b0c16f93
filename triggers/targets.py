"""Event buses as targets: the destination of a function's asynchronous invocations."""

from collections.abc import Mapping
from typing import Any

from core import arns, clock
from core.errors import InvalidParameterValue
from core.targets import Attributes
from core.trace import carried
from triggers import matching


def deliver_to_bus(*, account_id: str, arn: arns.Arn, event: Any, attributes: Attributes | None = None) -> None:
    """Put a destination's record on the bus ``arn``; in the caller's transaction. Raises ServiceError.

    Source: Lambda developer guide, "Capturing records of Lambda asynchronous invocations": the record is the detail.
    """
    if not arn.resource.startswith("event-bus/") or arn.account != account_id:
        raise InvalidParameterValue(f"The destination ARN {arn} is invalid.")
    matching.put(
        account_id=account_id,
        bus_arn=str(arn),
        event=matching.entry_event(
            account_id=account_id,
            arn=str(arn),
            source="lambda",
            detail_type=_detail_type(event),
            detail=event,
            time=clock.now(),
            resources=[str(arn), _function_arn(event)],
        ),
        trace=carried(),
    )


def _context(event: Any) -> Mapping[str, Any]:
    context = event.get("requestContext") if isinstance(event, Mapping) else None
    return context if isinstance(context, Mapping) else {}


def _detail_type(event: Any) -> str:
    ending = "Success" if _context(event).get("condition") == "Success" else "Failure"
    return f"Lambda Function Invocation Result - {ending}"


def _function_arn(event: Any) -> str:
    return str(_context(event).get("functionArn", ""))
