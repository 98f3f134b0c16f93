"""Which database a run of the tests uses, and one for each product that it starts."""

import os
import secrets

import psycopg
from psycopg import sql

_NAMES = ("DATABASE", "DATABASE_HOST", "DATABASE_PORT", "DATABASE_USER", "DATABASE_PASSWORD")


def on_postgresql() -> bool:
    """Whether this run uses PostgreSQL; SQLite otherwise."""
    return os.environ.get("PUPITRE_DATABASE") == "postgresql"


class OwnDatabase:
    """An empty database on the server of this run, until ``remove``; on SQLite nothing: that is a file of the product."""

    def __init__(self) -> None:
        self.name = f"pupitre_{secrets.token_hex(6)}" if on_postgresql() else ""
        if self.name:
            self._do("CREATE DATABASE {}")

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a product uses it."""
        if not self.name:
            return {}
        given = {f"PUPITRE_{name}": os.environ.get(f"PUPITRE_{name}", "") for name in _NAMES}
        return given | {"PUPITRE_DATABASE_NAME": self.name}

    def remove(self) -> None:
        if self.name:
            self._do("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            self.name = ""

    def _do(self, statement: str) -> None:
        with psycopg.connect(
            host=os.environ.get("PUPITRE_DATABASE_HOST") or None,
            port=os.environ.get("PUPITRE_DATABASE_PORT") or None,
            user=os.environ.get("PUPITRE_DATABASE_USER", "pupitre"),
            password=os.environ.get("PUPITRE_DATABASE_PASSWORD") or None,
            dbname="postgres",
            autocommit=True,
        ) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(self.name)))
