"""Rows of invocations from plain values: a model instance and thirty conversions cost more than the row itself.

Many rows go into one statement. Each statement is a moment in which another thread may take the interpreter, and a
transaction that waits to get it back keeps everybody else from writing.
"""

import functools
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from django.db import connection, models

from core import database
from runner.models import Invocation, State

type Row = Mapping[str, Any]
"""The members of an ``Invocation`` by name, those with defaults only where they differ."""


def insert(rows: Sequence[Row]) -> None:
    """Insert invocations; a tenth of what ``bulk_create`` takes."""
    columns = _columns()
    places = {column.member: place for place, column in enumerate(columns)}
    defaults = [column.default for column in columns]
    ready = []
    for row in rows:
        values = defaults.copy()
        for member, value in row.items():
            place = places[member]
            values[place] = columns[place].told(value)
        ready.append(values)
    database.insert("runner_invocation", [column.name for column in columns], ready)


@dataclass(frozen=True, slots=True)
class Change:
    """New values of a running invocation's members, for whoever holds it with ``token``."""

    id: uuid.UUID
    token: str
    members: Row


def change(changes: Sequence[Change]) -> set[uuid.UUID]:
    """Change running invocations, which nobody holds then any more; the ids of those that were held by their token.

    Those that change the same members go into one statement.
    """
    alike: dict[tuple[str, ...], list[Change]] = defaultdict(list)
    for one in changes:
        alike[tuple(sorted(one.members))].append(one)
    found: set[uuid.UUID] = set()
    for names, of_names in alike.items():
        for batch in database.in_statements(of_names, len(names) + 2):
            found |= _change(names, batch)
    return found


def _change(names: Sequence[str], changes: Sequence[Change]) -> set[uuid.UUID]:
    by_member = {column.member: column for column in _columns()}
    given = [by_member[name] for name in ("id", "token", *names)]
    values = [
        [
            column.told(value)
            for column, value in zip(given, (one.id, one.token, *map(one.members.get, names)), strict=True)
        ]
        for one in changes
    ]
    quote = connection.ops.quote_name
    settings = ", ".join(f"{quote(column.name)} = given.v{n}" for n, column in enumerate(given) if n > 1)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH given({', '.join(f'v{n}' for n in range(len(given)))}) AS (VALUES {_places(given, len(values))})"
            f" UPDATE runner_invocation SET {settings}, token = '', lease_until = NULL FROM given"
            " WHERE id = given.v0 AND token = given.v1 AND state = %s RETURNING id",
            [value for row in values for value in row] + [State.RUNNING.value],
        )
        return {row[0] if isinstance(row[0], uuid.UUID) else uuid.UUID(row[0]) for row in cursor.fetchall()}


def _places(columns: Sequence["_Column"], count: int) -> str:
    """Where the values go: PostgreSQL takes the types of a list of values from its first row."""
    others = f"({', '.join(['%s'] * len(columns))})"
    first = others
    if connection.vendor == "postgresql":
        first = f"({', '.join(f'CAST(%s AS {column.type})' for column in columns)})"
    return ", ".join([first, *[others] * (count - 1)])


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the table, and how its values are told to the database."""

    name: str
    member: str
    default: Any  # as it is told to the database
    type: str  # of the database
    prepare: Callable[[Any], Any] | None

    def told(self, value: Any) -> Any:
        return value if self.prepare is None or value is None else self.prepare(value)


@functools.cache
def _columns() -> tuple[_Column, ...]:
    return tuple(_column(field) for field in Invocation._meta.concrete_fields)


def _column(field: "models.Field[Any, Any]") -> _Column:
    default = None if field.has_default() and callable(field.default) else field.get_default()
    prepare = _plain if field.choices else database.preparation(field)
    column = _Column(str(field.column), field.attname, default, str(field.db_type(connection)), prepare)
    return replace(column, default=column.told(default))


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
