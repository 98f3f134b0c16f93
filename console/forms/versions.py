"""What is typed about aliases."""

from django import forms
from django.utils.translation import gettext_lazy as _


class AliasForm(forms.Form):
    """A name and the version it stands for."""

    alias = forms.RegexField(
        r"^(?!^[0-9]+$)[a-zA-Z0-9_\-]{1,128}$",
        label=_("Alias"),
        error_messages={"invalid": _("Letters, digits, hyphens and underscores; not digits alone.")},
    )
    version = forms.RegexField(r"^(\$LATEST|[0-9]+)$", label=_("Version"))
