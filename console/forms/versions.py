"""What is typed about aliases."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core import limits

LABEL = r"^(\$LATEST|[0-9]{1,9})$"


class AliasForm(forms.Form):
    """A name, the version it stands for, and, if wanted, a second version with its share of the invocations."""

    alias = forms.RegexField(
        r"^(?!^[0-9]+$)[a-zA-Z0-9_\-]{1,128}$",
        label=_("Alias"),
        error_messages={"invalid": _("Letters, digits, hyphens and underscores; not digits alone.")},
    )
    description = forms.CharField(label=_("Description"), required=False, max_length=limits.DESCRIPTION_LENGTH)
    version = forms.RegexField(LABEL, label=_("Version"))
    other = forms.RegexField(LABEL, label=_("Second version"), required=False)
    percent = forms.DecimalField(
        label=_("Its share"), required=False, min_value=0, max_value=100, max_digits=5, decimal_places=2
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        other = data.get("other")
        if not other:
            return data
        if "$LATEST" in (other, data.get("version")):
            self.add_error(
                "other", _("Traffic is shared between two published versions; $LATEST cannot be one of them.")
            )
        elif other == data.get("version"):
            self.add_error("other", _("Choose another version than the first."))
        elif data.get("percent") is None and "percent" not in self.errors:
            self.add_error("percent", _("How much of the traffic goes there? A number from 0 to 100."))
        return data

    @property
    def weights(self) -> dict[str, float]:
        """As ``create_alias`` takes them: the second version and its share from 0 to 1."""
        if not self.cleaned_data.get("other"):
            return {}
        return {self.cleaned_data["other"]: float(self.cleaned_data["percent"]) / 100}
