"""One HTTP request and one answer, as the wire layer hands them from stage to stage."""

from collections.abc import AsyncGenerator
from functools import cached_property
from urllib.parse import unquote_to_bytes

from aws import errors


class Request:
    """A request as it was sent: path and query stay percent-encoded, header names are lower case.

    A header sent twice is joined with commas (RFC 9110, section 5.3), which is also how it is signed.
    """

    def __init__(self, *, method: str, path: str, query: str, headers: dict[str, str], body: bytes = b"") -> None:
        self.method, self.path, self.query, self.headers, self.body = method, path, query, headers, body

    @cached_property
    def query_items(self) -> list[tuple[str, str]]:
        """The query string's names and values, decoded, in order."""
        return decode_pairs(self.query)


class Response:
    """An answer before Content-Length, Date and the CORS headers, which every answer gets alike.

    ``body`` is an async generator for an answer whose length is not known beforehand.
    """

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes | AsyncGenerator[bytes] = b"") -> None:
        self.status, self.headers, self.body = status, headers, body


def percent_decode(text: str, *, plus_is_space: bool = False) -> str:
    """``text`` without percent-encoding; refuses what is not UTF-8 underneath."""
    if plus_is_space:
        text = text.replace("+", " ")
    if "%" not in text and text.isascii():
        return text
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise errors.SerializationError("The request is not UTF-8.") from None


def decode_pairs(text: str) -> list[tuple[str, str]]:
    """``a=1&b=2`` (a query string or a form) as pairs; ``a`` alone has an empty value."""
    pairs = []
    for part in text.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((percent_decode(name, plus_is_space=True), percent_decode(value, plus_is_space=True)))
    return pairs
