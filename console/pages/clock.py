"""The clock of an account, or of everybody's: how fast it goes, whether it stands, what it shows."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts import clocks
from accounts.errors import ClockRefused
from accounts.models import Account
from accounts.selectors import may_set_clock
from console import clockface
from console.clockface import Face
from console.forms.clock import ClockForm
from console.http import ConsoleRequest, finish, fragment, render_page
from core import clock
from core.timeline import Timeline

type Act = Callable[..., Timeline]

FORWARD: dict[str, tuple[Any, timedelta]] = {
    "minute": (gettext_lazy("1 minute"), timedelta(minutes=1)),
    "ten": (gettext_lazy("10 minutes"), timedelta(minutes=10)),
    "hour": (gettext_lazy("1 hour"), timedelta(hours=1)),
    "six": (gettext_lazy("6 hours"), timedelta(hours=6)),
    "day": (gettext_lazy("1 day"), timedelta(days=1)),
}


@require_http_methods(["GET", "HEAD", "POST"])
def clock_page(request: ConsoleRequest) -> HttpResponse:
    """See the clock; set it, by the buttons of one form."""
    form, error = ClockForm(request.POST if request.method == "POST" else None), None
    if request.method == "POST":
        _check_may(request)
        act = _ACTS.get(request.POST.get("do", ""))
        if act is None:
            return HttpResponse(status=400)
        if form.is_valid():
            try:
                said = _set(request, act, form.cleaned_data)
            except ClockRefused as refused:
                error = refused
            else:
                return finish(request, "clock", request.account.slug, said=said)
    is_bad = bool(form.errors) or error is not None
    return render_page(request, "clock/page.html", _context(request, form, error), status=422 if is_bad else 200)


@require_safe
def clock_banner(request: ConsoleRequest) -> HttpResponse:
    """What stands on every page while the time is not real."""
    return fragment(request, "clock/_banner.html", {})


def _context(request: ConsoleRequest, form: ClockForm, error: ClockRefused | None) -> dict[str, Any]:
    others = Account.objects.select_related("clock").filter(clock__isnull=False).exclude(pk=request.account.pk)
    faces = [clockface.of(account) for account in others.order_by("slug")] if request.user.is_staff else []
    return {
        "form": form,
        "error": error,
        "rates": clocks.RATES,
        "forward": [(name, label) for name, (label, _length) in FORWARD.items()],
        "others": [face for face in faces if not face.is_real],
        "accounts": Account.objects.count() if request.user.is_staff else 1,
    }


def _check_may(request: ConsoleRequest) -> None:
    if not may_set_clock(user=request.user, account=request.account):
        raise PermissionDenied
    if request.POST.get("everybody") and not request.user.is_staff:
        raise PermissionDenied


def _set(request: ConsoleRequest, act: "Callable[[Face, datetime | None], Act]", data: dict[str, Any]) -> str:
    """Do it to this account, or to all of them; what is said afterwards. Raises ``ClockRefused``."""
    if not data["everybody"]:
        _do(request.account, act, data["to"], request.user.username)
        return _("The clock is set.")
    count = 0
    for account in Account.objects.select_related("clock").order_by("slug"):
        try:
            _do(account, act, data["to"], request.user.username)
            count += 1
        except ClockRefused:
            continue  # one that is ahead already
    return ngettext("%(count)s clock is set.", "%(count)s clocks are set.", count) % {"count": count}


def _do(account: Account, act: "Callable[[Face, datetime | None], Act]", to: datetime | None, by: str) -> None:
    act(clockface.of(account), to)(account=account, by=by)


def _midnight(face: Face) -> datetime:
    """The next one that the clock will show, in UTC."""
    return (face.shows + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def _to(_face: Face, to: datetime | None) -> Act:
    return partial(clocks.jump, to=to or clock.now())


def _plain(act: Act) -> Callable[[Face, datetime | None], Act]:
    return lambda _face, _to: act


_ACTS: dict[str, Callable[[Face, datetime | None], Act]] = {
    "pause": _plain(clocks.pause),
    "resume": _plain(clocks.resume),
    "real": _plain(clocks.follow_real_time),
    "midnight": lambda face, _to: partial(clocks.jump, to=_midnight(face)),
    "to": _to,
    **{f"rate-{rate}": _plain(partial(clocks.set_rate, rate=rate)) for rate in clocks.RATES},
    **{name: _plain(partial(clocks.jump, forward=length)) for name, (_label, length) in FORWARD.items()},
}
