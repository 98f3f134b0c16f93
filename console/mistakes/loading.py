"""The code does not load: no such file or handler, nothing to import, no Python."""

import re
from collections.abc import Iterable

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from console import linting, slides
from console.case import Case, Edit, Explanation, Fix, Place, code, codes

_CHOICES = 4

_NO_MODULE = re.compile(r"No module named '([^']+)'|Cannot find (?:module|package) '([^']+)'")


def handler_not_found(case: Case, place: Place | None) -> Explanation | None:
    path = case.handler_file
    names = functions_of(path, case.files.get(path, ""))
    if not path:
        return _no_module(case, place)
    module = case.handler.rpartition(".")[0]
    if not names:
        return Explanation(
            format_html(
                _("The handler setting is {handler}, and {file} defines no function."),
                handler=code(case.handler),
                file=code(path),
            )
        )
    text = format_html(
        _("The handler setting is {handler}, and {file} has no such function. It defines: {names}."),
        handler=code(case.handler),
        file=code(path),
        names=codes(names),
    )
    return Explanation(text, fixes=_use_handlers(f"{module}.{name}" for name in names))


def functions_of(path: str, text: str) -> list[str]:
    """What a file defines that could be a handler."""
    return linting.defined_functions(text) if path.endswith(".py") else linting.exported_functions(text)


def _use_handlers(handlers: Iterable[str]) -> tuple[Fix, ...]:
    return tuple(
        Fix(format_html(_("Use {handler}"), handler=code(handler)), "handler", handler)
        for handler in list(handlers)[:_CHOICES]
    )


def _no_module(case: Case, place: Place | None) -> Explanation | None:
    candidates = [
        f"{path.rsplit('.', 1)[0]}.{name}"
        for path, text in case.files.items()
        if path.endswith((".py", ".js", ".mjs", ".cjs"))
        for name in functions_of(path, text)
    ]
    candidates.sort(key=lambda handler: not handler.endswith("handler"))
    text = format_html(
        _("The handler setting is {handler}, and the package has no such file."), handler=code(case.handler)
    )
    return Explanation(text, place, _use_handlers(candidates))


def import_error(case: Case, place: Place | None) -> Explanation | None:
    match = _NO_MODULE.search(case.result.error_message)
    if match is None:
        return None
    module = match[1] or match[2]
    if module == case.handler.rpartition(".")[0].replace("/", "."):
        return _no_module(case, place)
    text = format_html(
        _(
            "{module} is neither in the deployment package nor in a layer. Put it into the zip beside your code, or into a layer."
        ),
        module=code(module),
    )
    return Explanation(text, place or _importing(case, module))


def _importing(case: Case, module: str) -> Place | None:
    wanted = re.compile(rf"^\s*(?:import|from)\s+{re.escape(module.split('.')[0])}\b|['\"]{re.escape(module)}['\"]")
    for path, text in case.files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if wanted.search(line):
                return Place(path, number)
    return None


def syntax_error(case: Case, place: Place | None) -> Explanation | None:
    text: SafeString | str = ""
    line = case.line_of(place)
    if place and slides.typography(case.files.get(place.path, "")):
        text = _(
            "There are typographic quotes or spaces in the file, as slides have them. The editor marks them and can replace them all."
        )
    elif re.match(r"\s*print\s+[^(=\s]", line):
        text = _("Python 3 writes print(…) with parentheses.")
    elif "expected ':'" in case.result.error_message and place and (mended := slides.with_colon(line)):
        return Explanation(
            _("A line that begins a block ends with a colon."),
            place,
            edits=(Edit(format_html("{}", _("Add the colon")), place, mended),),
        )
    return Explanation(text, place)


def malformed_handler(case: Case, place: Place | None) -> Explanation | None:
    return Explanation(
        format_html(
            _("The handler setting is {handler}. It is written as file, dot, function: {example}."),
            handler=code(case.handler),
            example=code("lambda_function.lambda_handler"),
        ),
        place,
    )
