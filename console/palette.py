"""What the command palette finds: pages, functions and their parts, layers, and actions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Account
from console import nav
from console.pages.sections.names import LABELS
from functions.models import Function, LayerVersion

FUNCTIONS, SHOWN, SHOWN_AT_FIRST = 30, 12, 24
# parts of a function's page: word, glyph, address
PARTS: tuple[tuple[Any, str, str], ...] = (
    (gettext_lazy("Code"), "code", "function_detail"),
    (gettext_lazy("Monitor"), "activity", "function_monitor"),
    (gettext_lazy("Invocations"), "history", "invocation_list"),
    (gettext_lazy("Logs"), "scroll-text", "function_logs"),
    (gettext_lazy("Versions and aliases"), "tag", "version_list"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. ``clicks`` is the selector of a button of the page that it presses, in place of an address."""

    group: Any
    label: str
    icon: str
    url: str = ""
    detail: Any = ""
    clicks: str = ""
    hue: str = ""
    of: str = ""  # the function that it is a part of

    @property
    def shown(self) -> str:
        """Its words; the function's name only where the group does not say it."""
        return f"{self.of}: {self.label}" if self.of and self.of != self.group else self.label

    @property
    def text(self) -> str:
        return f"{self.of} {self.label} {self.detail}".casefold()


def find(*, account: Account, typed: str, function: str = "") -> list[tuple[Any, list[Entry]]]:
    """The best entries by group. ``function`` is the one whose page is open: its parts come first."""
    words = typed.casefold().split()
    found = [entry for entry in _entries(account, words, function) if all(word in entry.text for word in words)]
    first = words[0] if words else ""
    found.sort(key=lambda entry: not (entry.of or entry.label).casefold().startswith(first))
    groups: dict[str, list[Entry]] = {}
    for entry in found[: SHOWN if words else SHOWN_AT_FIRST]:
        groups.setdefault(str(entry.group), []).append(entry)
    return list(groups.items())


def _entries(account: Account, words: list[str], function: str) -> Iterator[Entry]:
    slug = account.slug
    if function:
        yield from _of_function(slug, function, function)
    yield from _functions(account, words, without=function)
    for _label, sections in nav.GROUPS:
        for section in sections:
            url = reverse(section.url_name, args=[slug])
            yield Entry(_("Pages"), str(section.label), section.icon, url, section.aws, hue=section.hue)
    yield Entry(_("Pages"), _("Account"), "user", reverse("account", args=[slug]), _("Password, language, people"))
    yield Entry(_("Pages"), _("Clock"), "clock", reverse("clock", args=[slug]), _("Faster, paused, moved on"))
    yield from _actions(slug)
    if words:
        layers = LayerVersion.objects.filter(account=account, deleted_at=None, name__icontains=words[0])
        for name in layers.values_list("name", flat=True).order_by("name").distinct()[:10]:
            url = reverse("layer_detail", args=[slug, name])
            yield Entry(_("Layers"), name, "layers", url, _("Layer"), hue="layer")


def _functions(account: Account, words: list[str], *, without: str) -> Iterator[Entry]:
    """Functions that have one of the words in their name; with more words, their parts as well: ``hello logs``."""
    seen: set[str] = {without}
    for name in _names(account, words):
        if name in seen:
            continue
        seen.add(name)
        url = reverse("function_detail", args=[account.slug, name])
        yield Entry(_("Functions"), name, "square-function", url, _("Function"), hue="function")
        if len(words) > 1:
            yield from _of_function(account.slug, name, _("Functions"))


def _names(account: Account, words: Iterable[str]) -> Iterator[str]:
    rows = Function.objects.filter(account=account).order_by("name").values_list("name", flat=True)
    for word in list(words)[:4] or [""]:
        yield from rows.filter(name__icontains=word)[:FUNCTIONS]


def _of_function(slug: str, name: str, group: Any) -> Iterator[Entry]:
    for label, icon, url_name in PARTS:
        yield Entry(group, str(label), icon, reverse(url_name, args=[slug, name]), of=name)
    for section, label in LABELS.items():
        url = reverse("function_configuration", args=[slug, name, section])
        yield Entry(group, str(label), "settings", url, _("Configuration"), of=name)
    publish = f"{reverse('version_list', args=[slug, name])}#publish"
    yield Entry(group, _("Publish version"), "tag", publish, of=name)
    compare = reverse("version_compare", args=[slug, name])
    yield Entry(group, _("Compare versions"), "git-branch", compare, of=name)


def _actions(slug: str) -> Iterator[Entry]:
    group = _("Actions")
    yield Entry(group, _("Create function"), "plus", reverse("function_new", args=[slug]))
    yield Entry(group, _("Make a layer"), "plus", reverse("layer_new", args=[slug]))
    themes = ((_("Light"), "light", "sun"), (_("Dark"), "dark", "moon"), (_("As the system"), "system", "monitor"))
    for label, value, icon in themes:
        press = f'[data-action="theme"][value="{value}"]'
        yield Entry(group, f"{_('Theme')}: {label}", icon, clicks=press)
    yield Entry(group, _("Sign out"), "log-out", clicks="#sign-out")
