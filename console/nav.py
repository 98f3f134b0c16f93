"""The sidebar as a table."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from functions.models import Function


@dataclass(frozen=True, slots=True)
class Section:
    """One line. ``aws`` is what AWS's own console calls it; ``keys`` opens it from the keyboard."""

    label: Any
    icon: str
    url_name: str
    url_prefix: str
    keys: str
    aws: str = ""
    hue: str = ""


GROUPS: tuple[tuple[Any, tuple[Section, ...]], ...] = (
    (
        _("Build"),
        (
            Section(_("Functions"), "square-function", "function_list", "functions/", "gf", "Lambda", "function"),
            Section(_("Layers"), "layers", "layer_list", "layers/", "gy", "Lambda", "layer"),
        ),
    ),
    (
        _("Events"),
        (
            Section(_("Schedules"), "clock", "schedule_list", "schedules/", "gs", "EventBridge", "schedule"),
            Section(_("Events"), "activity", "bus_list", "events/", "ge", "EventBridge", "schedule"),
            Section(_("Queues"), "inbox", "queue_list", "queues/", "gq", "SQS", "queue"),
            Section(_("Topics"), "megaphone", "topic_list", "topics/", "gt", "SNS", "topic"),
        ),
    ),
    (
        _("Observe"),
        (Section(_("Logs"), "scroll-text", "log_group_list", "logs/", "go", "CloudWatch"),),
    ),
    (_("Use"), (Section(_("Connect"), "plug", "connect", "connect/", "gc", "AWS CLI · SDK"),)),
)


def sections(request: HttpRequest, account: Account) -> list[dict[str, Any]]:
    """The groups with their links, the current one marked."""
    home = reverse("function_list", args=[account.slug])
    counts = {"function_list": Function.objects.filter(account=account).count()}
    return [
        {
            "label": label,
            "links": [
                {
                    "section": section,
                    "url": reverse(section.url_name, args=[account.slug]),
                    "within": f"{home}{section.url_prefix}",
                    "current": request.path.startswith(f"{home}{section.url_prefix}")
                    or (request.path == home and section.url_name == "function_list"),
                    "count": counts.get(section.url_name),
                }
                for section in group
            ],
        }
        for label, group in GROUPS
    ]
