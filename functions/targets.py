"""Where failed and finished invocations may be sent."""

from accounts.models import Account
from accounts.selectors import own_arn
from core import arns, targets
from core.errors import InvalidParameterValue
from functions import selectors
from functions.errors import FunctionNotFound, MemberInvalid
from functions.references import parse_reference


def check_target(*, account: Account, arn: str) -> None:
    """Raise ``InvalidParameterValue`` unless something here takes events for ``arn``; a function must exist."""
    own = own_arn(account=account, arn=arn)[0]
    if not targets.accepts(own):
        raise InvalidParameterValue(
            f"The destination ARN {arn} is invalid: this server delivers no events to that service."
        )
    parsed = arns.parse(own)
    if parsed is not None and parsed.service == "lambda":
        try:
            reference = parse_reference(own, account=account)
            selectors.get_version(account=account, name=reference.name, qualifier=reference.qualifier)
        except (FunctionNotFound, MemberInvalid):
            raise InvalidParameterValue(f"The destination ARN {arn} is invalid.") from None
