"""What is typed about queues."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core import limits
from queues.contents import AttributeValue, Draft
from queues.names import FIFO_SUFFIX

STANDARD, FIFO = "standard", "fifo"


class QueueForm(forms.Form):
    """A name and a kind; everything else can be changed afterwards."""

    name = forms.RegexField(
        r"^[A-Za-z0-9_\-]{1,75}(\.fifo)?$",
        label=_("Queue name"),
        help_text=_("Letters, digits, hyphens and underscores. A FIFO queue gets .fifo at the end."),
        error_messages={"invalid": _("Only letters, digits, hyphens and underscores, at most 75.")},
    )
    kind = forms.ChoiceField(choices=[(STANDARD, ""), (FIFO, "")], label=_("Type"))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        name = data.get("name", "")
        if data.get("kind") == FIFO and name and not name.endswith(FIFO_SUFFIX):
            data["name"] = name + FIFO_SUFFIX
        elif data.get("kind") == STANDARD and name.endswith(FIFO_SUFFIX):
            self.add_error("name", _("Only a FIFO queue’s name ends in .fifo."))
        return data

    def given(self) -> dict[str, str]:
        """Attributes in AWS's names."""
        if self.cleaned_data["kind"] == STANDARD:
            return {}
        return {"FifoQueue": "true", "ContentBasedDeduplication": "true"}


def draft(posted: QueryDict) -> tuple[Draft, list[str]]:
    """The message that was typed, and what is wrong with it. Sizes and characters are the queue's to refuse."""
    wrong: list[str] = []
    attributes: dict[str, AttributeValue] = {}
    rows = zip(posted.getlist("key"), posted.getlist("type"), posted.getlist("value"), strict=False)
    for key, data_type, value in rows:
        if not key.strip() and not value:
            continue
        if key in attributes:
            wrong.append(gettext("There are two attributes named %(name)s.") % {"name": key[:40]})
        attributes[key.strip()] = AttributeValue(data_type if data_type in ("String", "Number") else "String", value)
    delay = posted.get("delay", "").strip()
    if delay and not delay.isdecimal():
        wrong.append(gettext("The delay is a number of seconds."))
    return (
        Draft(
            body=posted.get("body", "").replace("\r\n", "\n"),
            delay_s=int(delay) if delay.isdecimal() and len(delay) < 6 else None,
            attributes=attributes,
            group_id=posted.get("group", "").strip(),
            deduplication_id=posted.get("deduplication", "").strip(),
        ),
        wrong,
    )


class AttributesForm(forms.Form):
    """The attributes of a queue, in seconds and bytes as AWS has them."""

    NAMES = {
        "visibility_timeout": "VisibilityTimeout",
        "delay": "DelaySeconds",
        "wait": "ReceiveMessageWaitTimeSeconds",
        "retention": "MessageRetentionPeriod",
        "size": "MaximumMessageSize",
    }
    visibility_timeout = forms.IntegerField(
        label=_("Visibility timeout"), min_value=0, max_value=limits.VISIBILITY_TIMEOUT_S_MAX
    )
    delay = forms.IntegerField(label=_("Delivery delay"), min_value=0, max_value=limits.MESSAGE_DELAY_S_MAX)
    wait = forms.IntegerField(label=_("Receive wait time"), min_value=0, max_value=limits.RECEIVE_WAIT_S_MAX)
    retention = forms.IntegerField(
        label=_("Message retention"),
        min_value=limits.MESSAGE_RETENTION_S_MIN,
        max_value=limits.MESSAGE_RETENTION_S_MAX,
    )
    size = forms.IntegerField(
        label=_("Largest message"), min_value=limits.MESSAGE_SIZE_MIN, max_value=limits.MESSAGE_SIZE
    )
    content_based = forms.BooleanField(label=_("Tell duplicates by their content"), required=False)

    def given(self, *, is_fifo: bool) -> dict[str, str]:
        """Attributes in AWS's names."""
        data = self.cleaned_data
        values = {wire: str(data[name]) for name, wire in self.NAMES.items()}
        return values | ({"ContentBasedDeduplication": str(data["content_based"]).lower()} if is_fifo else {})
