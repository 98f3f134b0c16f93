"""Print a link that signs somebody in once: the owner, or the person named."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import create_sign_in_link, ensure_owner
from console.addresses import sign_in_url


class Command(BaseCommand):
    help = "Print a link that signs somebody in once: the owner, or the person named."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("username", nargs="?", default="")

    def handle(self, *args: Any, username: str = "", **options: Any) -> None:
        user = User.objects.filter(username=username).first() if username else ensure_owner().user
        if user is None:
            raise CommandError(_("There is no user “{name}”.").format(name=username))
        self.stdout.write(sign_in_url(create_sign_in_link(user=user)))
