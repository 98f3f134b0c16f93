"""What is typed about layers."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core import limits
from functions import runtimes
from functions.runtimes import Family

PACKAGES, UPLOAD = "packages", "upload"


class LayerForm(forms.Form):
    """A name, what is in it (packages or a zip), and the runtimes it is made for."""

    name = forms.RegexField(
        r"^[a-zA-Z0-9_\-]{1,140}$",
        label=_("Layer name"),
        help_text=_("The name of a layer that is there already gives it a new version."),
        error_messages={"invalid": _("Only letters, digits, hyphens and underscores, at most 140.")},
    )
    description = forms.CharField(label=_("Description"), required=False, max_length=limits.DESCRIPTION_LENGTH)
    start = forms.ChoiceField(choices=[(PACKAGES, ""), (UPLOAD, "")], label=_("Contents"))
    packages = forms.CharField(label=_("Python packages"), required=False, max_length=4_000)
    runtime = forms.CharField(label=_("Runtime"), max_length=32, required=False)
    zip = forms.FileField(label=_("Layer (.zip)"), required=False)
    compatible = forms.MultipleChoiceField(label=_("Made for"), required=False)

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        choices = [(row.identifier, row.label) for row in runtimes.available()]
        self.fields["compatible"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("start") == UPLOAD:
            if not data.get("zip"):
                self.add_error("zip", _("Choose the zip file of the layer."))
        elif not (data.get("packages") or "").strip():
            self.add_error("packages", _("Name at least one package."))
        elif data.get("runtime") not in {row.identifier for row in python_runtimes()}:
            self.add_error("runtime", _("This server cannot run that runtime. Choose one of the list."))
        return data


def python_runtimes() -> list[runtimes.Runtime]:
    """The runtimes that packages of an index can be installed for."""
    return [row for row in runtimes.available() if row.family is Family.PYTHON]
