"""Cross-origin access to the AWS endpoint: any page may call it, since every call is signed and no cookie counts."""

from collections.abc import Mapping

from aws.http import Response

_EXPOSED = ", ".join(
    [
        "Content-Range",
        "Date",
        "ETag",
        "X-Amz-Executed-Version",
        "X-Amz-Function-Error",
        "X-Amz-Log-Result",
        "x-amz-checksum-crc32",
        "x-amz-checksum-crc32c",
        "x-amz-checksum-crc64nvme",
        "x-amz-checksum-sha1",
        "x-amz-checksum-sha256",
        "x-amz-id-2",
        "x-amz-request-id",
        "x-amz-version-id",
        "x-amzn-ErrorType",
        "x-amzn-Remapped-Content-Type",
        "x-amzn-RequestId",
        "x-amzn-query-error",
    ]
)
ANSWER_HEADERS = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", _EXPOSED)]
"""What every answer to a page of another origin carries."""

_METHODS = "DELETE, GET, HEAD, PATCH, POST, PUT"


def preflight(headers: Mapping[str, str]) -> Response:
    """The answer to OPTIONS, which browsers never sign: the headers asked for are allowed."""
    allowed = "".join(c for c in headers.get("access-control-request-headers", "*") if c.isprintable())
    return Response(
        200,
        [
            ("Access-Control-Allow-Methods", _METHODS),
            ("Access-Control-Allow-Headers", allowed),
            ("Access-Control-Max-Age", "600"),
            ("Vary", "Origin, Access-Control-Request-Headers"),
        ],
    )
