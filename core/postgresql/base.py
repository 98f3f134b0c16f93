"""Django's PostgreSQL backend, for text that strangers write.

PostgreSQL's text and JSON hold every character but U+0000. Functions print it, and clients send it: here it is kept as
U+FFFD, in what is stored and in what is looked for. Without that, one such log line would be refused together with
everything that is written in the same transaction.
"""

import json
import re
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.backends.postgresql import base, operations
from django.db.backends.postgresql.psycopg_any import Jsonb
from psycopg import Connection, Error, abc, adapt
from psycopg.types.string import StrDumper
from psycopg_pool import ConnectionPool

INSTEAD = "\ufffd"
_ESCAPED_NUL = re.compile(r"(\\\\)|\\u0000")  # an escaped backslash first: what follows it is no escape


class TextDumper(StrDumper):
    """Text without U+0000."""

    def dump(self, obj: str) -> abc.Buffer | None:
        return super().dump(obj.replace("\0", INSTEAD) if "\0" in obj else obj)


def dump_json(value: object, encoder: type[json.JSONEncoder] | None) -> str:
    """JSON without U+0000, in values and in names."""
    text = json.dumps(value, cls=encoder)
    return _ESCAPED_NUL.sub(lambda found: found[1] or INSTEAD, text) if "\\u0000" in text else text


@lru_cache
def _with_our_text(template: adapt.AdaptersMap) -> adapt.AdaptersMap:
    context = adapt.AdaptersMap(template)
    context.register_dumper(str, TextDumper)
    return context


def check(connection: Connection[Any]) -> None:
    """Raise when a connection of a pool is broken, and have those that wait in the pool looked at, too.

    What breaks one, such as a restart of the server, mostly breaks all. A thread that met them one after the other
    would pause longer and longer in between, and give up with the server long back.
    """
    try:
        ConnectionPool.check_connection(connection)
    except Error:
        if isinstance(pool := connection._pool, ConnectionPool):
            pool.check()
        raise


class DatabaseOperations(operations.DatabaseOperations):
    def adapt_json_value(self, value: Any, encoder: Any) -> Jsonb:
        return Jsonb(value, dumps=lambda content: dump_json(content, encoder))


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations

    def __init__(self, settings_dict: dict[str, Any], alias: str = DEFAULT_DB_ALIAS) -> None:
        if pool := settings_dict["OPTIONS"].get("pool"):
            pool.setdefault("check", check)
        super().__init__(settings_dict, alias)

    def get_connection_params(self) -> dict[str, Any]:
        found: dict[str, Any] = super().get_connection_params()
        return found | {"context": _with_our_text(found["context"])}
