"""Signature Version 4: reading it from header or query string, and checking it.

Three steps, so that a body is read only for somebody with a key: ``read`` takes the signature apart and checks
its form and time, the caller's secret is looked up, and ``verify`` compares once the body is there.
Source: AWS "Signature Version 4 signing process"; S3's own rules (single encoding, unsigned payloads) where
``S3_STYLE`` names the service.
"""

import functools
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote

from aws.errors import IncompleteSignature, InvalidSignature, MissingAuthenticationToken, RequestTimeTooSkewed
from aws.http import Request, percent_decode
from aws.protocols import timestamps

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW = timedelta(minutes=15)
LONGEST_PRESIGNED = 7 * 24 * 3600
S3_STYLE = frozenset({"s3"})
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

_DATE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_SCOPE = re.compile(
    r"(?P<key>[A-Za-z0-9_]{4,128})/(?P<day>\d{8})/(?P<region>[a-z0-9-]{1,32})/(?P<service>[a-z0-9-]{1,64})/aws4_request",
    re.ASCII,
)
_HEADER_NAMES = re.compile(r"[a-z0-9_.-]+(;[a-z0-9_.-]+)*", re.ASCII)
_NOT_SIGNED_BY_CLIENTS = ("x-amz-user-agent", "x-amz-cf-")
_EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


class Signature(NamedTuple):
    """A signature as the request carries it; nothing of it is proven before ``verify``."""

    access_key_id: str
    day: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    value: str
    date: str
    session_token: str
    presigned: bool

    @property
    def scope(self) -> str:
        return f"{self.day}/{self.region}/{self.service}/aws4_request"


# -- reading ---------------------------------------------------------------------------------------


def read(request: Request, *, now: datetime) -> Signature:
    """The request's signature, well-formed and in time.

    Raises MissingAuthenticationToken, IncompleteSignature, InvalidSignature or RequestTimeTooSkewed.
    """
    authorization = request.headers.get("authorization", "")
    if authorization:
        signature = _from_header(authorization, request)
        _check_skew(signature, now=now)
    elif "X-Amz-Signature=" in request.query or "X-Amz-Algorithm=" in request.query:
        fields = dict(request.query_items)
        signature = _from_query(fields, request)
        _check_expiry(signature, fields.get("X-Amz-Expires", ""), now=now)
    else:
        raise MissingAuthenticationToken()
    _check_signed_headers(signature, request)
    return signature


def _from_header(authorization: str, request: Request) -> Signature:
    algorithm, _, rest = authorization.partition(" ")
    _check_algorithm(algorithm)
    fields = {}
    for part in rest.split(","):
        name, _, value = part.strip().partition("=")
        fields[name] = value
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not fields.get(name)]
    date = request.headers.get("x-amz-date") or _date_header(request.headers)
    texts = [f"Authorization header requires '{name}' parameter." for name in missing]
    if not date:
        texts.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if texts:
        raise IncompleteSignature(f"{' '.join(texts)} Authorization={algorithm}")
    token = request.headers.get("x-amz-security-token", "")
    return _signature(fields["Credential"], fields["SignedHeaders"], fields["Signature"], date, token, presigned=False)


def _date_header(headers: Mapping[str, str]) -> str:
    """The Date header in X-Amz-Date's format; empty without one."""
    text = headers.get("date", "")
    if not text or _DATE.fullmatch(text):
        return text
    return timestamps.parse(text).strftime("%Y%m%dT%H%M%SZ")


def _from_query(fields: Mapping[str, str], request: Request) -> Signature:
    _check_algorithm(fields.get("X-Amz-Algorithm", ""))
    names = ("X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Signature", "X-Amz-SignedHeaders")
    if missing := [name for name in names if not fields.get(name)]:
        raise IncompleteSignature(" ".join(f"AWS query-string parameters must include '{name}'." for name in missing))
    return _signature(
        fields["X-Amz-Credential"],
        fields["X-Amz-SignedHeaders"],
        fields["X-Amz-Signature"],
        fields["X-Amz-Date"],
        fields.get("X-Amz-Security-Token", ""),
        presigned=True,
    )


def _check_algorithm(algorithm: str) -> None:
    if algorithm == ALGORITHM:
        return
    if algorithm.startswith("AWS4-ECDSA"):
        raise IncompleteSignature(
            "Signature Version 4A (AWS4-ECDSA-P256-SHA256) is not supported by this server. "
            "Sign with AWS4-HMAC-SHA256: set the region of the endpoint instead of a region set."
        )
    raise IncompleteSignature(f"Unsupported AWS 'algorithm': '{algorithm[:64]}'. Only {ALGORITHM} is supported.")


def _signature(credential: str, names: str, value: str, date: str, token: str, *, presigned: bool) -> Signature:
    if not (scope := _SCOPE.fullmatch(credential)):
        raise IncompleteSignature(
            f"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential[:256]}'"
        )
    if not _HEADER_NAMES.fullmatch(names):
        raise IncompleteSignature("SignedHeaders must be lower-case header names with semicolons between them.")
    if not _DATE.fullmatch(date):
        raise IncompleteSignature(
            f"Date must be in ISO-8601 'basic format'. Got '{date[:32]}'. See http://en.wikipedia.org/wiki/ISO_8601"
        )
    if scope["day"] != date[:8]:
        raise InvalidSignature(
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{scope['day']}' != '{date[:8]}', from '{date}'."
        )
    signed_headers = tuple(names.split(";"))
    return Signature(
        scope["key"], scope["day"], scope["region"], scope["service"], signed_headers, value, date, token, presigned
    )


def _moment(date: str) -> datetime:
    year, month, day = int(date[:4]), int(date[4:6]), int(date[6:8])
    try:  # in a tenth of strptime's time
        return datetime(year, month, day, int(date[9:11]), int(date[11:13]), int(date[13:15]), tzinfo=UTC)
    except ValueError:
        raise IncompleteSignature(f"Date must be in ISO-8601 'basic format'. Got '{date}'.") from None


def _check_skew(signature: Signature, *, now: datetime) -> None:
    moment = _moment(signature.date)
    if abs(now - moment) <= SKEW:
        return
    early, minutes = now - SKEW, int(SKEW.total_seconds()) // 60
    if moment < now:
        raise RequestTimeTooSkewed(
            f"Signature expired: {signature.date} is now earlier than {_basic(early)} ({_basic(now)} - {minutes} min.)"
        )
    raise RequestTimeTooSkewed(
        f"Signature not yet current: {signature.date} is still later than {_basic(now + SKEW)} "
        f"({_basic(now)} + {minutes} min.)"
    )


def _check_expiry(signature: Signature, expires: str, *, now: datetime) -> None:
    if not expires.isdecimal() or len(expires) > 6 or not 0 < int(expires) <= LONGEST_PRESIGNED:
        raise IncompleteSignature("X-Amz-Expires must be a number of seconds, at most 604800 (seven days).")
    start = _moment(signature.date)
    if start - now > SKEW:
        raise RequestTimeTooSkewed(f"Signature not yet current: {signature.date} is still later than {_basic(now)}")
    if now > (end := start + timedelta(seconds=int(expires))):
        raise RequestTimeTooSkewed(f"Signature expired: {_basic(end)} is now earlier than {_basic(now)}")


def _basic(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")


def _check_signed_headers(signature: Signature, request: Request) -> None:
    """The host, and every header that means something to an operation, is part of what was signed."""
    if "host" not in signature.signed_headers:
        raise InvalidSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    loose = [
        name
        for name in request.headers
        if name.startswith("x-amz-")
        and name not in signature.signed_headers
        and not name.startswith(_NOT_SIGNED_BY_CLIENTS)
    ]
    if loose:
        raise InvalidSignature(f"There were headers present in the request which were not signed: {', '.join(loose)}")


# -- verifying -------------------------------------------------------------------------------------


def verify(
    signature: Signature, request: Request, *, secret: str, body_sha256: str, unsigned_body: bool = False
) -> None:
    """Raise InvalidSignature unless ``secret`` made this signature for this very request.

    ``unsigned_body`` allows ``UNSIGNED-PAYLOAD``, as S3 and a few operations do.
    """
    payload_hash = _payload_hash(signature, request, body_sha256, unsigned_body)
    text = _string_to_sign(signature, _canonical_request(signature, request, payload_hash))
    key = signing_key(secret, signature.day, signature.region, signature.service)
    expected = hmac.digest(key, text.encode(), "sha256").hex()
    if not hmac.compare_digest(expected.encode(), signature.value.encode()):
        raise InvalidSignature()


def _payload_hash(signature: Signature, request: Request, body_sha256: str, unsigned_body: bool) -> str:
    """The hash that was signed; it must be the body's own, where the body is signed at all."""
    s3_style = signature.service in S3_STYLE
    declared = request.headers.get("x-amz-content-sha256", "")
    if signature.presigned and s3_style:
        return declared or UNSIGNED_PAYLOAD
    if declared == UNSIGNED_PAYLOAD and (unsigned_body or s3_style):
        return declared
    if declared and declared != body_sha256:
        raise InvalidSignature("The provided 'x-amz-content-sha256' header does not match what was computed.")
    return body_sha256


def _canonical_request(signature: Signature, request: Request, payload_hash: str) -> str:
    headers = "".join(f"{name}:{_canonical_value(request, name)}\n" for name in signature.signed_headers)
    return "\n".join(
        (
            request.method,
            _canonical_path(request.path, single=signature.service in S3_STYLE),
            _canonical_query(request.query, presigned=signature.presigned),
            headers,
            ";".join(signature.signed_headers),
            payload_hash,
        )
    )


def _canonical_value(request: Request, name: str) -> str:
    return " ".join(request.headers.get(name, "").split())


@functools.lru_cache(maxsize=4096)
def _canonical_path(path: str, *, single: bool) -> str:
    """S3 signs the path as it is sent; every other service encodes it once more, without empty and dot segments."""
    if single:
        return path
    if "//" in path or "/." in path:
        path = _without_dots(path)
    return quote(path, safe="/~")


def _without_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    slash = "/" if kept and path.endswith("/") else ""
    return "/" + "/".join(kept) + slash


def _canonical_query(text: str, *, presigned: bool) -> str:
    if not text:
        return ""
    pairs = []
    for part in text.split("&"):
        name, _, value = part.partition("=")
        if part and not (presigned and name == "X-Amz-Signature"):
            pairs.append((_encoded(name), _encoded(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encoded(text: str) -> str:
    """Percent-encoded as the signature wants it, however the client wrote it: decoded as it will be read."""
    return text if text.isalnum() and text.isascii() else quote(percent_decode(text, plus_is_space=True), safe="~")


def _string_to_sign(signature: Signature, canonical_request: str) -> str:
    digest = hashlib.sha256(canonical_request.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{ALGORITHM}\n{signature.date}\n{signature.scope}\n{digest}"


@functools.lru_cache(maxsize=4096)
def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """The key derived for one day, region and service; kept, since a client signs with it all day."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def body_hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest() if body else _EMPTY_SHA256
