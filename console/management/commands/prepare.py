"""What must be done before the programs start, where nobody runs `up`: the database, static files, an owner."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from accounts.services import create_sign_in_link
from console.addresses import sign_in_url
from console.collected import collect_if_changed
from console.management.commands.up import prepare


class Command(BaseCommand):
    help = "Bring the database up to date, collect the static files, make the owner; prints a link that signs in."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """May be run again at any time."""
        owner = prepare()
        collect_if_changed()
        self.stdout.write(f"{_('Console')}  {sign_in_url(create_sign_in_link(user=owner.user))}")
