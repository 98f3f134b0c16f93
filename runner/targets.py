"""The runner as a target of events: delivering to a function's ARN invokes it, asynchronously."""

import json
from typing import Any

from accounts.models import Account
from core import arns
from core.errors import InvalidParameterValue
from core.targets import Attributes
from runner import services


def deliver_to_function(*, account_id: str, arn: arns.Arn, event: Any, attributes: Attributes | None = None) -> None:
    """Accept ``event`` for the function ``arn``; in the caller's transaction if there is one. Raises ServiceError."""
    if not arn.resource.startswith("function:") or arn.account != account_id:
        raise InvalidParameterValue(f"The destination ARN {arn} is invalid.")
    payload = json.dumps(event, separators=(",", ":")).encode()
    services.invoke_async(account=Account(pk=account_id), reference=str(arn), payload=payload, source="lambda")
