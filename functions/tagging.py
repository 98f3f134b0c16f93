"""Tags: key and value pairs that people and tools put on functions. Pure."""

import re
from collections.abc import Mapping

from core import limits
from core.errors import InvalidParameterValue
from functions.configuration import invalid

_KEY_LENGTH, _VALUE_LENGTH = 128, 256
_ALLOWED = re.compile(r"[\w\s.:/=+\-@]*")  # letters and digits of every script, as AWS allows
_PATTERN = "([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)"


def check(tags: Mapping[str, str]) -> None:
    """Raise for more than 50 tags, reserved or empty keys, and characters AWS does not take."""
    if len(tags) > limits.TAGS_PER_RESOURCE:
        raise InvalidParameterValue(f"Function cannot have more than {limits.TAGS_PER_RESOURCE} tags.")
    for key, value in tags.items():
        if not 1 <= len(key) <= _KEY_LENGTH or not _ALLOWED.fullmatch(key) or "\x00" in key:
            raise invalid(key, "tags", f"Map keys must satisfy constraint: [{_PATTERN}, 1 to {_KEY_LENGTH} characters]")
        if len(value) > _VALUE_LENGTH or not _ALLOWED.fullmatch(value):
            raise invalid(
                value, "tags", f"Map values must satisfy constraint: [{_PATTERN}, {_VALUE_LENGTH} characters]"
            )
        if key.lower().startswith("aws:") and not key.startswith("aws:cloudformation:"):
            raise InvalidParameterValue("Tag keys that begin with aws: are reserved and cannot be set.")
