"""Coming in."""

from django import forms
from django.utils.translation import gettext_lazy as _


class LoginForm(forms.Form):
    """User name and password."""

    username = forms.CharField(label=_("User name"), max_length=150)
    password = forms.CharField(label=_("Password"), max_length=1024, strip=False)

    def add_mismatch(self) -> None:
        """Say that the two do not belong together, and not which of them is wrong."""
        self.add_error("password", _("The user name and the password do not match."))
