"""The account's page: who one is, password, language, sessions; and the people of the account."""

from typing import Any

from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts.models import AccessKey, User
from accounts.services import (
    change_password,
    create_sign_in_link,
    create_user,
    end_sessions,
    set_profile,
    set_user_active,
)
from console.forms.account import PasswordForm, PersonForm, ProfileForm
from console.http import ConsoleRequest, finish, fragment, is_htmx, render_page
from core.errors import ServiceError

TEMPLATE = "account/page.html"


@require_safe
def account_page(request: ConsoleRequest) -> HttpResponse:
    """Profile, password, language, sessions, access keys, people."""
    return render_page(request, TEMPLATE, _context(request))


def _context(request: ConsoleRequest, **given: Any) -> dict[str, Any]:
    user = request.user
    people = User.objects.filter(account=request.account).order_by("username")
    return {
        "profile": ProfileForm(initial={"full_name": user.first_name, "email": user.email}),
        "password_form": PasswordForm(user=user),
        "person_form": PersonForm(),
        "has_password": user.has_usable_password(),
        "people": people,
        "keys": AccessKey.objects.filter(account=request.account, user=user).count(),
        "may_invite": user.is_staff,
        **given,
    }


def _wrong(request: ConsoleRequest, part: str, **given: Any) -> HttpResponse:
    template = f"{TEMPLATE}#{part}" if is_htmx(request) else TEMPLATE
    return fragment(request, template, _context(request, **given), status=422)


@require_POST
def profile_save(request: ConsoleRequest) -> HttpResponse:
    """What one is called."""
    form = ProfileForm(request.POST)
    if not form.is_valid():
        return _wrong(request, "profile", profile=form)
    set_profile(user=request.user, **form.cleaned_data)
    return finish(request, "account", request.account.slug, said=_("Saved."))


@never_cache
@sensitive_post_parameters("current", "password", "again")
@require_POST
def password_change(request: ConsoleRequest) -> HttpResponse:
    """Another password; one stays signed in here, and nowhere else."""
    form = PasswordForm(request.POST, user=request.user)
    if not form.is_valid():
        return _wrong(request, "password", password_form=form)
    change_password(user=request.user, password=form.cleaned_data["password"])
    update_session_auth_hash(request, request.user)
    return finish(request, "account", request.account.slug, said=_("The password is changed."))


@require_POST
def sessions_end(request: ConsoleRequest) -> HttpResponse:
    """Sign out on every other device."""
    end_sessions(user=request.user)
    update_session_auth_hash(request, request.user)
    said = _("You are signed out everywhere but here.")
    return finish(request, "account", request.account.slug, said=said)


# -- links -------------------------------------------------------------------------------------------


@never_cache
@require_POST
def own_link_create(request: ConsoleRequest) -> HttpResponse:
    """A link for one's own telephone or other computer."""
    return _with_link(request, request.user)


@never_cache
@require_POST
def person_add(request: ConsoleRequest) -> HttpResponse:
    """Somebody new, with the link by which they come in."""
    _only_staff(request)
    form = PersonForm(request.POST)
    if form.is_valid():
        try:
            return _with_link(request, create_user(account=request.account, username=form.cleaned_data["username"]))
        except ServiceError as error:
            form.add_error("username", error.text)
    return _wrong(request, "people", person_form=form)


@never_cache
@require_POST
def person_link_create(request: ConsoleRequest, username: str) -> HttpResponse:
    """Another link for somebody of the account."""
    return _with_link(request, _person(request, username))


@require_POST
def person_set(request: ConsoleRequest, username: str) -> HttpResponse:
    """Lock somebody out, or let them in again."""
    person = _person(request, username)
    if person == request.user:
        raise Http404(username)  # nobody locks themselves out: the page has no such button
    is_active = request.POST.get("active") == "1"
    set_user_active(user=person, is_active=is_active)
    said = _("%(name)s can sign in again.") if is_active else _("%(name)s is locked out.")
    return finish(request, "account", request.account.slug, said=said % {"name": username})


def _only_staff(request: ConsoleRequest) -> None:
    if not request.user.is_staff:
        raise Http404


def _person(request: ConsoleRequest, username: str) -> User:
    _only_staff(request)
    person = User.objects.filter(account=request.account, username=username).first()
    if person is None:
        raise Http404(username)
    return person


def _with_link(request: ConsoleRequest, person: User) -> HttpResponse:
    """The page with a link that is shown this once."""
    url = request.build_absolute_uri(reverse("sign_in", args=[create_sign_in_link(user=person)]))
    context = _context(request, link=url, link_for=person)
    return fragment(request, f"{TEMPLATE}#people" if is_htmx(request) else TEMPLATE, context)
