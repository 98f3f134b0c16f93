"""A rule's targets as its page shows them: where they are, what they get, and whether it gets there."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import Account
from console import destinations
from console.destinations import Choices, Place
from core.errors import ServiceError
from queues.models import Queue
from triggers.errors import NotPermitted
from triggers.models import Rule, RuleTarget
from triggers.services import targeting


@dataclass(frozen=True, slots=True)
class Aim:
    """One target. ``gets``: what it gets instead of the whole event; ``obstacle``: why nothing gets there."""

    target: RuleTarget
    place: Place
    url: str
    gets: str
    obstacle: ServiceError | None

    @property
    def is_mendable(self) -> bool:
        """Whether a permission is all that is missing."""
        return isinstance(self.obstacle, NotPermitted)


def aims(account: Account, rule: Rule) -> list[Aim]:
    """The rule's targets, in the order of their ids."""
    rows = rule.targets.select_related("rule__bus").order_by("target_id")
    return [
        Aim(
            target=row,
            place=destinations.place(row.arn),
            url=destinations.url(account=account, arn=row.arn),
            gets=_gets(row),
            obstacle=targeting.obstacle(account=account, target=row),
        )
        for row in rows
    ]


def _gets(target: RuleTarget) -> str:
    settings = target.settings
    template = settings.get("InputTransformer", {}).get("InputTemplate", "")
    return str(settings.get("Input") or settings.get("InputPath") or template)


def choices(account: Account, rule: Rule) -> list[Choices]:
    """What the rule could send to: whatever takes events here, FIFO queues too, but for its own bus."""
    own = rule.bus.arn
    groups = [
        Choices(group.label, [option for option in group.options if option[1] != own])
        for group in destinations.choices(account=account)
    ]
    return [group for group in [*groups, fifo_queues(account)] if group.options]


def fifo_queues(account: Account) -> Choices:
    """Queues that want a message group with what they are sent."""
    rows = Queue.objects.filter(account=account, is_fifo=True).order_by("name")
    return Choices(_("FIFO queues"), [(queue.name, queue.arn) for queue in rows])
