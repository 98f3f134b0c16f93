"""Every row belongs to an account, or says here why not."""

from django.apps import apps
from django.db.models import ForeignKey, Model

from accounts.models import Account

OURS = ("accounts", "functions", "logs", "queues", "runner", "triggers", "topics")
NOBODYS = {
    "accounts.Account": "the tenant itself",
    "accounts.User": "a person; may have no account yet",
    "accounts.SignInLink": "of a person",
    "functions.DeploymentPackage": "bytes by their hash: who knows all of them may share the copy",
    "topics.SigningKey": "the server's own",
    "runner.Worker": "a process of the server",
}


def owned(model: type[Model], seen: frozenset[type[Model]] = frozenset()) -> bool:
    """Whether a required foreign key leads to an account, directly or over other rows."""
    if model is Account:
        return True
    return any(
        not field.null and field.related_model not in seen and owned(field.related_model, seen | {model})
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey)
    )


def test_every_row_belongs_to_an_account_or_says_why_not() -> None:
    orphans = {
        model._meta.label
        for label in OURS
        for model in apps.get_app_config(label).get_models()
        if not owned(model) and model._meta.label not in NOBODYS
    }
    assert orphans == set()
