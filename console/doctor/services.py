"""Checks of what the product leans on: database, Redis, addresses, container engines."""

import json
import shutil
import subprocess
from collections.abc import Iterator

from django.conf import settings
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import OperationalError
from django.utils.translation import gettext as _

from console import programs
from console.doctor.finding import Finding, Level
from core import redis as messenger

LOCAL = ("127.0.0.1", "::1", "localhost")


def database() -> Iterator[Finding]:
    """Reachable, and at the shape this version wants."""
    try:
        executor = MigrationExecutor(connections["default"])
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        yield Finding("database", Level.MISSING, str(error), _("see docs/settings.md, “The database”"))
        return
    detail = f"{connection.vendor} {_version()}".rstrip()
    if plan:
        yield Finding("database", Level.WEAK, detail + "; " + _("not prepared yet"), "make up")
    else:
        yield Finding("database", Level.OK, detail)


def _version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("select sqlite_version()" if connection.vendor == "sqlite" else "show server_version")
        return str(cursor.fetchone()[0])


def redis() -> Iterator[Finding]:
    """A server to start, or one that answers."""
    if not programs.own_redis():
        try:
            yield Finding("Redis", Level.OK, f"{settings.REDIS_URL}: {messenger.connection().info()['redis_version']}")
        except messenger.Unavailable as error:
            yield Finding("Redis", Level.MISSING, f"{settings.REDIS_URL}: {error}", "PUPITRE_REDIS_URL")
        return
    server = programs.redis_server()
    if server is None:
        yield Finding(
            "Redis", Level.MISSING, _("no redis-server or valkey-server"), "sudo apt-get install redis-server"
        )
        return
    said = subprocess.run((server, "--version"), capture_output=True, text=True, timeout=10).stdout
    version = next((word.removeprefix("v=") for word in said.split() if word.startswith("v=")), "")
    yield Finding("Redis", Level.OK, f"{version} ({server})")


def listeners() -> Iterator[Finding]:
    """Addresses that others can reach want TLS in front."""
    for name, host, port in (
        ("console", settings.CONSOLE_HOST, settings.CONSOLE_PORT),
        ("endpoint", settings.API_HOST, settings.API_PORT),
    ):
        if host in LOCAL:
            yield Finding(name, Level.OK, f"{host}:{port}")
        else:
            detail = _("{host}:{port} is open to the network, without TLS").format(host=host, port=port)
            yield Finding(name, Level.WEAK, detail, _("put a proxy that ends TLS before it"))


def engines() -> Iterator[Finding]:
    """A container engine: nothing here needs one, so its absence is no fault."""
    found = [f"{name} {version}" for name in ("docker", "podman") if (version := _engine(name))]
    yield Finding("container engine", Level.OK, ", ".join(found) or _("none that answers; none is needed"))


def _engine(name: str) -> str:
    if not shutil.which(name):
        return ""
    try:
        said = subprocess.run((name, "version", "--format", "json"), capture_output=True, text=True, timeout=5)
        server = json.loads(said.stdout or "{}").get("Server") or {}
    except (subprocess.TimeoutExpired, ValueError, OSError):
        return ""
    return str(server.get("Version", "")) if said.returncode == 0 else ""
