"""What every template may use: the theme, the sidebar, the languages, the texts for scripts."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from console import clockface
from console.http import asks_for_part
from console.nav import sections

THEMES = ("light", "dark", "system")
THEME_COOKIE = "theme"


def shell(request: HttpRequest) -> dict[str, Any]:
    """Variables of the frame around each page."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    account = getattr(request, "account", None)
    return {
        "theme": theme if theme in ("light", "dark") else "system",
        "themes": (
            ("light", "sun", _("Light")),
            ("dark", "moon", _("Dark")),
            ("system", "monitor", _("As the system")),
        ),
        "languages": settings.LANGUAGES,
        "account": account,
        "clockface": clockface.of(account, request.user) if account else None,
        "nav": SimpleLazyObject(partial(sections, request, account))
        if account
        else [],  # which only the frame asks for
        "strings": _strings,
        "outer": "part.html" if asks_for_part(request) else "whole.html",
    }


def _strings() -> dict[str, Any]:
    return {
        "copied": _("Copied"),
        "typedIsBack": _("What you typed here before is back. It is not saved yet."),
        "discard": _("Discard it"),
        "unreachable": _("The server cannot be reached. Check the connection and try again."),
        "fileExists": _("There is a file of that name already."),
        "binary": _("{path} is not text ({size}). It stays in the package as it is."),
        "notText": _("A file that is not text keeps its name. Upload it again under another one."),
        "tooLarge": _("{name} is larger than the 3 MB that the editor takes. Upload the whole package as a zip."),
        "phrases": {
            "Find": _("Find"),
            "Replace": _("Replace"),
            "next": _("next"),
            "previous": _("previous"),
            "all": _("all"),
            "match case": _("match case"),
            "by word": _("by word"),
            "regexp": _("regular expression"),
            "replace": _("replace"),
            "replace all": _("replace all"),
            "close": _("close"),
            "Completions": _("Completions"),
            "Diagnostics": _("Problems"),
            "No diagnostics": _("No problems"),
        },
    }
