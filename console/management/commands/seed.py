"""Put a few functions to look at and to call into the owner's account."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from accounts.services import ensure_owner
from core import arns
from functions.archives import pack, store_package
from functions.errors import FunctionAlreadyExists
from functions.services.functions import create_function

FOLDER = Path(__file__).resolve().parent.parent.parent / "demonstration"
DESCRIPTIONS = {
    "hello": _("Gives back one value of its event"),
    "caller": _("Calls the function “hello” with boto3 and waits for its answer"),
    "slow-start": _("Takes its time to load: call it twice and compare"),
}


class Command(BaseCommand):
    help = "Put a few functions to look at and to call into the owner's account."

    def handle(self, *args: Any, **options: Any) -> None:
        account = ensure_owner().account
        for name, description in DESCRIPTIONS.items():
            made = add(account, name=name, description=str(description))
            self.stdout.write(f"{name}: {_('created') if made else _('is there already')}")


def add(account: Account, *, name: str, description: str) -> bool:
    """Create one of the demonstration's functions; False where the account has one of that name."""
    code = (FOLDER / f"{name}.py").read_bytes()
    try:
        create_function(
            account=account,
            name=name,
            package=store_package(pack({"lambda_function.py": code})),
            runtime="python3.12",
            handler="lambda_function.lambda_handler",
            role_arn=arns.iam(account.id, "role/LabRole"),
            description=description,
        )
    except FunctionAlreadyExists:
        return False
    return True
