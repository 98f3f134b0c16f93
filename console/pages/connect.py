"""Connect: the endpoint, access keys, and text to paste into other tools."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.errors import AccessKeyNotFound
from accounts.iam import users
from accounts.models import AccessKey, User
from accounts.services import create_access_key
from console import snippets
from console.http import ConsoleRequest, finish, is_htmx

DELETED = "Deleted"


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
    """Make a key; its secret is in this answer and never shown again. Two for each user, as on AWS."""
    owner = _owner(request)
    if owner is None:
        made = create_access_key(account=request.account, user=None)
    else:
        made = users.create_access_key(account=request.account, name=owner.username)
    template = "connect/page.html#connection" if is_htmx(request) else "connect/page.html"
    return render(request, template, _context(request, made))


def _owner(request: ConsoleRequest) -> User | None:
    """Whose key it will be: one's own in one's own account; elsewhere that account's first user."""
    if request.user.account_id == request.account.pk:
        return request.user
    return User.objects.filter(account=request.account, is_active=True).order_by("pk").first()


@require_POST
def access_key_set(request: ConsoleRequest, key: str) -> HttpResponse:
    """Switch a key off or on again, or delete it."""
    name, status = _name_of_user(request, key), request.POST.get("status", "")
    if status == DELETED:
        users.delete_access_key(account=request.account, name=name, access_key_id=key)
    else:
        users.update_access_key(account=request.account, name=name, access_key_id=key, status=status)
    return finish(request, "connect", request.account.slug, said=_SAID[status]())


def _name_of_user(request: ConsoleRequest, key: str) -> str:
    row = AccessKey.objects.select_related("user").filter(account=request.account, pk=key).first()
    if row is None or row.user is None:
        raise AccessKeyNotFound(id=key)
    return str(row.user.username)


_SAID = {
    AccessKey.Status.ACTIVE: lambda: _("The key is active."),
    AccessKey.Status.INACTIVE: lambda: _("The key is switched off."),
    DELETED: lambda: _("The key is deleted."),
}
