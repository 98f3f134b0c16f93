"""Queries that are asked again and again: their SQL is made once.

Django needs a millisecond to say in SQL what SQLite answers in a twentieth of one. What a page or a call always asks is said
once for a process, and only what differs is put in: the same rows, as the same objects.
"""

import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import FETCH_ONE, Model, QuerySet, UUIDField
from django.db.models.query import get_related_populators
from django.db.models.sql.compiler import SQLCompiler

from core.database import preparation

# what stands for a value while the query is made into SQL: nothing that anybody asks for
_STANDS_FOR: dict[type, Callable[[int], Any]] = {
    str: lambda place: f"\x00{place}",
    int: lambda place: 2_000_000_000 + place,
    uuid.UUID: lambda place: uuid.UUID(int=place),
}
_BITS = 63
_UUID: Any = UUIDField()


@dataclass(frozen=True, slots=True)
class _Said[M: Model]:
    """A query in SQL: where each value comes in, and how a row becomes an object."""

    sql: str
    values: Sequence[Any]
    places: Sequence[tuple[int, str]]  # where in ``values`` something comes in, and its name
    compiler: SQLCompiler
    converters: Any
    model: type[M]
    span: slice
    names: Sequence[str]
    related: Sequence[Any]

    def objects(self, rows: Sequence[Sequence[Any]]) -> list[M]:
        found = []
        for row in self.compiler.apply_converters(rows, self.converters) if self.converters else rows:
            one = self.model.from_db(DEFAULT_DB_ALIAS, self.names, row[self.span])
            for populator in self.related:
                populator.populate(row, one)
            found.append(one)
        return found


class Prepared[M: Model]:
    """``Prepared(lambda name: Thing.objects.filter(name=name), name=str)(name="it")``: a list of objects, as the query gives them.

    ``make`` may use its arguments only as values to compare with; each is a ``str``, an ``int`` or a ``UUID``. The query has
    ``filter``, ``order_by`` and ``select_related``, but neither annotations nor related rows of their own.
    """

    def __init__(self, make: Callable[..., QuerySet[M]], **kinds: type) -> None:
        self._make, self._kinds = make, kinds
        self._said: _Said[M] | None = None
        self._lock = threading.Lock()

    def __call__(self, **values: Any) -> list[M]:
        if any(isinstance(value, int) and value.bit_length() > _BITS for value in values.values()):
            return []  # no column has it, and no database would take it
        said = self._said or self._say()
        wanted = list(said.values)
        for place, name in said.places:
            wanted[place] = _for_database(values[name])
        with connection.cursor() as cursor:
            cursor.execute(said.sql, wanted)
            return said.objects(cursor.fetchall())

    def one(self, **values: Any) -> M | None:
        """The first of them, or None."""
        found = self(**values)
        return found[0] if found else None

    def _say(self) -> _Said[M]:
        with self._lock:
            if self._said is None:
                self._said = _say(self._make, self._kinds)
            return self._said


def _say[M: Model](make: Callable[..., QuerySet[M]], kinds: dict[str, type]) -> _Said[M]:
    standing = {name: _STANDS_FOR[kind](place) for place, (name, kind) in enumerate(kinds.items(), 1)}
    queryset = make(**standing)
    compiler = queryset.query.get_compiler(using=DEFAULT_DB_ALIAS)
    sql, values = compiler.as_sql()
    names = {_for_database(value): name for name, value in standing.items()}
    places = [(place, names[value]) for place, value in enumerate(values) if value in names]
    if {name for _place, name in places} != set(kinds):
        raise TypeError(f"Not every one of {sorted(kinds)} is a value of {sql}")
    info = cast(dict[str, Any], compiler.klass_info)
    fields = info["select_fields"]
    span = slice(fields[0], fields[-1] + 1)
    select = compiler.select
    return _Said(
        sql=sql,
        values=values,
        places=places,
        compiler=compiler,
        converters=compiler.get_converters([column[0] for column in select[: compiler.col_count]]),
        model=info["model"],
        span=span,
        names=[column[0].target.attname for column in select[span]],
        related=get_related_populators(info, select, DEFAULT_DB_ALIAS, FETCH_ONE),
    )


def _for_database(value: Any) -> Any:
    prepare = preparation(_UUID) if isinstance(value, uuid.UUID) else None
    return prepare(value) if prepare else value
