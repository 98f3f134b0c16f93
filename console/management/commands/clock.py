"""Show the clocks of accounts, and set them: ``clock ada --rate 60``, ``clock --all --forward 6h``, ``clock --all --real``."""

import argparse
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from accounts import clocks
from accounts.errors import ClockRefused
from accounts.models import Account
from console import clockface

_LENGTH = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Command(BaseCommand):
    help = "Show the clocks of accounts, and set them: faster, paused, moved on, or back to real time."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("account", nargs="?", default="", help="its short name")
        parser.add_argument("--all", action="store_true", help="every account")
        parser.add_argument("--real", action="store_true", help="back to real time")
        parser.add_argument("--rate", type=int, choices=clocks.RATES, help="times as fast as real time")
        parser.add_argument("--pause", action="store_true")
        parser.add_argument("--resume", action="store_true")
        parser.add_argument("--forward", default="", help="move on by 90s, 10m, 6h or 1d")
        parser.add_argument("--to", default="", help="move on to a moment in UTC: 2027-01-31T23:59:30")

    def handle(self, *args: Any, **options: Any) -> None:
        accounts = Account.objects.select_related("clock").order_by("slug")
        if not options["all"]:
            accounts = accounts.filter(slug=options["account"])
        if not accounts:
            raise CommandError(_("There is no account “{name}”.").format(name=options["account"]))
        forward, to = _length(options["forward"]), _moment(options["to"])
        for account in accounts:
            try:
                _set(account, options, forward, to)
            except ClockRefused as error:
                raise CommandError(f"{account.slug}: {error.text}") from None
        for account in accounts.all():
            face = clockface.of(account)
            self.stdout.write(f"{account.slug}: {face.shows:%Y-%m-%d %H:%M:%S} UTC, {face.state}")


def _set(account: Account, options: dict[str, Any], forward: timedelta | None, to: datetime | None) -> None:
    """In this order, so that one call can do several: back to real time, paused or not, the speed, a jump."""
    if options["real"]:
        clocks.follow_real_time(account=account)
    if options["pause"]:
        clocks.pause(account=account)
    if options["resume"]:
        clocks.resume(account=account)
    if options["rate"]:
        clocks.set_rate(account=account, rate=options["rate"])
    if forward is not None or to is not None:
        clocks.jump(account=account, forward=forward, to=to)


def _length(text: str) -> timedelta | None:
    if not text:
        return None
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise CommandError(_("“{text}” is no length of time: 90s, 10m, 6h or 1d.").format(text=text))
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(_("“{text}” is no moment: 2027-01-31T23:59:30.").format(text=text)) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
