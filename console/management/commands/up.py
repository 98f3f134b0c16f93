"""Start the whole product and keep it alive until Ctrl-C."""

import argparse
import http.client
import resource
import socket
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils.translation import gettext as _

from accounts.services import Owner, create_sign_in_link
from console import programs
from console.addresses import reachable, sign_in_url
from console.collected import collect_if_changed
from console.example import ensure_owner_with_example
from console.holding import Hold
from console.supervisor import Supervisor
from core import clock, database
from core.healthy import socket_accepts
from core.redis import Unavailable, connection

FILES = 65_536
HEALTHY_WITHIN_S = 60
CRASHES_AT_START = 3


class Command(BaseCommand):
    help = "Start the whole product and keep it alive until Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--verbose", action="store_true", help="show what every process logs, not only warnings")

    def handle(self, *args: Any, verbose: bool = False, **options: Any) -> None:
        make_folders()
        allow_many_connections()
        with Hold(settings.DATA_DIR, show=self._say) as hold:
            check_ports()
            supervisor = Supervisor(
                log_dir=settings.DATA_DIR / "log", show=self._say, verbose=verbose, inherited=(hold.programs,)
            )
            try:
                self._run(supervisor)
            finally:
                supervisor.stop()

    def _run(self, supervisor: Supervisor) -> None:
        start_redis(supervisor)
        owner = prepare()
        for program in programs.product():
            if program.name == "console":  # the only one that needs the static files; the others start meanwhile
                collect_if_changed()
            supervisor.start(program)
        if wait_until_healthy(supervisor):
            self._say(welcome(owner, link=sign_in_url(create_sign_in_link(user=owner.user))))
        connections.close_all()
        while not supervisor.asked_to_stop:
            supervisor.turn(timeout=5)
        self._say(_("Stopping …"))

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


# -- before anything runs --------------------------------------------------------------------------


def allow_many_connections() -> None:
    """Let every process have as many open files as it may: the usual thousand is less than a class at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def make_folders() -> None:
    """The data folder, for this user alone where it is new, and what the processes expect in it."""
    settings.DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("log", "redis"):
        (settings.DATA_DIR / name).mkdir(mode=0o700, exist_ok=True)


def check_ports() -> None:
    """Say which setting moves us away from a port that is taken."""
    for host, port, setting in (
        (settings.CONSOLE_HOST, settings.CONSOLE_PORT, "PUPITRE_CONSOLE_PORT"),
        (settings.API_HOST, settings.API_PORT, "PUPITRE_API_PORT"),
    ):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise CommandError(
                    _("Cannot listen on {host}:{port} ({reason}). Set {setting} to a free port.").format(
                        host=host, port=port, reason=error.strerror, setting=setting
                    )
                ) from None


def start_redis(supervisor: Supervisor) -> None:
    """Our own Redis, answering; or nothing, where PUPITRE_REDIS_URL names another one."""
    if not programs.own_redis():
        return
    if programs.redis_server() is None:
        raise CommandError(_("There is no redis-server. Install one, or run: make up"))
    if programs.socket_path_is_too_long():
        raise CommandError(
            _("The path of the data folder is too long for a socket: set PUPITRE_DATA_DIR to a shorter one.")
        )
    supervisor.start(programs.redis())
    deadline = clock.monotonic() + HEALTHY_WITHIN_S
    while not _redis_answers():
        supervisor.turn_for(0.02)
        if supervisor.crashes("redis") >= CRASHES_AT_START or clock.monotonic() > deadline:
            raise CommandError(_gave_up(supervisor, "redis"))


def _redis_answers() -> bool:
    if not programs.redis_socket().exists():
        return False
    try:
        return bool(connection().ping())
    except Unavailable:  # it does not listen yet, or still reads its file
        return False


def prepare() -> Owner:
    """The database at its newest shape, and an owner to sign in; at the very first start with a function to try."""
    database.take_any_time()
    call_command("migrate", interactive=False, verbosity=0)
    return ensure_owner_with_example()


# -- until it answers ------------------------------------------------------------------------------


def wait_until_healthy(supervisor: Supervisor) -> bool:
    """Until all answer that people meet; False if asked to stop before. A program that cannot start ends the whole."""
    answers = {
        "api": partial(healthy, settings.API_HOST, settings.API_PORT),
        "console": partial(healthy, settings.CONSOLE_HOST, settings.CONSOLE_PORT),
        "broker": partial(listens, settings.SANDBOX_BROKER),  # until it does, no runtime is known
    }
    names = [program.name for program in programs.product() if program.name in answers]
    deadline = clock.monotonic() + HEALTHY_WITHIN_S
    while waiting := [name for name in names if not answers[name]()]:
        supervisor.turn_for(0.1)
        if supervisor.asked_to_stop:
            return False
        for program in programs.product():
            if supervisor.crashes(program.name) >= CRASHES_AT_START:
                raise CommandError(_gave_up(supervisor, program.name))
        if clock.monotonic() > deadline:
            raise CommandError(_gave_up(supervisor, waiting[0]))
    return True


def healthy(host: str, port: int) -> bool:
    """Whether the door at this address says that it is well."""
    door = http.client.HTTPConnection(reachable(host), port, timeout=2)
    try:
        door.request("GET", "/_health")
        return door.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        door.close()


def listens(path: Path) -> bool:
    """Whether somebody takes connections at this socket."""
    try:
        return socket_accepts(str(path))
    except OSError:
        return False


def _gave_up(supervisor: Supervisor, name: str) -> str:
    said = "\n".join(f"  {line}" for line in supervisor.tail(name))
    return _("{name} does not start. The last it said:").format(name=name) + f"\n{said}"


def welcome(owner: Owner, *, link: str) -> str:
    """What a person needs to begin: where to click, and what to paste."""
    return "\n".join(
        (
            "",
            f"  {_('Console')}    {link}",
            f"             {_('signs you in once; after that the browser remembers you')}",
            f"  {_('Endpoint')}   {settings.API_URL}",
            "",
            f"  {_('For the AWS CLI, boto3 and every other AWS tool, paste this into a shell:')}",
            "",
            f"    export AWS_ENDPOINT_URL={settings.API_URL}",
            f"    export AWS_ACCESS_KEY_ID={owner.access_key.id}",
            f"    export AWS_SECRET_ACCESS_KEY={owner.access_key.secret}",
            f"    export AWS_DEFAULT_REGION={settings.REGION}",
            "    export AWS_DISABLE_HOST_PREFIX_INJECTION=true",  # logs start-live-tail would ask another host name
            "",
            f"  {_('Ctrl-C stops everything. Logs:')} {settings.DATA_DIR / 'log'}",
            "",
        )
    )
