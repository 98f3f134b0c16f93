"""The site map, grouped by resource. ``ws`` names the account; the middleware takes it from there."""

from django.urls import URLPattern, URLResolver, include, path

from console.pages import functions, session

handler403 = "console.pages.errors.forbidden"
handler404 = "console.pages.errors.not_found"
handler500 = "console.pages.errors.server_error"

session_urls: list[URLPattern | URLResolver] = [
    path("", session.home, name="home"),
    path("_health", session.health, name="health"),
    path("login/", session.login_page, name="login"),
    path("logout/", session.sign_out, name="sign_out"),
    path("sign-in/<str:token>/", session.sign_in, name="sign_in"),
    path("i18n/setlang/", session.language_set, name="language_set"),
    path("theme/", session.theme_set, name="theme_set"),
]

function_urls: list[URLPattern | URLResolver] = [
    path("", functions.old_function_list),
    path("new/", functions.function_new, name="function_new"),
    path("<str:name>/", functions.old_function_list, name="function_detail"),
    path("<str:name>/delete/", functions.function_delete, name="function_delete"),
]

workspace_urls: list[URLPattern | URLResolver] = [
    path("", functions.function_list, name="function_list"),
    path("functions/", include(function_urls)),
    path("connect/", functions.old_function_list, name="connect"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    *session_urls,
    path("<slug:ws>/", include(workspace_urls)),
]
