"""The function that the owner's workspace has at the very first start: deleted, it is gone for good."""

from django.db import transaction

from accounts.models import Account
from accounts.services import OWNER, Owner, ensure_owner
from console import blueprints, runtime_choices
from console.forms.functions import DEFAULT_HANDLERS, ROLE
from core import arns
from functions import archives, runtimes
from functions.services.functions import create_function
from functions.services.test_events import save_test_event

NAME = "hello-world"


@transaction.atomic
def ensure_owner_with_example() -> Owner:
    """The owner; with an example, when they are made now."""
    is_first_start = not Account.objects.filter(slug=OWNER).exists()
    owner = ensure_owner()
    if is_first_start:
        add(owner.account)
    return owner


def add(account: Account) -> None:
    """Create the example, in the first language of its blueprint that runs here; nothing where none does."""
    offered = [row.runtime for row in runtime_choices.choices() if row.runtime.family in blueprints.languages(NAME)]
    if not offered:
        return
    chosen = runtimes.get(runtime_choices.default())
    runtime = chosen if chosen in offered else offered[0]
    assert runtime is not None
    create_function(
        account=account,
        name=NAME,
        runtime=runtime.identifier,
        handler=DEFAULT_HANDLERS[runtime.family],
        role_arn=arns.iam(account.id, ROLE),
        package=archives.store_package(archives.pack(blueprints.files(NAME, runtime.family))),
        **blueprints.BLUEPRINTS[NAME].settings,
    )
    event, body = blueprints.test_event(NAME, account=account)
    save_test_event(account=account, name=NAME, event=event, body=body)
