"""What is typed about functions."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from console import blueprints
from core import arns, limits
from functions import archives, runtimes

NAME = r"^[a-zA-Z0-9_\-]{1,64}$"
DEFAULT_HANDLERS = {runtimes.Family.PYTHON: "lambda_function.lambda_handler", runtimes.Family.NODEJS: "index.handler"}
ROLE = "role/LabRole"


class CreateFunctionForm(forms.Form):
    """Name, runtime and what to begin with: a blueprint's name, or ``upload`` with a zip."""

    name = forms.RegexField(
        NAME,
        label=_("Function name"),
        help_text=_("1 to 64 letters, digits, hyphens and underscores."),
        error_messages={"invalid": _("Only letters, digits, hyphens and underscores, at most 64.")},
    )
    runtime = forms.CharField(label=_("Runtime"), max_length=32)
    start = forms.CharField(label=_("Start with"), max_length=64)
    zip = forms.FileField(label=_("Deployment package (.zip)"), required=False)
    handler = forms.CharField(label=_("Handler"), required=False, max_length=limits.HANDLER_LENGTH)

    def clean_runtime(self) -> str:
        identifier: str = self.cleaned_data["runtime"]
        if not runtimes.is_available(identifier):
            raise forms.ValidationError(_("This server cannot run that runtime. Choose one of the list."))
        return identifier

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        row = runtimes.get(data.get("runtime", ""))
        start = data.get("start", "")
        if start == blueprints.UPLOAD:
            if not data.get("zip"):
                self.add_error("zip", _("Choose the zip file of your function."))
        elif blueprints.get(start) is None:
            self.add_error("start", _("Choose what to begin with."))
        elif row and row.family not in blueprints.languages(start):
            self.add_error(
                "runtime", _("This blueprint is for another language: choose its runtime, or another blueprint.")
            )
        return data

    def arguments(self, *, account: Account) -> dict[str, Any]:
        """As ``create_function`` takes them; a zip is checked and stored here and raises ``ArchiveRefused``."""
        data = self.cleaned_data
        family = runtimes.RUNTIMES[data["runtime"]].family
        handler = DEFAULT_HANDLERS.get(family, "bootstrap")
        settings: dict[str, Any] = {}
        if data["start"] == blueprints.UPLOAD:
            package = archives.store_package(data["zip"].read())
            handler = data["handler"] or handler
        else:
            blueprint = blueprints.BLUEPRINTS[data["start"]]
            package = archives.store_package(archives.pack(blueprints.files(data["start"], family)))
            handler = blueprint.handlers.get(family, handler)
            settings = dict(blueprint.settings)
        return {
            "name": data["name"],
            "runtime": data["runtime"],
            "handler": handler,
            "role_arn": arns.iam(account.id, ROLE),
            "package": package,
            **settings,
        }
