"""HTTP requests to addresses that students name: webhooks, subscriptions, API destinations.

The one way out. A name is resolved once and the connection goes to an address that was checked, so a name that changes
its mind changes nothing. Redirects are answers like any other and are not followed; no proxy, no cookies, no
credentials of this server. Time and size are bounded whatever the other side does.
"""

import contextlib
import http.client
import io
import queue
import re
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from core import addresses, clock, limits
from core.addresses import Address

TIMEOUT_S = 15.0
ANSWER_KEPT = 64 * limits.KIB
ANSWER_READ = 256 * limits.KIB  # heads, interim answers and chunk lines included
URL_LENGTH = 2048
PORTS = {"http": 80, "https": 443}

_PRINTABLE = re.compile(r"[\x21-\x7e]+", re.ASCII)
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}", re.ASCII)
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_OURS = {"host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer"}
_METHOD = re.compile(r"[A-Z]{1,16}", re.ASCII)


class Refused(Exception):
    """The server will not send this: the URL or a header is malformed, or the address is not for students to reach."""


class Unreachable(Exception):
    """Nobody answered in time, or not in HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said. ``body`` is cut after ``ANSWER_KEPT`` bytes; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Place:
    """A URL taken apart and found well-formed."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """As the Host header says it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str, *, schemes: tuple[str, ...] = ("http", "https")) -> Place:
    """The parts of a URL that may be asked for. Raises ``Refused``; looks nothing up."""
    if len(url) > URL_LENGTH or not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise Refused("the URL is too long or has characters that URLs do not have")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused("the URL is malformed") from error
    if parts.scheme not in schemes:
        raise Refused(f"the URL does not begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if "@" in parts.netloc or not parts.hostname or port == 0:
        raise Refused("the URL names no host, or a user")
    return Place(parts.scheme, parts.hostname, port or PORTS[parts.scheme], _target(parts))


def check(url: str, *, schemes: tuple[str, ...] = ("http", "https")) -> None:
    """Whether a request to ``url`` would be sent now; for the moment at which somebody configures it.

    Raises ``Refused``, and ``Unreachable`` for a name that does not resolve. ``request`` checks anew each time.
    """
    place = parse(url, schemes=schemes)
    _checked_addresses(place, clock.monotonic() + TIMEOUT_S)


def request(
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
    schemes: tuple[str, ...] = ("http", "https"),
) -> Answer:
    """Send one request and read its answer, all within ``timeout_s``.

    Raises ``Refused`` (trying again makes no difference) or ``Unreachable`` (it might).
    """
    place = parse(url, schemes=schemes)
    _check_head(method, headers or {})
    deadline = clock.monotonic() + timeout_s
    found = _checked_addresses(place, deadline)
    try:
        with contextlib.closing(_connect(place, found, deadline)) as connected:
            return _exchange(_Wire(connected, deadline), place, method, body, headers or {})
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error


# -- before the connection -------------------------------------------------------------------------


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _check_head(method: str, headers: Mapping[str, str]) -> None:
    if not _METHOD.fullmatch(method):
        raise Refused("that is not a method of HTTP")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise Refused(f"the header {name[:64]!r} has characters that headers do not have")
        if name.lower() in _OURS:
            raise Refused(f"the header {name} is not for others to set")


def _checked_addresses(place: Place, deadline: float) -> list[Address]:
    """Every address of the host; one that is not allowed makes the host so."""
    found = _resolve(place, deadline)
    allowed = addresses.networks(settings.OUTGOING_NETWORKS)
    for address in found:
        if addresses.is_public(address):
            if addresses.is_this_machine(address) or _is_ours(place):
                raise Refused("the URL leads back to this server")
        elif not addresses.is_within(address, allowed):
            raise Refused(f"the host {place.host} is not on the public Internet")
        elif place.port in _own_ports():
            raise Refused("the URL leads back to this server")
    return found


def _resolve(place: Place, deadline: float) -> list[Address]:
    """What the system's resolver says, which knows no time limit of its own."""
    answers: queue.Queue[list[Address] | Exception] = queue.Queue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
            answers.put([addresses.parse(str(entry[4][0])) for entry in found])
        except (OSError, ValueError) as error:  # UnicodeError among them, for what is no host name
            answers.put(error)

    threading.Thread(target=look_up, daemon=True, name="outgoing-resolve").start()
    try:
        answer = answers.get(timeout=max(0.0, deadline - clock.monotonic()))
    except queue.Empty:
        raise Unreachable(f"the name {place.host} was not resolved in time") from None
    if isinstance(answer, Exception) or not answer:
        raise Unreachable(f"the name {place.host} does not resolve")
    return answer


def _own_ports() -> set[int | None]:
    """Where this server's own services listen."""
    urls = (settings.API_URL, f"//{settings.API_INTERNAL}", settings.REDIS_URL, settings.CELERY_BROKER_URL)
    database = str(settings.DATABASES["default"].get("PORT") or "")
    ports = {settings.CONSOLE_PORT, settings.API_PORT, int(database) if database.isdecimal() else None}
    return ports | {_port_of(url) for url in urls}


def _port_of(url: str) -> int | None:
    parts = urlsplit(url)
    return parts.port or PORTS.get(parts.scheme)


def _is_ours(place: Place) -> bool:
    """Whether this is the name under which clients outside know this server."""
    own = {urlsplit(url).hostname for url in (settings.API_URL, *settings.CSRF_TRUSTED_ORIGINS)}
    return place.host in own


# -- the connection --------------------------------------------------------------------------------


class _Wire:
    """A connected socket as ``http.client`` wants it, with one deadline for all and a bound on what is read."""

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        self._socket, self._deadline, self._left_to_read = connected, deadline, ANSWER_READ

    def sendall(self, data: Any) -> None:
        view = memoryview(data)
        while view:
            view = view[self._in_time().send(view) :]

    def makefile(self, *_mode: object) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self._read_into))

    def close(self) -> None:
        """Said before the answer's body is read; whoever connected closes."""

    def _read_into(self, buffer: Any) -> int:
        view = memoryview(buffer)[: self._left_to_read]
        count = self._in_time().recv_into(view) if view else 0
        self._left_to_read -= count
        return count

    def _in_time(self) -> socket.socket:
        left = self._deadline - clock.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(left)
        return self._socket


class _Incoming(io.RawIOBase):
    """A file over a function that reads."""

    def __init__(self, read_into: Callable[[Any], int]) -> None:
        self._read_into = read_into

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        return self._read_into(buffer)


def _connect(place: Place, found: list[Address], deadline: float) -> socket.socket:
    """A connection, secured where the scheme says so, to the first address that takes one."""
    trouble: OSError = TimeoutError("timed out")
    for address in dict.fromkeys(found):
        if (left := deadline - clock.monotonic()) <= 0:
            break
        plain = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET)
        try:
            plain.settimeout(left)
            plain.connect((str(address), place.port))
        except OSError as error:
            plain.close()
            trouble = error
            continue
        return _secured(plain, place, deadline) if place.scheme == "https" else plain
    raise trouble


def _secured(plain: socket.socket, place: Place, deadline: float) -> socket.socket:
    plain.settimeout(max(0.001, deadline - clock.monotonic()))
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=place.host)
    except BaseException:
        plain.close()
        raise


def _exchange(wire: _Wire, place: Place, method: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    connection = http.client.HTTPConnection("connected-already")
    connection.sock = wire
    connection.request(
        method, place.target, body=body, headers={"Host": place.authority, "Connection": "close", **headers}
    )
    response = connection.getresponse()
    content = response.read(ANSWER_KEPT)
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)
