"""Reading the text of a ``.env`` file, as people paste it. Pure."""

import re

_LINE = re.compile(r"\s*(?:export\s+)?([^\s=#]+)\s*[=:]\s?(.*)")
_QUOTES = ("'", '"')


def parse(text: str) -> tuple[dict[str, str], list[str]]:
    """The variables, and the lines that are none. Comments and empty lines do not count; the last of a name wins.

    Quotes around a value are taken off; in double quotes ``\\n`` is a line end. A comment after a bare value goes.
    """
    found: dict[str, str] = {}
    strange: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if match := _LINE.fullmatch(line):
            found[match[1]] = _value(match[2].strip())
        else:
            strange.append(line.strip())
    return found, strange


def _value(text: str) -> str:
    if len(text) >= 2 and text[0] in _QUOTES and (end := text.find(text[0], 1)) > 0:
        inner = text[1:end]
        return inner.replace("\\n", "\n") if text[0] == '"' else inner
    return re.split(r"\s#", text, maxsplit=1)[0].rstrip()
