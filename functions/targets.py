"""Where failed and finished invocations may be sent."""

from accounts.models import Account
from accounts.selectors import own_arn
from core import targets
from core.errors import InvalidParameterValue


def check_target(*, account: Account, arn: str) -> None:
    """Raise ``InvalidParameterValue`` unless something here takes events for ``arn``."""
    if not targets.accepts(own_arn(account=account, arn=arn)[0]):
        raise InvalidParameterValue(
            f"The destination ARN {arn} is invalid: this server delivers no events to that service."
        )
