"""IAM's rules for names, paths, tags and amounts."""

import re
from collections.abc import Iterable

from accounts.errors import IamInvalidInput, IamLimitExceeded, IamValidationError

ROLES_PER_ACCOUNT = 1_000
POLICIES_PER_ACCOUNT = 1_500
POLICIES_PER_ROLE = 10
VERSIONS_PER_POLICY = 5
ACCESS_KEYS_PER_USER = 2
TAGS_PER_RESOURCE = 50
TRUST_POLICY_SIZE = 2_048  # characters; white space does not count in any of these
INLINE_POLICIES_SIZE = 10_240
MANAGED_POLICY_SIZE = 6_144
SESSION_SECONDS_MIN, SESSION_SECONDS_MAX = 3_600, 43_200

_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
_PATH = re.compile(r"/|/[\x21-\x7e]+/", re.ASCII)
_LATIN_1 = re.compile("[\t\n\r\x20-\x7e\xa1-\xff]*")


def check_name(field: str, name: str, longest: int) -> None:
    """Raise unless ``name`` may be the name of a role or policy."""
    if not _NAME.fullmatch(name):
        raise IamValidationError(
            f"The specified value for {field} is invalid. "
            "It must contain only alphanumeric characters and/or the following: +=,.@_-"
        )
    if len(name) > longest:
        raise IamValidationError(
            f"1 validation error detected: Value '{name}' at '{field}' failed to satisfy constraint: "
            f"Member must have length less than or equal to {longest}"
        )


def check_path(path: str) -> None:
    """Raise unless ``path`` starts and ends with a slash."""
    if len(path) > 512 or not _PATH.fullmatch(path):
        raise IamValidationError(
            "The specified value for path is invalid. It must begin and end with / and contain only "
            "alphanumeric characters and/or / characters."
        )


def check_description(text: str) -> None:
    """Raise unless ``text`` is at most 1000 characters of Latin 1, which is all that IAM takes."""
    if len(text) > 1000 or not _LATIN_1.fullmatch(text):
        raise IamValidationError("The specified value for description is invalid.")


def check_session_duration(seconds: int) -> None:
    """Raise unless a role may give sessions of at most ``seconds``."""
    if not SESSION_SECONDS_MIN <= seconds <= SESSION_SECONDS_MAX:
        raise IamValidationError(
            f"1 validation error detected: Value '{seconds}' at 'maxSessionDuration' failed to satisfy constraint: "
            f"Member must have value between {SESSION_SECONDS_MIN} and {SESSION_SECONDS_MAX}"
        )


def check_tags(tags: dict[str, str]) -> None:
    """Raise unless ``tags`` may be all the tags of one resource."""
    if len(tags) > TAGS_PER_RESOURCE:
        raise IamLimitExceeded("The number of tags has reached the maximum limit.")
    if len({key.casefold() for key in tags}) != len(tags):
        raise IamInvalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256 or key.lower().startswith("aws:"):
            raise IamInvalidInput(f"The tag key {key!r} or its value is not allowed.")


def merged_tags(tags: dict[str, str], more: dict[str, str]) -> dict[str, str]:
    """``tags`` with ``more``; a key that differs only in case is replaced."""
    return without_tags(tags, more) | more


def without_tags(tags: dict[str, str], keys: Iterable[str]) -> dict[str, str]:
    """``tags`` without ``keys``, in whatever case."""
    gone = {key.casefold() for key in keys}
    return {key: value for key, value in tags.items() if key.casefold() not in gone}
