"""A function's overview: what invokes it, what it is made of, where its events go. And the triggers and
destinations that need no other package: permissions, and functions.
"""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Account
from console import destinations, triggers
from console.triggers import Shown, Trigger
from core import arns
from functions import selectors
from functions.models import Function, LayerVersion, PolicyStatement, Version

SHOWN = 3  # of each kind of node; the rest is a count


@dataclass(frozen=True, slots=True)
class End:
    """A destination: on which outcome, and where."""

    label: Any
    place: destinations.Place


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything on the strip; ``more_*`` count what does not fit on it."""

    triggers: Sequence[Shown]
    more_triggers: int
    layers: Sequence[LayerVersion]
    ends: Sequence[End]
    is_throttled: bool


def overview(*, account: Account, version: Version) -> Overview:
    """The strip of a function's page."""
    function = version.function
    found = triggers.of_functions(account=account, functions=[function]).get(function.pk, [])
    return Overview(
        triggers=found[:SHOWN],
        more_triggers=max(len(found) - SHOWN, 0),
        layers=selectors.attached_layers(version),
        ends=_ends(version),
        is_throttled=function.reserved_concurrency == 0,
    )


def _ends(version: Version) -> list[End]:
    config = selectors.find_event_invoke_config(function=version.function, qualifier=version.label)
    ends = [
        (_("On success"), config.on_success if config else ""),
        (_("On failure"), config.on_failure if config else ""),
        (_("Dead-letter queue"), version.dead_letter_arn),
    ]
    return [End(label, destinations.place(arn)) for label, arn in ends if arn]


# -- who may invoke a function by its resource policy ------------------------------------------------


def permitted(account: Account, functions: Sequence[Function]) -> dict[uuid.UUID, list[Trigger]]:
    """The statements of resource policies that let somebody invoke, as triggers."""
    names = {function.pk: function.name for function in functions}
    found: dict[uuid.UUID, list[Trigger]] = defaultdict(list)
    for row in PolicyStatement.objects.filter(function__in=list(names)).order_by("pk"):
        name = names[row.function_id]
        url = reverse("function_configuration", args=[account.slug, name, "permissions"])
        source = str(row.statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn", ""))
        found[row.function_id].append(Trigger(_caller(row.statement, source), url, _("may invoke it"), source))
    return found


def _caller(statement: dict[str, Any], source: str) -> str:
    if parsed := arns.parse(source):
        return parsed.resource
    principal = statement.get("Principal", "*")
    value = next(iter(principal.values()), "*") if isinstance(principal, dict) else principal
    return str(value).removesuffix(".amazonaws.com")


triggers.register(
    triggers.PERMISSION, label=gettext_lazy("Permission"), icon="key", hue="", list_for=permitted
)  # fmt: skip


# -- functions as destinations -----------------------------------------------------------------------


def _functions(account: Account) -> list[tuple[str, str]]:
    found = Function.objects.filter(account=account).order_by("name").prefetch_related("aliases")
    options = []
    for function in found:
        options.append((function.name, function.arn))
        options += [
            (f"{function.name}:{alias.name}", f"{function.arn}:{alias.name}") for alias in function.aliases.all()
        ]
    return options


def _function_url(account: Account, arn: arns.Arn) -> str:
    return reverse("function_detail", args=[account.slug, arn.resource.split(":")[1]])


destinations.register(
    "lambda",
    destinations.Kind(
        label=gettext_lazy("Function"),
        icon="square-function",
        hue="function",
        list_for=_functions,
        url_for=_function_url,
    ),
)
