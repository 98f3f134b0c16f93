"""Become one of the product's programs: for a service manager, or a container, that keeps it alive itself."""

import argparse
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from console import programs


class Command(BaseCommand):
    help = "Become one of the product's programs; what `up` starts, but for somebody else to keep alive."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("name", help="api, console, worker, beat")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        """Does not return: this process becomes the program."""
        known = {program.name: program.argv for program in programs.product()}
        if name not in known:
            raise CommandError(
                _("There is no program “{name}”; known: {names}.").format(name=name, names=", ".join(known))
            )
        os.execv(known[name][0], known[name])
