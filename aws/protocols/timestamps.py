"""Timestamps in the three formats of the protocols: epoch seconds, ISO 8601, and HTTP dates."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from aws.errors import SerializationError

_NUMBER = re.compile(r"-?\d{1,17}(\.\d{1,17})?([eE][+-]?\d{1,3})?", re.ASCII)


def parse(value: Any) -> datetime:
    """A moment in any of the three formats, aware; AWS's own services are that lenient."""
    try:
        if isinstance(value, str) and not _NUMBER.fullmatch(value):
            return _from_text(value)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError(value)
        seconds = float(value)
        if not math.isfinite(seconds):
            raise ValueError(value)
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        raise SerializationError("Unable to parse the value of a timestamp.") from None


def _from_text(text: str) -> datetime:
    moment = datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def epoch(moment: datetime) -> int | float:
    """Seconds since 1970, to the millisecond as AWS answers; whole where it is whole."""
    seconds = round(moment.timestamp(), 3)
    return int(seconds) if seconds.is_integer() else seconds


def iso8601(moment: datetime) -> str:
    """``2026-11-22T01:46:31Z``, with milliseconds where there are any."""
    moment = moment.astimezone(UTC)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    millisecond = moment.microsecond // 1000
    return f"{text}.{millisecond:03d}Z" if millisecond else f"{text}Z"


def http_date(moment: datetime) -> str:
    """``Sun, 22 Nov 2026 01:46:31 GMT``."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


TEXT_FORMATS: dict[str, Callable[[datetime], str]] = {
    "unixTimestamp": lambda moment: str(epoch(moment)),
    "iso8601": iso8601,
    "rfc822": http_date,
}
"""How a timestamp is written where only text fits: XML, headers."""
