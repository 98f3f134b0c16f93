"""Which database a run of the tests uses."""

import os

import psycopg
from psycopg import sql

_NAMES = ("DATABASE", "DATABASE_HOST", "DATABASE_PORT", "DATABASE_USER", "DATABASE_PASSWORD")


def on_postgresql() -> bool:
    """Whether this run uses PostgreSQL; SQLite otherwise."""
    return os.environ.get("PUPITRE_DATABASE") == "postgresql"


def server() -> dict[str, str]:
    """The variables that name the server of this run to a product."""
    return {f"PUPITRE_{name}": os.environ.get(f"PUPITRE_{name}", "") for name in _NAMES}


def do(statement: str, *names: str) -> None:
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
