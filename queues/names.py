"""How queues are called: names, URLs, ARNs. Pure."""

import re
from urllib.parse import unquote, urlsplit

from core import arns
from queues.errors import InvalidAddress, InvalidParameter, QueueDoesNotExist

FIFO_SUFFIX = ".fifo"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_FIFO_NAME = re.compile(r"(?=.{1,80}\Z)[A-Za-z0-9_-]{1,75}\.fifo", re.ASCII)
_LONGEST_SHOWN, _LONGEST_URL = 256, 2048


def check(name: str, *, is_fifo: bool) -> None:
    """Raise ``InvalidParameter`` for a name that a queue of this kind cannot have."""
    if is_fifo and not _FIFO_NAME.fullmatch(name):
        raise InvalidParameter(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
            "must end with .fifo suffix and be 1 to 80 in length."
        )
    if not is_fifo and not _NAME.fullmatch(name):
        raise InvalidParameter("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")


def is_name(text: str) -> bool:
    """Whether a queue of either kind can be called so."""
    return bool(_NAME.fullmatch(text) or _FIFO_NAME.fullmatch(text))


def url(endpoint: str, account_id: str, name: str) -> str:
    """The address of a queue for whoever reaches this server at ``endpoint``."""
    return f"{endpoint}/{account_id}/{name}"


def of_url(address: str) -> str:
    """The name in a queue's URL; the name alone is accepted as well, as AWS does.

    Host and account are not looked at: the addresses on slides mean the caller's own queue. Raises ``InvalidAddress``,
    ``QueueDoesNotExist``.
    """
    if is_name(address):
        return address
    parts = _segments(address)
    if len(parts) < 2:
        raise InvalidAddress(address=address[:_LONGEST_SHOWN])
    if not is_name(parts[-1]):
        raise QueueDoesNotExist
    return parts[-1]


def _segments(address: str) -> list[str]:
    if len(address) > _LONGEST_URL:
        return []
    try:
        return [unquote(part) for part in urlsplit(address).path.split("/") if part]
    except ValueError:  # brackets that are no address
        return []


def of_arn(arn: str) -> str | None:
    """The name in a queue's ARN, whosever it is; None when it is not one."""
    parsed = arns.parse(arn)
    if parsed is None or parsed.service != "sqs" or not is_name(parsed.resource):
        return None
    return parsed.resource
