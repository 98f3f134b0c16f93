"""Tags of buses, rules, schedule groups and event source mappings, found by ARN."""

from collections.abc import Iterable, Mapping

from django.db import transaction

from accounts.models import Account
from accounts.selectors import own_arn
from core import limits
from core.errors import ValidationError
from triggers import selectors
from triggers.errors import EventBusNotFound, RuleNotFound, ScheduleGroupNotFound, TaggedResourceNotFound
from triggers.models import DEFAULT, EventBus, EventSourceMapping, Rule, ScheduleGroup

type Tagged = EventBus | Rule | ScheduleGroup | EventSourceMapping


def checked(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags, or ``ValidationError``: at most fifty, none that begins with aws:."""
    if len(tags) > limits.TAGS_PER_RESOURCE:
        raise ValidationError(f"A resource cannot have more than {limits.TAGS_PER_RESOURCE} tags.")
    if reserved := [key for key in tags if key.lower().startswith("aws:")]:
        raise ValidationError(f"Tag keys that begin with aws: are reserved: {reserved[0]}")
    return dict(tags)


def find(*, account: Account, arn: str) -> Tagged:
    """What an ARN names. Raises ``TaggedResourceNotFound``, ``ScheduleGroupNotFound`` or ``MappingNotFound``."""
    resource = own_arn(account=account, arn=arn)[0].partition(f":{account.id}:")[2]
    if resource.startswith("event-source-mapping:"):
        return selectors.get_mapping(account=account, uuid=resource.partition(":")[2])
    kind, _, rest = resource.partition("/")
    try:
        match kind:
            case "event-bus":
                return selectors.get_event_bus(account=account, name=rest)
            case "rule":
                bus, _, name = rest.rpartition("/")
                return selectors.get_rule(account=account, name=name, bus=bus or DEFAULT)
            case "schedule-group":
                return selectors.get_schedule_group(account=account, name=rest)
    except (EventBusNotFound, RuleNotFound):
        raise TaggedResourceNotFound(arn=arn) from None
    if ":scheduler:" in arn:
        raise ScheduleGroupNotFound(name=rest)
    raise TaggedResourceNotFound(arn=arn)


@transaction.atomic
def tag_resource(*, account: Account, arn: str, tags: Mapping[str, str]) -> None:
    """Add tags, or give those that are there a new value."""
    row = find(account=account, arn=arn)
    row.tags = checked({**row.tags, **tags})
    row.save(update_fields=["tags"])


@transaction.atomic
def untag_resource(*, account: Account, arn: str, keys: Iterable[str]) -> None:
    """Remove tags; keys that are not there are fine."""
    row, gone = find(account=account, arn=arn), set(keys)
    row.tags = {key: value for key, value in row.tags.items() if key not in gone}
    row.save(update_fields=["tags"])
