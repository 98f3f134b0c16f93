"""Places between log events, as event ids and as the tokens of next pages.

Events are ordered by time, then by the order in which they came. An event id carries both, so ids sort like events,
never change, and are never used twice.
"""

import re
from dataclasses import dataclass
from typing import Literal

from logs.errors import InvalidToken

_TOKEN = re.compile(r"([fb])/(\d{56})/s", re.ASCII)
_TIME_DIGITS, _ID_DIGITS = 16, 39


type Direction = Literal["f", "b"]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """The place of one event: ``timestamp`` in epoch milliseconds, ``id`` of its row."""

    timestamp: int
    id: int

    @property
    def digits(self) -> str:
        """56 digits, as CloudWatch's event ids have."""
        return f"3{self.timestamp:0{_TIME_DIGITS}d}{max(self.id, 0):0{_ID_DIGITS}d}"


def event_id(timestamp: int, id: int) -> str:
    """The id of an event on the wire."""
    return Position(timestamp, id).digits


@dataclass(frozen=True, slots=True)
class Token:
    """``f``: what comes after the position; ``b``: what comes before it."""

    direction: Direction
    position: Position

    def __str__(self) -> str:
        return f"{self.direction}/{self.position.digits}/s"


def parse(text: str) -> Token:
    """The token that was given out as ``text``; raises ``InvalidToken``."""
    if not (match := _TOKEN.fullmatch(text)):
        raise InvalidToken
    digits = match[2]
    position = Position(int(digits[1 : 1 + _TIME_DIGITS]), int(digits[1 + _TIME_DIGITS :]))
    if position.id >= 1 << 63:
        raise InvalidToken
    return Token("f" if match[1] == "f" else "b", position)
