"""What a message may hold, how large that is, and its checksums. Pure.

Source: SQS API reference, SendMessage; developer guide, "Message metadata" and "Calculating the MD5 message digest".
"""

import base64
import hashlib
import json
import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core import limits
from queues.errors import InvalidMessageContents, InvalidParameter, MissingParameter

_CONTROL = bytes(set(range(0x20)) - set(b"\t\n\r"))
_OTHERS = bytes(set(range(256)) - set(_CONTROL))
_ATTRIBUTE_NAME = re.compile(r"(?!\.)[\w.\-]{1,256}(?<!\.)")
_RESERVED_NAME = re.compile(r"(aws|amazon)\.", re.IGNORECASE)
_DATA_TYPE = re.compile(r"(String|Number|Binary)(\.[^\x00-\x1f]{1,240})?")
_NUMBER = re.compile(r"[+-]?(\d{1,128}(\.\d{0,128})?|\.\d{1,128})([eE][+-]?\d{1,3})?", re.ASCII)
_TOKEN = re.compile(r"""[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}""", re.ASCII)
_TRACE = "AWSTraceHeader"


@dataclass(frozen=True, slots=True)
class AttributeValue:
    """A message attribute: its type (``String``, ``Number.int`` …) and its value, bytes for binary ones."""

    data_type: str
    value: str | bytes

    @property
    def is_binary(self) -> bool:
        return self.data_type.startswith("Binary")

    @property
    def raw(self) -> bytes:
        return self.value if isinstance(self.value, bytes) else self.value.encode("utf-8")


type Attributes = Mapping[str, AttributeValue]


def plain(given: Mapping[str, str | int]) -> dict[str, AttributeValue]:
    """Attributes from plain values: texts are Strings, numbers Numbers; an empty text is none."""
    return {
        name: AttributeValue("Number" if isinstance(value, int) else "String", str(value))
        for name, value in given.items()
        if value != ""
    }


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be sent. ``delay_s`` None: as the queue says; ``trace`` is the header that goes along."""

    body: str
    delay_s: int | None = None
    attributes: Attributes = field(default_factory=dict)
    trace: str = ""
    group_id: str = ""
    deduplication_id: str = ""

    @property
    def size(self) -> int:
        """What counts against the limits: body and attributes with names and types."""
        return len(self.body.encode("utf-8")) + sum(
            len(name.encode("utf-8")) + len(value.data_type.encode("utf-8")) + len(value.raw)
            for name, value in self.attributes.items()
        )


# -- checks ----------------------------------------------------------------------------------------


def check(draft: Draft, *, is_fifo: bool) -> None:
    """Raise AWS's error for a message that no queue of this kind takes. Sizes are the caller's."""
    if not draft.body:
        raise MissingParameter(name="MessageBody")
    if _has_forbidden(draft.body):
        raise InvalidMessageContents
    if draft.attributes:
        _check_attributes(draft.attributes)
    if draft.group_id:
        check_token("MessageGroupId", draft.group_id)
    if draft.deduplication_id:
        check_token("MessageDeduplicationId", draft.deduplication_id)
    if draft.delay_s is not None:
        _check_delay(draft.delay_s, is_fifo=is_fifo)
    if not is_fifo and draft.deduplication_id:
        raise InvalidParameter(
            name="MessageDeduplicationId",
            value=draft.deduplication_id,
            reason="The request include parameter that is not valid for this queue type.",
        )


def _has_forbidden(text: str) -> bool:
    """Whether a character is in it that no message may hold; of a megabyte a pattern would take 9 ms to tell."""
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair
        return True
    return bool(raw.translate(None, _OTHERS)) or "\ufffe" in text or "\uffff" in text


def check_token(name: str, value: str) -> None:
    """Raise for a MessageGroupId or MessageDeduplicationId that AWS does not take."""
    if not _TOKEN.fullmatch(value):
        reason = f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
        raise InvalidParameter(name=name, value=value[:1024], reason=reason)


def _check_delay(delay_s: int, *, is_fifo: bool) -> None:
    if is_fifo and delay_s:
        raise InvalidParameter(
            name="DelaySeconds",
            value=delay_s,
            reason="The request include parameter that is not valid for this queue type.",
        )
    if not 0 <= delay_s <= limits.MESSAGE_DELAY_S_MAX:
        reason = f"DelaySeconds must be >= 0 and <= {limits.MESSAGE_DELAY_S_MAX}."
        raise InvalidParameter(name="DelaySeconds", value=delay_s, reason=reason)


def _check_attributes(attributes: Attributes) -> None:
    if len(attributes) > limits.MESSAGE_ATTRIBUTES:
        raise InvalidParameter(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{limits.MESSAGE_ATTRIBUTES}]."
        )
    for name, value in attributes.items():
        _check_name(name)
        _check_value(name, value)


def _check_name(name: str) -> None:
    shown = name[:256]
    if not _ATTRIBUTE_NAME.fullmatch(name) or ".." in name:
        raise InvalidParameter(
            f"Message (user) attribute name '{shown}' is invalid. Attribute name can contain A-Z, a-z, 0-9, "
            "underscore (_), hyphen (-), and period (.) characters, must not start or end with a period, "
            "must not have successive periods and can be up to 256 characters long."
        )
    if _RESERVED_NAME.match(name):
        raise InvalidParameter(f"Message (user) attribute name '{shown}' can not start with 'AWS.' or 'Amazon.'.")


def _check_value(name: str, value: AttributeValue) -> None:
    if not value.data_type:
        raise InvalidParameter(f"Message (user) attribute '{name}' must contain non-empty message attribute type.")
    if not _DATA_TYPE.fullmatch(value.data_type):
        raise InvalidParameter(
            f"The type of message (user) attribute '{name}' is invalid. "
            "You must use only the following supported type prefixes: Binary, Number, String."
        )
    kind = value.data_type.partition(".")[0]
    if isinstance(value.value, bytes) is not value.is_binary:
        field_name = "BinaryValue" if value.is_binary else "StringValue"
        raise InvalidParameter(
            f"The message (user) attribute '{name}' with type '{value.data_type[:256]}' must use field '{field_name}'."
        )
    if not value.value:
        raise InvalidParameter(f"Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'.")
    if isinstance(value.value, str) and _has_forbidden(value.value):
        raise InvalidParameter(f"Message (user) attribute '{name}' contains characters that are not valid.")
    if kind == "Number" and not _NUMBER.fullmatch(value.value):  # type: ignore[arg-type]  # bytes are refused above
        raise InvalidParameter(f"Can't cast the value of message (user) attribute '{name}' to a number.")


def check_sizes(drafts: Iterable[Draft]) -> int:
    """The size of all together."""
    return sum(draft.size for draft in drafts)


# -- checksums -------------------------------------------------------------------------------------


def md5_of_body(body: str) -> str:
    """What clients compare with what they sent or received."""
    return _md5(body.encode("utf-8"))


def md5_of_attributes(attributes: Attributes) -> str:
    """The digest of names, types and values in the order of the names; empty without any."""
    if not attributes:
        return ""
    out: list[bytes] = []
    for name in sorted(attributes):
        value = attributes[name]
        for text in (name.encode("utf-8"), value.data_type.encode("utf-8")):
            out += [struct.pack("!I", len(text)), text]
        raw = value.raw
        out += [b"\x02" if value.is_binary else b"\x01", struct.pack("!I", len(raw)), raw]
    return _md5(b"".join(out))


def md5_of_trace(trace: str) -> str:
    """The digest of the system attributes, of which senders have this one only."""
    return md5_of_attributes({_TRACE: AttributeValue("String", trace)}) if trace else ""


def content_deduplication_id(body: str) -> str:
    """What stands in for a MessageDeduplicationId where the content decides."""
    return hashlib.sha256(body.encode("utf-8")).hexdigest()


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


# -- as stored -------------------------------------------------------------------------------------


def pack(attributes: Attributes) -> str:
    """Attributes as text for the database; empty without any."""
    if not attributes:
        return ""
    texts = {
        name: [one.data_type, base64.b64encode(one.value).decode() if isinstance(one.value, bytes) else one.value]
        for name, one in attributes.items()
    }
    return json.dumps(texts, separators=(",", ":"), ensure_ascii=False)


def unpack(text: str) -> dict[str, AttributeValue]:
    """What ``pack`` packed."""
    if not text:
        return {}
    return {
        name: AttributeValue(data_type, base64.b64decode(value) if data_type.startswith("Binary") else value)
        for name, (data_type, value) in json.loads(text).items()
    }


def chosen(attributes: Attributes, names: Iterable[str]) -> dict[str, AttributeValue]:
    """The attributes asked for by name; ``All``, ``.*`` and ``prefix.*`` mean many."""
    listed = list(names)
    if "All" in listed or ".*" in listed:
        return dict(attributes)
    prefixes = tuple(name.removesuffix("*").removesuffix(".") for name in listed if name.endswith(".*"))
    exact = set(listed)
    return {
        name: value for name, value in attributes.items() if name in exact or (prefixes and name.startswith(prefixes))
    }
