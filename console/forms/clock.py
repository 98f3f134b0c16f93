"""What is asked of a clock."""

from datetime import UTC

from django import forms
from django.utils.translation import gettext_lazy as _


class ClockForm(forms.Form):
    """``do`` is the button; ``to`` is the moment in UTC that one of them needs; ``everybody`` is the teacher's."""

    do = forms.CharField(max_length=16)
    to = forms.DateTimeField(
        label=_("Moment (UTC)"), required=False, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
    )
    everybody = forms.BooleanField(required=False)

    def clean_to(self) -> object:
        """As typed, in UTC."""
        moment = self.cleaned_data["to"]
        return moment.replace(tzinfo=UTC) if moment is not None else None

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        if data.get("do") == "to" and data.get("to") is None and "to" not in self.errors:
            self.add_error("to", _("Which moment?"))
        return data
