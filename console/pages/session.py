"""Coming in and going out; language and theme; the front page."""

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import check_for_language
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from accounts.errors import SignInLinkInvalid
from accounts.models import User
from accounts.services import redeem_sign_in_link
from console.context import THEME_COOKIE, THEMES
from console.forms.session import LoginForm
from console.http import back, is_htmx, safe_next

YEAR_S = 365 * 24 * 3600
BACKEND = "django.contrib.auth.backends.ModelBackend"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """To the workspace of whoever is signed in."""
    if not isinstance(request.user, User):
        return redirect("login")
    if request.user.account is None:
        return render(request, "session/no_account.html", status=404)
    return redirect("function_list", request.user.account.slug)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def login_page(request: HttpRequest) -> HttpResponse:
    """User name and password; a person without a password comes by link."""
    target = safe_next(request, request.POST.get("next") or request.GET.get("next", "/"))
    if request.method != "POST":
        if isinstance(request.user, User):
            return redirect(target)
        return render(request, "session/login.html", {"form": LoginForm(), "next": target})
    form = LoginForm(request.POST)
    user = authenticate(request, **form.cleaned_data) if form.is_valid() else None
    if not isinstance(user, User):
        if form.is_valid():
            form.add_mismatch()
        return render(request, "session/login.html", {"form": form, "next": target}, status=422)
    return _enter(request, user, target)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """A one-time link. Looking at it changes nothing, so that a chat's link preview does not use it up."""
    if request.method != "POST":
        return render(request, "session/sign_in.html")
    try:
        user = redeem_sign_in_link(token=token)
    except SignInLinkInvalid as error:
        if isinstance(request.user, User):
            return redirect("home")
        return render(request, "session/sign_in.html", {"error": error}, status=error.status)
    return _enter(request, user, "/")


def _enter(request: HttpRequest, user: User, target: str) -> HttpResponse:
    login(request, user, backend=BACKEND)
    response = redirect(target)
    if user.language:
        _keep(response, settings.LANGUAGE_COOKIE_NAME, user.language)
    if user.theme:
        _keep(response, THEME_COOKIE, user.theme)
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Out, to the login page."""
    logout(request)
    return redirect("login")


@require_POST
def language_set(request: HttpRequest) -> HttpResponse:
    """Another language, for this browser and for the person."""
    code = request.POST.get("language", "")
    response = redirect(back(request))
    if code in dict(settings.LANGUAGES) and check_for_language(code):
        _keep(response, settings.LANGUAGE_COOKIE_NAME, code)
        _remember(request, language=code)
        translation.activate(code)
    return response


@require_POST
def theme_set(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the system is; the script has changed the page already."""
    theme = request.POST.get("theme", "")
    response = HttpResponse(status=204) if is_htmx(request) else redirect(back(request))
    if theme in THEMES:
        _keep(response, THEME_COOKIE, theme)
        _remember(request, theme=theme)
    return response


def _keep(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=YEAR_S, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)


def _remember(request: HttpRequest, **fields: Any) -> None:
    if isinstance(request.user, User):
        User.objects.filter(pk=request.user.pk).update(**fields)


@require_GET
def health(request: HttpRequest) -> HttpResponse:
    """For whoever keeps the processes alive."""
    return HttpResponse("ok\n", content_type="text/plain")
