"""Values of any shape of botocore's models, for property tests."""

from datetime import UTC, datetime
from typing import Any

from botocore.model import Shape
from hypothesis import strategies as st

MAX_DEPTH = 4

_anything = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
_xml = st.characters(
    exclude_categories=["Cs"],
    exclude_characters="".join(map(chr, [*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])),
)
_header = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=',"')
_integers = {"byte": 8, "short": 16, "integer": 32, "long": 53}


def values(shape: Shape, *, xml: bool, location: str = "", depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of ``shape``; ``xml`` leaves out what XML cannot carry or a form cannot tell from nothing."""
    match shape.type_name:
        case "structure":
            return structures(shape, xml=xml, depth=depth)
        case "list":
            smallest = 1 if xml or location else 0
            return st.lists(
                values(shape.member, xml=xml, location=location, depth=depth + 1), min_size=smallest, max_size=3
            )
        case "map":
            keys = values(shape.key, xml=xml, location="header" if location else "")
            items = values(shape.value, xml=xml, location=location, depth=depth + 1)
            return st.dictionaries(keys, items, min_size=1 if xml else 0, max_size=3)
        case "timestamp":
            moments = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
            return moments if location else moments | moments.map(lambda moment: moment.replace(microsecond=123_000))
        case _:
            return _scalars(shape, xml=xml, location=location)


def _scalars(shape: Shape, *, xml: bool, location: str) -> st.SearchStrategy[Any]:
    match shape.type_name:
        case "string" | "character":
            if location in ("header", "headers", "uri"):
                texts = st.text(_header if location != "uri" else _anything, min_size=1, max_size=20)
                return texts.filter(lambda text: text.strip(".") != "")
            return st.text(_xml if xml else _anything, max_size=20)
        case "blob":
            return st.binary(max_size=20)
        case "boolean":
            return st.booleans()
        case "float" | "double":
            return st.floats(allow_nan=False, allow_infinity=False, width=32)
        case integer:
            bits = _integers[integer]
            return st.integers(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)


def structures(shape: Shape, *, xml: bool, depth: int = 0) -> st.SearchStrategy[Any]:
    """Members at random, those that are required always; of a union just one."""
    if getattr(shape, "is_document_type", False):
        return st.just({"any": ["thing", 1, True]})
    required = set(shape.required_members)
    members = {
        name: values(member, xml=xml, location=member.serialization.get("location", ""), depth=depth + 1)
        for name, member in shape.members.items()
        if (depth < MAX_DEPTH or name in required) and member.serialization.get("location") != "statusCode"
    }
    if getattr(shape, "is_tagged_union", False):
        return st.one_of(
            [st.builds(lambda value, name=name: {name: value}, member) for name, member in members.items()]
        )
    needed = {name: member for name, member in members.items() if name in required}
    optional = {name: member for name, member in members.items() if name not in required}
    if xml and depth and not needed and optional:
        return st.fixed_dictionaries({}, optional=optional).filter(bool)
    return st.fixed_dictionaries(needed, optional=optional)
