"""What templates need to say: glyphs, states, amounts and moments."""

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils import formats, timesince
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console import commands, pricing, sparkline
from core import clock
from functions import runtimes
from functions.models import Version
from runner.models import State
from runner.runtimes import note_for
from triggers.cron import find_zone

register = template.Library()

MARK = '<path d="M3.5 11.5 20.5 5"/><path d="M12 8.5V20"/><path d="M7.5 20h9"/>'

# state of an invocation or of a version: (glyph, colour, word)
STATES: dict[str, tuple[str, str, Any]] = {
    State.QUEUED: ("hourglass", "run", gettext_lazy("Waiting")),
    State.RUNNING: ("loader", "run", gettext_lazy("Running")),
    State.SUCCEEDED: ("circle-check", "ok", gettext_lazy("Succeeded")),
    State.FAILED: ("circle-x", "bad", gettext_lazy("Failed")),
    State.DEAD_LETTER: ("circle-x", "bad", gettext_lazy("Given up")),
    State.DISCARDED: ("circle-stop", "warn", gettext_lazy("Discarded")),
    Version.State.ACTIVE: ("circle-check", "ok", gettext_lazy("Active")),
    Version.State.PENDING: ("hourglass", "run", gettext_lazy("Being made")),
    Version.State.INACTIVE: ("circle-stop", "warn", gettext_lazy("Asleep")),
    Version.State.FAILED: ("circle-x", "bad", gettext_lazy("Could not be made")),
}

_CURRENT = mark_safe(' aria-current="page"')

# what has tabs: (key, URL, what it takes besides the name, word) of each
TABS: dict[str, tuple[tuple[str, str, tuple[str, ...], Any], ...]] = {
    "function": (
        ("code", "function_detail", (), gettext_lazy("Code")),
        ("monitor", "function_monitor", (), gettext_lazy("Monitor")),
        ("invocations", "invocation_list", (), gettext_lazy("Invocations")),
        ("logs", "function_logs", (), gettext_lazy("Logs")),
        ("configuration", "function_configuration", ("general",), gettext_lazy("Configuration")),
        ("versions", "version_list", (), gettext_lazy("Versions and aliases")),
    ),
    "queue": (
        ("messages", "queue_detail", (), gettext_lazy("Messages")),
        ("monitor", "queue_monitor", (), gettext_lazy("Monitor")),
        ("configuration", "queue_configuration", (), gettext_lazy("Configuration")),
        ("dead_letters", "queue_dead_letters", (), gettext_lazy("Dead letters")),
        ("access", "queue_access", (), gettext_lazy("Access policy")),
        ("tags", "queue_tags", (), gettext_lazy("Tags")),
    ),
}


@cache
def _glyphs() -> dict[str, str]:
    glyphs: dict[str, str] = json.loads((Path(__file__).parent.parent / "icons.json").read_text())
    return glyphs | {"pupitre": MARK}


@cache
def _chunks() -> list[str]:
    names: list[str] = json.loads((Path(__file__).parent.parent / "editor.json").read_text())
    return [static("console/editor.js"), *(f"{settings.STATIC_URL}console/{name}" for name in names)]


@register.simple_tag
def editor_files() -> str:
    """Where the editor is: its own file, then what that is made of."""
    return " ".join(_chunks())


@register.simple_tag
def editor_scripts() -> SafeString:
    """Has the browser fetch the editor together with the page, not after the script that starts it."""
    return format_html_join(
        "\n", '<link rel="modulepreload" href="{}" fetchpriority="low">', ((url,) for url in _chunks())
    )


@register.simple_tag
@cache  # a page has a hundred of a few dozen
def icon(name: str, classes: str = "") -> SafeString:
    """A glyph, inlined; it never speaks: the words beside it do."""
    return format_html(
        '<svg class="icon {}" viewBox="0 0 24 24" aria-hidden="true">{}</svg>',
        classes,
        mark_safe(_glyphs()[name]),  # our own file
    )


@register.simple_tag(takes_context=True)
def tab_links(context: Any, of: str, name: str, current: str) -> SafeString:
    """From tab to tab of the function or queue called ``name``; ``current`` is the key of the one shown."""
    links = (
        (key, reverse(page, args=(context["account"].slug, name, *args)), _CURRENT if key == current else "", word)
        for key, page, args, word in TABS[of]
    )
    return format_html_join("\n", '<a id="tab-{}" href="{}"{}>{}</a>', links)


@register.simple_tag
def state(value: str, shape: str = "state") -> SafeString:
    """A state as glyph and word; ``shape`` is ``state`` or ``chip``."""
    if value not in STATES:
        return format_html('<span class="{} none">{}</span>', shape, _("Never run"))
    glyph, hue, word = STATES[value]
    return format_html('<span class="{} {}">{}{}</span>', shape, hue, icon(glyph, "s"), word)


@register.filter
def runtime_label(identifier: str) -> str:
    """``Python 3.13`` for ``python3.13``."""
    row = runtimes.get(identifier)
    return row.label if row else identifier


@register.filter
def runtime_note(identifier: str) -> str:
    """What this server runs the runtime on, where that is not its own version; else empty."""
    return note_for(identifier)


@register.filter
def family_label(family: str) -> str:
    """``Python`` for ``python``."""
    return runtimes.FAMILY_LABELS.get(family, family)


@register.filter
def ms(value: float | None, digits: int = 2) -> str:
    """Milliseconds, in the language of the page; a dash when there is no value."""
    if value is None:
        return "–"
    return f"{_number(value, digits)} ms"


@register.filter
def span(value: float | None) -> str:
    """Milliseconds, and from ten seconds on seconds: a pause of two minutes is no figure of six digits."""
    return ms(value) if value is None or value < 10_000 else f"{_number(value / 1000, 1)} s"


def _number(value: float, digits: int) -> str:
    """Rounded, then in the language of the page: Django's own formatting of a float cuts its digits off."""
    return formats.number_format(
        Decimal(f"{value:.{digits}f}"), decimal_pos=digits, use_l10n=True, force_grouping=False
    )


@register.filter
def mb(value: float | None) -> str:
    """Megabytes; a dash when unknown."""
    return "–" if value is None else f"{value} MB"


@register.filter
def size(value: int) -> str:
    """Bytes as a person reads them: 312 bytes, 4.2 kB, 3.1 MB."""
    if value < 1000:
        return _("%(count)s bytes") % {"count": value}
    unit, amount = ("kB", value / 1000) if value < 1_000_000 else ("MB", value / 1_000_000)
    return f"{_number(amount, 1)} {unit}"


@register.filter
def ago(moment: Any) -> str:
    """How long since: the largest unit alone."""
    if moment is None:
        return ""
    seconds = (clock.now() - moment).total_seconds()
    if seconds < 60:
        return _("just now")
    return _("%(time)s ago") % {"time": timesince.timesince(moment, clock.now(), depth=1)}


@register.filter
def in_zone(moment: Any, zone: str) -> str:
    """2026-11-23 18:00 UTC: a moment as the clocks of a zone show it."""
    found = find_zone(zone)
    return f"{moment.astimezone(found):%Y-%m-%d %H:%M:%S} {zone}" if moment is not None and found else ""


@register.filter
def last_part(arn: str) -> str:
    """The name at the end of an ARN."""
    return arn.rpartition(":")[2]


@register.filter
def aws_cost(invocation: Any) -> str:
    """What AWS would have charged for this invocation, in dollars; a dash when its figures are unknown."""
    if invocation.billed_ms is None or not invocation.memory_size:
        return "–"
    return pricing.dollars(pricing.invocation(billed_ms=invocation.billed_ms, memory_mb=invocation.memory_size))


@register.simple_tag
def spark(values: list[int], kind: str = "") -> SafeString:
    """A little chart of counts, drawn here; its sum stands beside it."""
    line, area = sparkline.paths(values)
    return format_html(
        '<span class="spark {}"><svg viewBox="0 0 84 22" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="area" d="{}"/><path d="{}"/></svg><span class="value">{}</span></span>',
        kind,
        area,
        line,
        formats.number_format(sum(values)),
    )


@register.simple_tag(takes_context=True)
def query(context: Any, **changes: Any) -> str:
    """The page's own query string with some parameters changed; an empty value removes one."""
    params = context["request"].GET.copy()
    for name, value in changes.items():
        params.pop(name, None)
        if value not in (None, ""):
            params[name] = value
    return f"?{params.urlencode()}"


@register.simple_tag
def aws_invoke(function: Any, payload: bytes) -> str:
    """The command that does the same with the AWS CLI."""
    return commands.aws_invoke(name=function.name, payload=payload)


@register.simple_tag
def curl_invoke(function: Any, payload: bytes) -> str:
    """The command that does the same with curl, which signs requests too."""
    return commands.curl_invoke(name=function.name, payload=payload)
