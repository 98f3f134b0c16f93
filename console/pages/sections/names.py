"""The sections in their order, by the name that their address has."""

from django.utils.translation import gettext_lazy as _

LABELS = {
    "general": _("General"),
    "triggers": _("Triggers"),
    "environment": _("Environment variables"),
    "permissions": _("Permissions"),
    "asynchronous": _("Asynchronous invocation"),
    "concurrency": _("Concurrency"),
    "layers": _("Layers"),
    "tags": _("Tags"),
}
