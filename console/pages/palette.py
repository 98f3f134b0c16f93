"""The command palette: what was typed comes in, lines come out. As a page of its own it works without scripts."""

from urllib.parse import unquote

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from console import palette as entries
from console.http import ConsoleRequest, back, render_page


@require_safe
def palette(request: ConsoleRequest) -> HttpResponse:
    """The best dozen for ``q``; those of the function whose page is open first."""
    typed = request.GET.get("q", "").strip()[:100]
    groups = entries.find(account=request.account, typed=typed, function=_open_function(request))
    return render_page(request, "palette/page.html", {"groups": groups, "typed": typed}, fragments={"palette-list"})


def _open_function(request: ConsoleRequest) -> str:
    parts = back(request).partition("?")[0].strip("/").split("/")
    if len(parts) < 3 or parts[0] != request.account.slug or parts[1] != "functions" or parts[2] == "new":
        return ""
    return unquote(parts[2])[:64]
