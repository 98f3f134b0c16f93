"""CloudWatch's filter patterns: which log events match.

Three languages, told apart by the first character::

    ERROR "timed out" -retry          words: all of them, none after a minus
    ?ERROR ?WARN                      words: any of them
    { $.level = "error" && $.ms > 3 } properties of a JSON message
    [ip, user, ..., status = 4*]      columns between spaces

Matching takes time in proportion to the message: no regular expression is ever built from a pattern. The
``%expression%`` form is refused for that reason.
"""

from collections.abc import Callable

from logs.errors import InvalidFilterPattern
from logs.filter_patterns import columns, properties, terms

type Matcher = Callable[[str], bool]

PATTERN_LENGTH = 1_024


def compile(pattern: str) -> Matcher:
    """A function that tells whether a message matches ``pattern``; raises ``InvalidFilterPattern``.

    The function never raises, whatever the message.
    """
    if len(pattern) > PATTERN_LENGTH:
        raise InvalidFilterPattern
    text = pattern.strip()
    match text[:1]:
        case "":
            return lambda message: True
        case "{":
            return properties.compile(text)
        case "[":
            return columns.compile(text)
        case _:
            return terms.compile(text)
