"""The function was stopped: it took too long or too much, or its process ended."""

from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from console.case import Case, Explanation, Fix, Place, code
from console.course import Course, course
from core import limits

_NEXT_TIMEOUTS = (15, 60, 300, limits.TIMEOUT_S_MAX)

_LINE_SHOWN = 80  # characters


def timed_out(case: Case, place: Place | None) -> Explanation | None:
    text = format_html(_("The function was stopped after its timeout of {seconds} s."), seconds=case.timeout)
    if went := course(case.log):
        text = format_html("{} {}", text, _where_time_went(went))
    larger = [seconds for seconds in _NEXT_TIMEOUTS if seconds > case.timeout]
    fixes = (
        (Fix(format_html(_("Raise the timeout to {seconds} s"), seconds=larger[0]), "timeout", str(larger[0])),)
        if larger
        else ()
    )
    return Explanation(text, place, fixes)


def _where_time_went(went: Course) -> SafeString:
    seconds = number_format(went.longest_ms / 1000, 1)
    if not went.last:
        return format_html("{}", _("Until then it had written nothing: print what it does to see how far it comes."))
    if not went.after:
        told = format_html(_("Its longest step, {seconds} s, came before its first line."), seconds=seconds)
    elif went.after == went.last:
        told = format_html(_("Its longest step, {seconds} s, came after that."), seconds=seconds)
    else:
        told = format_html(
            _("Its longest step, {seconds} s, came after {line}."), seconds=seconds, line=_line(went.after)
        )
    return format_html("{} {}", format_html(_("The last line it wrote is {line}."), line=_line(went.last)), told)


def _line(text: str) -> SafeString:
    return code(text if len(text) <= _LINE_SHOWN else f"{text[:_LINE_SHOWN]}…")


def out_of_memory(case: Case, place: Place | None) -> Explanation | None:
    text = format_html(
        _("The function used more than its {memory} MB of memory and was stopped."), memory=case.memory_size
    )
    more = min(case.memory_size * 2, limits.MEMORY_MB_MAX)
    fixes = (Fix(format_html(_("Raise the memory to {memory} MB"), memory=more), "memory_size", str(more)),)
    return Explanation(text, place, fixes if more > case.memory_size else ())


def exited(case: Case, place: Place | None) -> Explanation | None:
    return Explanation(
        _(
            "The process ended before the handler had answered: something in the code calls exit, or crashed it. The log shows what came before."
        ),
        place,
    )


def too_large(case: Case, place: Place | None) -> Explanation | None:
    return Explanation(_("An answer has at most 6 MB. Store what is larger, and answer with where it is."), place)
