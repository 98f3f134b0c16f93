"""Reads: functions, versions, aliases, layers and what hangs on them, always within one account."""

import json
import uuid
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

from accounts.models import Account, User
from core import arns
from core.prepared import Prepared
from functions.errors import (
    AliasNotFound,
    EventInvokeConfigNotFound,
    FunctionNotFound,
    LayerVersionNotFound,
    PolicyNotFound,
    TestEventNotFound,
)
from functions.models import (
    LATEST,
    Alias,
    EventInvokeConfig,
    Function,
    LayerVersion,
    PolicyStatement,
    TestEvent,
    Version,
)
from functions.policies import in_order
from functions.references import version_number

# -- functions and versions ------------------------------------------------------------------------

_NAMED = Prepared(lambda account, name: Function.objects.filter(account=account, name=name), account=str, name=str)
_LOCKED = Prepared(
    lambda account, name: Function.objects.select_for_update().filter(account=account, name=name), account=str, name=str
)
_NUMBERED = Prepared(
    lambda account, name, number: _versions().filter(function__account=account, function__name=name, number=number),
    account=str,
    name=str,
    number=int,
)
_NUMBER_OF = Prepared(
    lambda function, number: _versions().filter(function=function, number=number), function=uuid.UUID, number=int
)
_LATEST_OF = Prepared(
    lambda function: Version.objects.select_related("package").filter(function=function, number=0), function=uuid.UUID
)


def get_function(*, account: Account, name: str) -> Function:
    """The function, or ``FunctionNotFound``."""
    function = _NAMED.one(account=account.pk, name=name)
    if function is None:
        raise missing(account, name)
    return function


def lock_function(*, account: Account, name: str) -> Function:
    """The same, held until the end of the transaction: whatever is decided from it stays true."""
    function = _LOCKED.one(account=account.pk, name=name)
    if function is None:
        raise missing(account, name)
    return function


def missing(account: Account, name: str, qualifier: str = "") -> FunctionNotFound:
    """The error for a function that is not there."""
    return FunctionNotFound(arn=arns.function(settings.REGION, account.id, name, qualifier))


def get_version(*, account: Account, name: str, qualifier: str = "") -> Version:
    """The version behind a qualifier: ``$LATEST`` for none, an alias's primary version. ``FunctionNotFound`` otherwise."""
    number = version_number(qualifier)
    if number is not None:  # with one statement: every page asks for it
        version = _NUMBERED.one(account=account.pk, name=name, number=number)
        if version is not None:
            return version
    function = get_function(account=account, name=name)
    return version_of(function=function, qualifier=qualifier)


def version_of(*, function: Function, qualifier: str = "") -> Version:
    """As ``get_version``, of a function that is at hand."""
    number = version_number(qualifier)
    if number is None:
        alias = find_alias(function=function, name=qualifier)
        number = alias.version_number if alias else -1
    return numbered(function=function, number=number, qualifier=qualifier)


def numbered(*, function: Function, number: int, qualifier: str = "") -> Version:
    """The version of that number; ``FunctionNotFound`` speaks of it by ``qualifier``."""
    version = _NUMBER_OF.one(function=function.pk, number=number)
    if version is None:
        raise FunctionNotFound(arn=f"{function.arn}:{qualifier or number}")
    return version


def latest(function: Function) -> Version:
    """``$LATEST``; every function has one."""
    version = _LATEST_OF.one(function=function.pk)
    if version is None:
        raise Version.DoesNotExist(function.pk)
    version.function = function
    return version


def last_published(function: Function) -> Version | None:
    """The newest numbered version that still exists."""
    return _versions().filter(function=function, number__gt=0).order_by("-number").first()


def list_functions(*, account: Account) -> QuerySet[Version]:
    """``$LATEST`` of every function, by name."""
    return _versions().filter(function__account=account, number=0).order_by("function__name")


def list_all_versions(*, account: Account) -> QuerySet[Version]:
    """Every version of every function, by name and number."""
    return _versions().filter(function__account=account).order_by("function__name", "number")


def list_versions(*, account: Account, name: str) -> QuerySet[Version]:
    """The versions of one function: ``$LATEST`` first, then by number. ``FunctionNotFound``."""
    return _versions().filter(function=get_function(account=account, name=name)).order_by("number")


def notes(version: Version, member: str) -> list[str]:
    """What was quietly put right in ``Role`` or ``Layers`` when the version was configured, for a person to read."""
    own = version.function.account_id
    sent = version.extra.get("AsSent", {}).get(member, [])
    arns_sent = [sent] if isinstance(sent, str) else sent
    foreign = [arn for arn in arns_sent if (parsed := arns.parse(arn)) and parsed.account != own]
    return [
        _("{arn} names another account: taken as your own account {own}.").format(arn=arn, own=own) for arn in foreign
    ]


def _versions() -> QuerySet[Version]:
    return Version.objects.select_related("function", "package")


# -- aliases ---------------------------------------------------------------------------------------


def find_alias(*, function: Function, name: str) -> Alias | None:
    """The alias, or None."""
    return Alias.objects.select_related("function").filter(function=function, name=name).first()


def get_alias(*, account: Account, name: str, alias: str) -> Alias:
    """The alias, ``FunctionNotFound`` or ``AliasNotFound``."""
    function = get_function(account=account, name=name)
    if found := find_alias(function=function, name=alias):
        return found
    raise AliasNotFound(arn=f"{function.arn}:{alias}")


def list_aliases(*, account: Account, name: str, version: int | None = None) -> QuerySet[Alias]:
    """A function's aliases by name; with ``version``, those that send anything to it."""
    function = get_function(account=account, name=name)
    aliases = Alias.objects.select_related("function").filter(function=function).order_by("name")
    if version is None:
        return aliases
    using = [alias.pk for alias in aliases if version in alias_targets(alias)]
    return aliases.filter(pk__in=using)


def alias_targets(alias: Alias) -> set[int]:
    """The numbers of the versions an alias sends invocations to."""
    return {alias.version_number, *(int(label) for label in alias.weights)}


_ALIASES_OF = Prepared(lambda function: Alias.objects.filter(function=function).order_by("name"), function=uuid.UUID)
_PUBLISHED_OF = Prepared(
    lambda function: Version.objects.filter(function=function, number__gt=0).only("number").order_by("-number"),
    function=uuid.UUID,
)


def qualifiers_of(function: Function) -> list[str]:
    """What of a function can be invoked beside ``$LATEST``: aliases by name, then versions, the newest first."""
    aliases, versions = _ALIASES_OF(function=function.pk), _PUBLISHED_OF(function=function.pk)
    return [*(alias.name for alias in aliases), *(version.label for version in versions)]


# -- layers ----------------------------------------------------------------------------------------


def find_layer_version(*, account: Account, name: str, number: int) -> LayerVersion | None:
    """A layer version that can be attached, or None: deleted ones cannot."""
    return _layers(account).filter(name=name, number=number).first()


def get_layer_version(*, account: Account, name: str, number: int) -> LayerVersion:
    """The layer version, or ``LayerVersionNotFound``; a deleted one is not found."""
    if found := find_layer_version(account=account, name=name, number=number):
        return found
    raise LayerVersionNotFound


def list_layer_versions(
    *, account: Account, name: str, runtime: str = "", architecture: str = ""
) -> QuerySet[LayerVersion]:
    """The versions of a layer, newest first, that say they fit; none is an empty list, as on AWS."""
    fitting = _fitting(_layers(account).filter(name=name), runtime, architecture)
    return _layers(account).filter(pk__in=fitting).order_by("-number")


def list_layers(*, account: Account, runtime: str = "", architecture: str = "") -> QuerySet[LayerVersion]:
    """The newest version of each layer that says it fits, by name."""
    newest: dict[str, int] = {}
    fitting = _fitting(_layers(account), runtime, architecture)
    for pk, name in LayerVersion.objects.filter(pk__in=fitting).order_by("number").values_list("pk", "name"):
        newest[name] = pk
    return _layers(account).filter(pk__in=newest.values()).order_by("name")


def attached_layers(version: Version) -> list[LayerVersion]:
    """The layer versions of a function version in the order of attachment; deleted ones too, for they still work."""
    if not version.layers:
        return []
    wanted = [arns.parse(text) for text in version.layers]
    names = {arn.resource.split(":")[1] for arn in wanted if arn}
    rows = LayerVersion.objects.select_related("package").filter(account_id=version.function.account_id, name__in=names)
    by_arn = {row.arn: row for row in rows}
    return [by_arn[text] for text in version.layers if text in by_arn]


def _fitting(rows: QuerySet[LayerVersion], runtime: str, architecture: str) -> list[int]:
    """Picked here and not by the database: SQLite cannot look inside a JSON list."""
    return [
        pk
        for pk, runtimes, architectures in rows.values_list("pk", "compatible_runtimes", "compatible_architectures")
        if (not runtime or runtime in runtimes) and (not architecture or architecture in architectures)
    ]


def _layers(account: Account) -> QuerySet[LayerVersion]:
    return LayerVersion.objects.select_related("package").filter(account=account, deleted_at=None)


# -- policies, asynchronous invocation, test events ------------------------------------------------


def get_policy(*, account: Account, name: str, qualifier: str = "") -> dict[str, Any]:
    """The resource policy of a function or of one qualifier as a document, or ``PolicyNotFound``."""
    version = get_version(account=account, name=name, qualifier=qualifier)
    statements = PolicyStatement.objects.filter(function=version.function, qualifier=qualifier).order_by("pk")
    documents = [in_order(row.statement) for row in statements]
    if not documents:
        raise PolicyNotFound
    return {"Version": "2012-10-17", "Id": "default", "Statement": documents}


def policy_text(document: dict[str, Any]) -> str:
    """A policy as AWS sends it: compact JSON."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


_CONFIG = Prepared(
    lambda function, qualifier: EventInvokeConfig.objects.select_related("function").filter(
        function=function, qualifier=qualifier
    ),
    function=uuid.UUID,
    qualifier=str,
)


def find_event_invoke_config(*, function: Function, qualifier: str = "") -> EventInvokeConfig | None:
    """The configuration for asynchronous invocations of exactly this qualifier, or None."""
    return _CONFIG.one(function=function.pk, qualifier=qualifier or LATEST)


def get_event_invoke_config(*, account: Account, name: str, qualifier: str = "") -> EventInvokeConfig:
    """The same, or ``FunctionNotFound`` or ``EventInvokeConfigNotFound``."""
    function = get_function(account=account, name=name)
    if found := find_event_invoke_config(function=function, qualifier=qualifier):
        return found
    raise EventInvokeConfigNotFound(arn=f"{function.arn}:{qualifier or LATEST}")


def list_event_invoke_configs(*, account: Account, name: str) -> QuerySet[EventInvokeConfig]:
    """Every configured qualifier of a function."""
    function = get_function(account=account, name=name)
    return EventInvokeConfig.objects.select_related("function").filter(function=function).order_by("qualifier")


def _seen_by(person: User | int) -> Q:
    return Q(owner=None) | Q(owner=person)


def list_test_events(*, account: Account, name: str, person: User | None = None) -> QuerySet[TestEvent]:
    """A function's saved test events by name: those that are shared, and ``person``'s own."""
    seen = _seen_by(person) if person else Q(owner=None)
    function = get_function(account=account, name=name)
    return TestEvent.objects.filter(seen, function=function).order_by("name", "id")


_TEST_EVENTS = Prepared(
    lambda account, name, person: TestEvent.objects.filter(
        _seen_by(person), function__account=account, function__name=name
    ).order_by("name", "id"),
    account=str,
    name=str,
    person=int,
)


def test_events_for(*, account: Account, name: str, person: User) -> list[TestEvent]:
    """As ``list_test_events``, of a function that is there."""
    return _TEST_EVENTS(account=account.pk, name=name, person=person.pk)


def get_test_event(
    *, account: Account, name: str, event: str, person: User | None = None, shared: bool = True
) -> TestEvent:
    """One saved test event, shared or ``person``'s own, or ``TestEventNotFound``."""
    owner = None if shared else person
    if shared or person:
        found = list_test_events(account=account, name=name, person=person).filter(name=event, owner=owner).first()
        if found:
            return found
    raise TestEventNotFound(name=event)


# -- the account -----------------------------------------------------------------------------------


# Asked at every save, so in SQL by hand: the ORM takes twenty times as long to say the same.
_CODE_SIZE = """
    SELECT COALESCE(SUM(size), 0) FROM functions_deploymentpackage WHERE sha256 IN (
        SELECT package_id FROM functions_version JOIN functions_function ON function_id = functions_function.id
        WHERE account_id = %s
        UNION SELECT package_id FROM functions_layerversion WHERE account_id = %s AND deleted_at IS NULL
    )"""


def code_size(*, account: Account) -> int:
    """Bytes of zip that the account's versions and layer versions use; a package used twice counts once."""
    with connection.cursor() as cursor:
        cursor.execute(_CODE_SIZE, [account.pk, account.pk])
        return int(cursor.fetchone()[0])


def function_count(*, account: Account) -> int:
    """How many functions the account has."""
    return Function.objects.filter(account=account).count()


def unreserved_concurrency(*, account: Account, without: Function | None = None) -> int:
    """What is left of the account's concurrency for functions that reserve none."""
    reserving = Function.objects.filter(account=account)
    if without is not None:
        reserving = reserving.exclude(pk=without.pk)
    return account.concurrency_limit - (reserving.aggregate(total=Sum("reserved_concurrency"))["total"] or 0)
