"""What is typed about a function's configuration. The limits themselves belong to the house; shape is checked here."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core import limits
from functions import runtimes


class GeneralForm(forms.Form):
    """General configuration; memory in MB, timeout in seconds."""

    description = forms.CharField(label=_("Description"), required=False, max_length=limits.DESCRIPTION_LENGTH)
    runtime = forms.CharField(label=_("Runtime"), max_length=32)
    handler = forms.CharField(
        label=_("Handler"),
        max_length=limits.HANDLER_LENGTH,
        help_text=_("File and function that are called, as module.function."),
    )
    memory_size = forms.IntegerField(label=_("Memory"), min_value=limits.MEMORY_MB_MIN, max_value=limits.MEMORY_MB_MAX)
    timeout = forms.IntegerField(label=_("Timeout"), min_value=limits.TIMEOUT_S_MIN, max_value=limits.TIMEOUT_S_MAX)
    ephemeral_storage = forms.IntegerField(
        label=_("Ephemeral storage"),
        required=False,
        min_value=limits.EPHEMERAL_STORAGE_MB_MIN,
        max_value=limits.EPHEMERAL_STORAGE_MB_MAX,
    )

    def clean_runtime(self) -> str:
        identifier: str = self.cleaned_data["runtime"]
        if identifier != self.initial.get("runtime") and not runtimes.is_available(identifier):
            raise forms.ValidationError(_("This server cannot run that runtime. Choose one of the list."))
        return identifier


class ConcurrencyForm(forms.Form):
    """``shared``: the account's unreserved concurrency; ``reserved``: a number of executions at once."""

    mode = forms.ChoiceField(choices=[("shared", ""), ("reserved", "")])
    reserved = forms.IntegerField(label=_("Reserved concurrency"), required=False, min_value=0)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("mode") == "reserved" and data.get("reserved") is None and "reserved" not in self.errors:
            self.add_error("reserved", _("How many executions at once? Type a whole number."))
        return data


# the settings that an explanation's button may set, and how their value is read
QUICK = {"handler": str, "timeout": int, "memory_size": int}


def quick(posted: QueryDict) -> dict[str, Any]:
    """The settings among ``QUICK`` that were sent, as ``update_function_configuration`` takes them; else ValueError."""
    return {name: read(posted[name]) for name, read in QUICK.items() if name in posted}


def variables(posted: QueryDict) -> tuple[dict[str, str], list[str]]:
    """The environment variables of a key-value editor, and what is wrong with them; empty rows do not count."""
    found: dict[str, str] = {}
    wrong: list[str] = []
    for key, value in zip(posted.getlist("key"), posted.getlist("value"), strict=False):
        key = key.strip()
        if not key and not value:
            continue
        if not key:
            wrong.append(gettext("A value has no name: %(value)s") % {"value": value[:40]})
        elif key in found:
            wrong.append(gettext("There are two variables named %(name)s.") % {"name": key})
        found[key] = value.replace("\r\n", "\n")
    return found, wrong
