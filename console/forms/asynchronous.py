"""What is typed about asynchronous invocation."""

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from core import arns, limits

_ARN_LENGTH = 512


class AsynchronousForm(forms.Form):
    """Retries, age in seconds, and targets: an ARN, nothing, or ``other`` with an ARN typed beside it."""

    OTHER: Final = "other"

    retries = forms.IntegerField(label=_("Retry attempts"), min_value=0, max_value=limits.ASYNC_RETRIES_MAX)
    age = forms.IntegerField(
        label=_("Maximum age of an event"),
        min_value=limits.ASYNC_EVENT_AGE_S_MIN,
        max_value=limits.ASYNC_EVENT_AGE_S_MAX,
    )
    on_success = forms.CharField(label=_("On success"), required=False, max_length=_ARN_LENGTH)
    on_failure = forms.CharField(label=_("On failure"), required=False, max_length=_ARN_LENGTH)
    dead_letter = forms.CharField(label=_("Dead-letter queue"), required=False, max_length=_ARN_LENGTH)
    on_success_arn = forms.CharField(required=False, max_length=_ARN_LENGTH)
    on_failure_arn = forms.CharField(required=False, max_length=_ARN_LENGTH)
    dead_letter_arn = forms.CharField(required=False, max_length=_ARN_LENGTH)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in ("on_success", "on_failure", "dead_letter"):
            if data.get(name) == self.OTHER and arns.parse(data.get(f"{name}_arn", "")) is None:
                self.add_error(f"{name}_arn", _("Type the ARN of what takes the event, arn:aws:…"))
        return data

    def target(self, name: str) -> str:
        """The ARN that was meant, empty for none."""
        chosen: str = self.cleaned_data[name]
        typed: str = self.cleaned_data[f"{name}_arn"]
        return typed if chosen == self.OTHER else chosen
