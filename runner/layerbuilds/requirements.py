"""What may be asked of the installer: names and versions, and nothing else that pip would understand. Pure."""

import re

from core.errors import InvalidParameterValue

PACKAGES_MAX, LENGTH_MAX = 20, 200
_VERSION = r"(?:===?|~=|!=|<=?|>=?)\s*[A-Za-z0-9.*+!_\-]+"
_REQUIREMENT = re.compile(
    rf"([A-Za-z0-9](?:[A-Za-z0-9._\-]*[A-Za-z0-9])?)(\[[A-Za-z0-9._,\s\-]+\])?\s*({_VERSION}(?:\s*,\s*{_VERSION})*)?",
    re.ASCII,
)


class RequirementInvalid(InvalidParameterValue):
    """A line that is no name with an optional version: no address, no path, no option."""

    message = "{line!a} is not the name of a package, with or without a version, such as requests==2.32.3."


class TooManyPackages(InvalidParameterValue):
    """More than can be installed at once, or none."""

    message = "Name 1 to {limit} packages."


def parse(text: str) -> list[str]:
    """The requirements in ``text``: one a line or separated by spaces or commas, as in a requirements.txt.

    Raises ``RequirementInvalid`` and ``TooManyPackages``.
    """
    found: list[str] = []
    for line in text.splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if line:
            found += _of_line(line)
    unique = list(dict.fromkeys(found))
    if not 1 <= len(unique) <= PACKAGES_MAX:
        raise TooManyPackages(limit=PACKAGES_MAX)
    return unique


def _of_line(line: str) -> list[str]:
    if len(line) <= LENGTH_MAX and (match := _REQUIREMENT.fullmatch(line)):
        return [_normal(match)]
    words = [word for word in re.split(r"[,\s]+", line) if word]
    matches = [_REQUIREMENT.fullmatch(word) for word in words]
    if len(line) > LENGTH_MAX * PACKAGES_MAX or not all(matches):
        raise RequirementInvalid(line=line[:LENGTH_MAX])
    return [_normal(match) for match in matches if match]


def _normal(match: re.Match[str]) -> str:
    return re.sub(r"\s+", "", f"{match[1]}{match[2] or ''}{match[3] or ''}")
