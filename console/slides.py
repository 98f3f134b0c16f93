"""What slides do to code that is pasted from them, and what their authors wrote for themselves alone; pure.

Each finding is a ``Problem`` whose fix is the whole text put right, so that the editor can undo it. A finding that
keeps the code from running is an error; one that changes what it does elsewhere is a warning, or only a note.
"""

import keyword
import re
from collections.abc import Iterator

from django.conf import settings
from django.utils.translation import gettext as _

from console.event_json import CURLY, Fix, Problem, at

MARKS_SHOWN = 20
_CURLY = re.compile("[" + "".join(CURLY) + "]")
_NBSP = re.compile("[\u00a0\u202f\u3000]")
_PYTHON_QUIET = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'(?:\\.|[^\\])*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|\#[^\n]*', re.DOTALL
)
_NODE_QUIET = re.compile(r'`(?:\\.|[^`\\])*`|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', re.DOTALL)


def masked(text: str, quiet: re.Pattern[str] = _PYTHON_QUIET) -> str:
    """``text`` of the same length with every string and comment blotted out; line ends stay."""
    return quiet.sub(lambda match: re.sub(r"[^\n]", '"', match[0]), text)


def typography(text: str, *, is_python: bool = True) -> list[Problem]:
    """Quotes and spaces from a slide, where code has them: a compiler calls them invalid characters."""
    code = masked(text, _PYTHON_QUIET if is_python else _NODE_QUIET)
    fix = Fix(_("Replace all of them"), straightened(text))
    quote = _("This is a typographic quote, as slides have them; code wants a straight one.")
    space = _("This is a non-breaking space, as slides have them; code wants a normal one.")
    return [
        at(text, found.start(), found.end(), message, fix)
        for wanted, message in ((_CURLY, quote), (_NBSP, space))
        for found in wanted.finditer(code)
    ][:MARKS_SHOWN]


def straightened(text: str) -> str:
    """``text`` with straight quotes and normal spaces."""
    return _NBSP.sub(" ", "".join(CURLY.get(character, character) for character in text))


def pasted(text: str) -> list[Problem]:
    """What keeps pasted Python from being Python: Python 2's print, lost underscores, a slide's own words."""
    code = masked(text)
    for find in (_captions, _python_2_print, _lost_underscores):
        if found := find(text, code):
            return found
    return []


_OPENS_BLOCK = re.compile(r"[ \t]*(?:async[ \t]+)?(?:def|class|if|elif|else|for|while|with|try|except|finally)\b")


def with_colon(line: str) -> str:
    """A line that opens a block with the colon that it lacks; "" when it is no such line."""
    code = masked(line).rstrip()
    comment = re.search(r"[ \t]*\"+$", code) if "#" in line else None
    end = comment.start() if comment and line[comment.end() - len(comment[0].strip()) :].startswith("#") else len(code)
    if not _OPENS_BLOCK.match(line) or code[:end].endswith(":"):
        return ""
    return f"{line[:end]}:{line[end:]}"


# -- words of the slide in between the code --------------------------------------------------------

_CAPTION = re.compile(r"^[ \t]*[^\W\d_][\w’'-]*(?:[ ]+[\w’',.–-]+){2,}[.:]?[ \t]*$", re.MULTILINE)
_MARGIN_NOTE = re.compile(r"^[ \t]{40,}[^\W\d_][^\W\d_]*(?:[ ]+[\w’',.–-]+)*[.:]?[ \t]*$", re.MULTILINE)
_STATEMENTS = frozenset(keyword.kwlist) | {"print", "exec", "match", "case", "type"}


def _captions(text: str, code: str) -> list[Problem]:
    found = [
        match
        for pattern in (_MARGIN_NOTE, _CAPTION)
        for match in pattern.finditer(code)
        if not _STATEMENTS & set(match[0].split())
    ]
    found = sorted({match.start(): match for match in found}.values(), key=lambda match: match.start())
    if not found:
        return []
    without = "".join(
        line
        for start, line in _lines(text)
        if not any(match.start() <= start <= match.end() and line.strip() for match in found)
    )
    fix = Fix(_("Remove it"), without)
    message = _("This line is words from the slide, not code.")
    return [at(text, _first(text, match.start()), match.end(), message, fix) for match in found][:MARKS_SHOWN]


def _lines(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in text.splitlines(keepends=True):
        yield start, line
        start += len(line)


def _first(text: str, start: int) -> int:
    """The first character of a line that is no space."""
    return start + len(text[start:]) - len(text[start:].lstrip(" \t"))


# -- Python 2 --------------------------------------------------------------------------------------

_PRINT_LINE = re.compile(r"^(?P<margin>[ \t]*)print[ \t]+(?![(=.,])(?P<what>[^\n]*?)[ \t]*$", re.MULTILINE)


def _python_2_print(text: str, code: str) -> list[Problem]:
    found = list(_PRINT_LINE.finditer(code))
    if not found:
        return []
    pieces, done = [], 0
    for match in found:
        what = text[match.start("what") : match.end("what")]
        pieces += [text[done : match.start()], f"{match['margin']}print({what})"]
        done = match.end()
    fix = Fix(_("Add the parentheses"), "".join([*pieces, text[done:]]))
    message = _("Python 3 writes print(…) with parentheses.")
    return [at(text, match.start() + len(match["margin"]), match.end(), message, fix) for match in found][:MARKS_SHOWN]


# -- lost underscores ------------------------------------------------------------------------------

_RUN = re.compile(r"(?<![\w.])[^\W\d]\w*(?: +\w+)+")
_AFTER_DEF = re.compile(r"(?<=\bdef )(?:lambda +\w+(?: +\w+)*)(?= *\()")  # "lambda handler": a keyword, but a name here
_AFTER_DOT = re.compile(r"(?<=\.)[^\W\d]\w*(?: +\w+)+")
_WORDS = frozenset(keyword.kwlist) | {"print", "exec"}
_SOFT = frozenset({"match", "case", "type"})
_LONGEST_NAME = 4  # words


def _lost_underscores(text: str, code: str) -> list[Problem]:
    """Two names beside each other are never Python: an underscore was between them before the PDF."""
    found = sorted(
        {span for pattern in (_RUN, _AFTER_DOT) for match in pattern.finditer(code) for span in _names(match)}
        | {match.span() for match in _AFTER_DEF.finditer(code)}
    )
    if not found:
        return []
    pieces, done = [], 0
    for start, end in found:
        pieces += [text[done:start], re.sub(" +", "_", text[start:end])]
        done = end
    fix = Fix(_("Put the underscores back"), "".join([*pieces, text[done:]]))
    return [
        at(
            text,
            start,
            end,
            _("An underscore was lost here, as copying from a slide does: %(name)s.")
            % {"name": re.sub(" +", "_", text[start:end])},
            fix,
        )
        for start, end in found
    ][:MARKS_SHOWN]


def _names(run: re.Match[str]) -> Iterator[tuple[int, int]]:
    """The spans of a run of words in which keywords stand between names."""
    words = [(word[0], run.start() + word.start()) for word in re.finditer(r"\w+", run[0])]
    if words[0][0] in _SOFT:
        return
    group: list[tuple[str, int]] = []
    for word, start in [*words, ("and", -1)]:
        if word not in _WORDS:
            group.append((word, start))
            continue
        if 1 < len(group) <= _LONGEST_NAME and not group[0][0].isdigit():
            last, at_last = group[-1]
            yield group[0][1], at_last + len(last)
        group = []


# -- what was the author's own ---------------------------------------------------------------------

_QUEUE_URL = re.compile(r"https://(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.amazonaws\.com/(\d{12})/([\w.-]+)")
_ARN = re.compile(r"arn:aws:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):[^\s\"']+")
_REGION = re.compile(r",?[ \t]*\bregion_name[ \t]*=[ \t]*[\"']([a-z]{2}(?:-[a-z]+)+-\d)[\"']")


def authors_own(text: str, *, account_id: str) -> list[Problem]:
    """Accounts, queues and regions of whoever wrote the slide."""
    return _queue_urls(text, account_id) + _arns(text, account_id) + _regions(text)


def _queue_urls(text: str, account_id: str) -> list[Problem]:
    region = settings.REGION
    found = [match for match in _QUEUE_URL.finditer(text) if match[3] != account_id]
    mine = _QUEUE_URL.sub(lambda match: f"https://sqs.{region}.amazonaws.com/{account_id}/{match[4]}", text)
    return [
        at(
            text,
            match.start(),
            match.end(),
            _(
                "This queue is in the account %(account)s of whoever wrote it. Here only its name counts; on AWS it is refused."
            )
            % {"account": match[3]},
            Fix(_("Use my account"), mine),
            "info",
        )
        for match in found
    ]


def _arns(text: str, account_id: str) -> list[Problem]:
    found = [match for match in _ARN.finditer(text) if match[1] != account_id]
    mine = _ARN.sub(lambda match: match[0].replace(match[1], account_id, 1), text)
    return [
        at(
            text,
            match.start(1),
            match.end(1),
            _("This is the account %(account)s of whoever wrote it. Here it is taken as yours; on AWS it is refused.")
            % {"account": match[1]},
            Fix(_("Use my account"), mine),
            "info",
        )
        for match in found
    ]


def _regions(text: str) -> list[Problem]:
    found = [match for match in _REGION.finditer(text) if match[1] != settings.REGION]
    without = _REGION.sub(lambda match: "" if match[1] != settings.REGION else match[0], text)
    return [
        at(
            text,
            match.start(1),
            match.end(1),
            _("The region is fixed to %(region)s. Without it the function's own region is used.")
            % {"region": match[1]},
            Fix(_("Use the function's own"), without.replace("(, ", "(")),
            "warning",
        )
        for match in found
    ]


# -- one record of many ----------------------------------------------------------------------------

_FIRST_RECORD = re.compile(r"\bevent\[(?P<quote>[\"'])Records(?P=quote)\]\[0\]")
_ANY_LOOP = re.compile(r"\bin\s+event(?:\[[\"']Records[\"']\]|\.get\([\"']Records[\"'][^)]*\))")


def only_first_record(text: str, *, handler: str) -> list[Problem]:
    """A handler that reads ``Records[0]``: a queue's batch has up to ten, and the others are lost."""
    found = list(_FIRST_RECORD.finditer(text))
    if not found or _ANY_LOOP.search(text):
        return []
    fixed = _every_record(text, handler.rpartition(".")[2])
    fix = Fix(_("Read every record"), fixed) if fixed else None
    message = _("Only the first record is read. A queue sends up to ten at once: the others are lost.")
    return [at(text, match.start(), match.end(), message, fix, "info") for match in found][:MARKS_SHOWN]


def _every_record(text: str, handler: str) -> str:
    """The handler's body as a function for one record, and a handler that calls it for each; "" when it is not there."""
    head = re.search(
        rf"^def[ \t]+{re.escape(handler)}[ \t]*\([ \t]*event[ \t]*,[ \t]*context[ \t]*\)[ \t]*:", text, re.MULTILINE
    )
    if head is None or re.search(r"^def[ \t]+handle_record\b", text, re.MULTILINE):
        return ""
    changed = text[: head.start()] + "def handle_record(record, event, context):" + text[head.end() :]
    changed = _FIRST_RECORD.sub("record", changed)
    added = f'def {handler}(event, context):\n    return [handle_record(record, event, context) for record in event["Records"]]\n'
    return f"{changed.rstrip()}\n\n\n{added}"
