"""What is typed about schedules, rules, events and queues as triggers."""

import json
from typing import Any, ClassVar

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from core import limits

_NAME = RegexValidator(r"\A[.\-_A-Za-z0-9]+\Z", _("Letters, digits, dots, hyphens and underscores."))


def _json(text: str, *, empty: str = "") -> str:
    if not text.strip():
        return empty
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        raise forms.ValidationError(_("This is no JSON.")) from None
    return text


class ScheduleForm(forms.Form):
    """When a function runs. The expression is checked by the service, which knows AWS's words."""

    name = forms.CharField(label=_("Name"), max_length=64, validators=[_NAME])
    expression = forms.CharField(label=_("Schedule"), max_length=256)
    zone = forms.CharField(label=_("Time zone"), max_length=50, required=False)
    function = forms.CharField(label=_("Function"), max_length=64)
    event = forms.CharField(label=_("Event (JSON)"), required=False, max_length=8192)

    def clean_event(self) -> str:
        return _json(self.cleaned_data["event"])

    def clean_zone(self) -> str:
        return self.cleaned_data["zone"] or "UTC"


class RuleForm(forms.Form):
    """A rule and the events that it looks for."""

    name = forms.CharField(label=_("Name"), max_length=64, validators=[_NAME])
    bus = forms.CharField(label=_("Event bus"), max_length=256, required=False)
    pattern = forms.CharField(label=_("Event pattern"), max_length=4096)

    def clean_bus(self) -> str:
        return self.cleaned_data["bus"] or "default"


class PatternForm(RuleForm):
    """Which events a function gets."""

    function = forms.CharField(label=_("Function"), max_length=64)


class TargetForm(forms.Form):
    """Where a rule sends what it finds, and what of it."""

    arn = forms.CharField(label=_("Send to"), max_length=1600)
    group_id = forms.CharField(label=_("Message group"), max_length=100, required=False)
    path = forms.CharField(label=_("A part of the event"), max_length=256, required=False)
    constant = forms.CharField(label=_("Always the same (JSON)"), max_length=8192, required=False)
    template = forms.CharField(label=_("A template"), max_length=8192, required=False)
    values = forms.CharField(label=_("Values of the template (JSON)"), max_length=8192, required=False)

    def clean_values(self) -> dict[str, str]:
        found = json.loads(_json(self.cleaned_data["values"], empty="{}"))
        if not isinstance(found, dict) or not all(isinstance(path, str) for path in found.values()):
            raise forms.ValidationError(_('A name for each path: {"number": "$.detail.id"}.'))
        return found

    def settings(self) -> dict[str, Any]:
        """The members of a target beside its ARN, in wire casing."""
        data, found = self.cleaned_data, {}
        for member, field in (("Input", "constant"), ("InputPath", "path")):
            if data[field]:
                found[member] = data[field]
        if data["template"]:
            found["InputTransformer"] = {"InputTemplate": data["template"], "InputPathsMap": data["values"]}
        if data["group_id"]:
            found["SqsParameters"] = {"MessageGroupId": data["group_id"]}
        return found


class EventForm(forms.Form):
    """An event to put on a bus."""

    bus = forms.CharField(label=_("Event bus"), max_length=256, required=False)
    source = forms.CharField(label=_("Source"), max_length=256)
    detail_type = forms.CharField(label=_("Detail type"), max_length=128)
    detail = forms.CharField(label=_("Detail (JSON)"), max_length=limits.PUT_EVENTS_SIZE)

    def clean_detail(self) -> str:
        return _json(self.cleaned_data["detail"])


class QueueTriggerForm(forms.Form):
    """A queue whose messages a function gets."""

    queue = forms.CharField(label=_("Queue"), max_length=512)
    batch_size = forms.IntegerField(
        label=_("Batch size"), min_value=1, max_value=limits.MAPPING_BATCH_SIZE_MAX, required=False
    )
    window_s = forms.IntegerField(
        label=_("Batch window"), min_value=0, max_value=limits.MAPPING_WINDOW_S_MAX, required=False
    )
    reports_failures = forms.BooleanField(label=_("Report batch item failures"), required=False)
    pattern = forms.CharField(label=_("Filter"), max_length=4096, required=False)

    _DEFAULTS: ClassVar[dict[str, Any]] = {"batch_size": limits.MAPPING_BATCH_SIZE_DEFAULT, "window_s": 0}

    def settings(self) -> dict[str, Any]:
        """The mapping's settings."""
        data = self.cleaned_data
        values = {name: default if data[name] is None else data[name] for name, default in self._DEFAULTS.items()}
        filters = [data["pattern"]] if data["pattern"] else []
        return {**values, "reports_failures": data["reports_failures"], "filters": filters}


class TopicTriggerForm(forms.Form):
    """A topic whose messages a function gets."""

    topic = forms.CharField(label=_("Topic"), max_length=512)
