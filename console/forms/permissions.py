"""What is typed about permissions."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

SERVICES = (
    "apigateway.amazonaws.com",
    "events.amazonaws.com",
    "iot.amazonaws.com",
    "logs.amazonaws.com",
    "s3.amazonaws.com",
    "scheduler.amazonaws.com",
    "sns.amazonaws.com",
)
ACTIONS = (
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "events:PutEvents",
    "lambda:InvokeFunction",
    "logs:PutLogEvents",
    "s3:GetObject",
    "s3:PutObject",
    "sns:Publish",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
    "states:StartExecution",
)


class QuestionForm(forms.Form):
    """May the role do this? An action and the ARN that it would act on, ``*`` for any."""

    action = forms.RegexField(
        r"^[a-z0-9\-]+:[A-Za-z0-9]+$",
        label=_("Action"),
        max_length=128,
        error_messages={"invalid": _("An action is a service and a verb, as in s3:GetObject.")},
    )
    on = forms.CharField(label=_("On"), max_length=2048, required=False)

    def clean_on(self) -> str:
        text: str = self.cleaned_data["on"].strip() or "*"
        if text != "*" and not text.startswith("arn:"):
            raise forms.ValidationError(_("Type an ARN (arn:aws:…), or * for anything."))
        return text


class PermissionForm(forms.Form):
    """A new statement of the resource policy."""

    principal = forms.CharField(label=_("Who may invoke it"), max_length=256)
    source_arn = forms.CharField(label=_("Only on behalf of"), max_length=512, required=False)
    qualifier = forms.CharField(label=_("Applies to"), max_length=128, required=False)
    sid = forms.RegexField(
        r"^[a-zA-Z0-9_\-]{1,100}$",
        label=_("Statement id"),
        required=False,
        error_messages={"invalid": _("Letters, digits, hyphens and underscores, at most 100.")},
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("source_arn") and not str(data["source_arn"]).startswith("arn:"):
            self.add_error("source_arn", _("Type the ARN of what invokes it, or nothing."))
        return data
