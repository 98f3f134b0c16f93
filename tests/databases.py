"""Which database a run of the tests uses, and one for each product that it starts."""

import os
import secrets

import psycopg
from psycopg import sql

from tests import prepared

_NAMES = ("DATABASE", "DATABASE_HOST", "DATABASE_PORT", "DATABASE_USER", "DATABASE_PASSWORD")


def on_postgresql() -> bool:
    """Whether this run uses PostgreSQL; SQLite otherwise."""
    return os.environ.get("PUPITRE_DATABASE") == "postgresql"


class OwnDatabase:
    """A database on the server of this run, until ``remove``; on SQLite nothing: that is a file of the product.

    With the tables, or ``empty``.
    """

    def __init__(self, *, empty: bool = False) -> None:
        self.name = f"pupitre_{secrets.token_hex(6)}" if on_postgresql() else ""
        if not self.name:
            return
        if empty:
            _do("CREATE DATABASE {}", self.name)
        else:
            _do("CREATE DATABASE {} TEMPLATE {}", self.name, prepared.template(_server(), _do))

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a product uses it."""
        return _server() | {"PUPITRE_DATABASE_NAME": self.name} if self.name else {}

    def remove(self) -> None:
        if self.name:
            _do("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)
            self.name = ""


def _server() -> dict[str, str]:
    return {f"PUPITRE_{name}": os.environ.get(f"PUPITRE_{name}", "") for name in _NAMES}


def _do(statement: str, *names: str) -> None:
    """A statement with the names of databases in it."""
    with psycopg.connect(
        host=os.environ.get("PUPITRE_DATABASE_HOST") or None,
        port=os.environ.get("PUPITRE_DATABASE_PORT") or None,
        user=os.environ.get("PUPITRE_DATABASE_USER", "pupitre"),
        password=os.environ.get("PUPITRE_DATABASE_PASSWORD") or None,
        dbname="postgres",
        autocommit=True,
    ) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
