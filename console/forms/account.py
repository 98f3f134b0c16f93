"""What people type about themselves, and about each other."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class ProfileForm(forms.Form):
    """What a person is called, and where they get mail."""

    full_name = forms.CharField(label=_("Name"), required=False, max_length=150)
    email = forms.EmailField(label=_("E-mail"), required=False, max_length=254)


class PasswordForm(forms.Form):
    """The old password, when there is one, and a new one twice."""

    current = forms.CharField(label=_("Present password"), required=False, max_length=1024, strip=False)
    password = forms.CharField(
        label=_("New password"), max_length=1024, strip=False, help_text=_("At least 8 characters.")
    )
    again = forms.CharField(label=_("New password, again"), max_length=1024, strip=False)

    def __init__(self, *given: Any, user: User, **named: Any) -> None:
        super().__init__(*given, **named)
        self.user = user

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.user.has_usable_password() and not self.user.check_password(data.get("current", "")):
            self.add_error("current", _("That is not your present password."))
        password = data.get("password")
        if password and data.get("again") and password != data["again"]:
            self.add_error("again", _("The two are not the same."))
        if password:
            try:
                validate_password(password, self.user)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data


class PersonForm(forms.Form):
    """A new person of the account."""

    username = forms.CharField(
        label=_("User name"),
        max_length=64,
        help_text=_("Letters, digits and . _ - + = , @; it is also the name of the IAM user."),
    )
