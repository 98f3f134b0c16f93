"""What is typed about topics."""

from django import forms
from django.utils.translation import gettext_lazy as _


class TopicForm(forms.Form):
    """A new topic."""

    name = forms.RegexField(
        r"^[A-Za-z0-9_-]{1,256}(\.fifo)?$",
        label=_("Topic name"),
        help_text=_("A name that ends with .fifo makes a FIFO topic."),
        error_messages={"invalid": _("Only letters, digits, hyphens and underscores, at most 256.")},
    )


class PublishForm(forms.Form):
    """A message."""

    subject = forms.CharField(label=_("Subject"), max_length=100, required=False)
    message = forms.CharField(label=_("Message"), strip=False)
    group_id = forms.CharField(label=_("Message group ID"), max_length=128, required=False)


class SubscribeForm(forms.Form):
    """A subscriber: a function or a queue of the account, or an address."""

    endpoint = forms.CharField(label=_("Function or queue"), required=False)
    url = forms.URLField(label=_("HTTP address"), max_length=2048, required=False, assume_scheme="https")
    filter_policy = forms.CharField(label=_("Filter policy"), max_length=8192, required=False)
    raw = forms.BooleanField(label=_("The message alone, without the envelope"), required=False)

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        if not data.get("endpoint") and not data.get("url") and not self.errors:
            self.add_error("endpoint", _("Choose a function or a queue, or give an address."))
        return data
