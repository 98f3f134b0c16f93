"""Connect: the endpoint, access keys, and text to paste into other tools."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.iam import users
from accounts.models import AccessKey
from accounts.services import create_access_key
from console import snippets
from console.http import ConsoleRequest, finish, is_htmx
from core.errors import ResourceNotFound


class AccessKeyNotFound(ResourceNotFound):
    """No such key in this account."""


@require_safe
def connect(request: ConsoleRequest) -> HttpResponse:
    """How every tool of AWS is pointed here."""
    return render(request, "connect/page.html", _context(request))


def _context(request: ConsoleRequest, made: AccessKey | None = None) -> dict[str, Any]:
    keys = AccessKey.objects.select_related("user").filter(account=request.account).order_by("-created_at", "id")
    active = next((key for key in keys if key.status == AccessKey.Status.ACTIVE), None)
    shown = made or active
    return {
        "keys": keys,
        "made": made,
        "endpoint": settings.API_URL,
        "region": settings.REGION,
        "snippets": snippets.all_for(
            endpoint=settings.API_URL,
            region=settings.REGION,
            key_id=shown.id if shown else "AKIA…",
            secret=made.secret if made else "…",
        ),
    }


@never_cache
@require_POST
def access_key_create(request: ConsoleRequest) -> HttpResponse:
    """Make a key; its secret is in this answer and never shown again."""
    owner = request.user if request.user.account_id == request.account.pk else None
    made = create_access_key(account=request.account, user=owner)
    template = "connect/page.html#connection" if is_htmx(request) else "connect/page.html"
    return render(request, template, _context(request, made))


@require_POST
def access_key_set(request: ConsoleRequest, key: str) -> HttpResponse:
    """Switch a key off, or on again."""
    status = AccessKey.Status.ACTIVE if request.POST.get("status") == "Active" else AccessKey.Status.INACTIVE
    row = AccessKey.objects.select_related("user").filter(account=request.account, pk=key).first()
    if row is None:
        raise AccessKeyNotFound(_("There is no access key %(key)s.") % {"key": key})
    name = row.user.username if row.user else None
    users.update_access_key(account=request.account, name=name, access_key_id=key, status=status)
    said = _("The key is active.") if status == AccessKey.Status.ACTIVE else _("The key is switched off.")
    return finish(request, "connect", request.account.slug, said=said)
