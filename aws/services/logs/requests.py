"""What several operations ask alike."""

from aws.operation import Caller, Params
from logs import selectors
from logs.errors import InvalidParameter


def group_name(caller: Caller, request: Params) -> str:
    """The log group that is meant, by name or by ARN; exactly one of the two."""
    name, identifier = request.get("logGroupName"), request.get("logGroupIdentifier")
    if bool(name) == bool(identifier):
        raise InvalidParameter("Specify either logGroupName or logGroupIdentifier, and not both.")
    return str(name) if name else selectors.group_name(account=caller.account, identifier=str(identifier))


def resource_name(caller: Caller, request: Params) -> str:
    """The log group that ``resourceArn`` names."""
    return selectors.group_name(account=caller.account, identifier=request["resourceArn"])
