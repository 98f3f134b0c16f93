"""The part of the API that a custom runtime speaks: ``/2018-06-01/runtime``."""

import base64
import json
import re

from pid1 import frames
from pid1.api import ACCEPTED, Refused, SmallBody

PREFIX = "/2018-06-01/runtime/"
NEXT, INIT_ERROR = PREFIX + "invocation/next", PREFIX + "init/error"
POSTED = re.compile(r"/2018-06-01/runtime/invocation/([^/]+)/(response|error)")
RESPONSE_LIMIT = 6 * 1024 * 1024 + 100  # AWS: 6,291,556 bytes
PART = 48 * 1024  # of a streamed answer, in one frame
ERROR_TYPE = "lambda-runtime-function-error-type"
NO_TRANSITION = "State transition from %s to %s failed for runtime. Error: State transition is not allowed"


class RuntimeApi:
    """``said(kind, body)`` is told what a runtime with frames of its own would have sent; ``settled()`` is called
    whenever the runtime asks for the next event.
    """

    def __init__(self, said, settled):
        self.said, self.settled = said, settled
        self.begun = False  # whether the runtime has asked for an event, or said that it cannot start
        self.current = None  # the id of the event that was handed out and is not answered
        self.answered = None  # the id of the event that was answered last
        self.claimed = False  # whether somebody is posting the answer
        self.event = None  # what to hand out next
        self.asking = None  # the connection that waits for the next event

    @property
    def is_ready(self):
        """Whether the runtime waits for the next event."""
        return self.asking is not None

    def route(self, request):
        if not request.path.startswith(PREFIX):
            return None
        if request.path == NEXT and request.method == "GET":
            return SmallBody(self.next)
        if request.path == INIT_ERROR and request.method == "POST":
            if self.begun:
                raise Refused(403, "InvalidStateTransition", NO_TRANSITION % (self.state(), "InitError"))
            return Answer(self, None)
        posted = POSTED.fullmatch(request.path)
        if posted and request.method == "POST":
            return self.answer(posted[1], posted[2], request)
        return None

    def state(self):
        return "Ready" if self.asking else "Running" if self.current else "ResponseSent"

    # -- events ------------------------------------------------------------------------------------

    def next(self, connection, _request, _body):
        if self.asking is not None or self.current is not None:
            raise Refused(403, "InvalidStateTransition", NO_TRANSITION % (self.state(), "Ready"))
        self.asking = connection
        connection.wait(gone=self.gave_up_asking)
        if self.event is not None:
            self.hand_out()
            return
        if not self.begun:
            self.begun = True
            self.said(b"N", b"")
        self.settled()

    def gave_up_asking(self):
        self.asking = None

    def invoke(self, header, payload):
        """An event for the runtime: handed out now if it asks for one, else when it does."""
        self.event = header, payload
        self.answered = None
        if self.asking is not None:
            self.hand_out()

    def hand_out(self):
        (header, payload), self.event = self.event, None
        self.current, self.claimed = header["id"], False
        connection, self.asking = self.asking, None
        connection.answer(200, payload, _headers_of(header))

    # -- answers -----------------------------------------------------------------------------------

    def answer(self, request_id, verb, request):
        if request_id == self.answered or (request_id == self.current and self.claimed):
            raise Refused(403, "InvalidStateTransition", NO_TRANSITION % ("ResponseSent", "InvocationResponse"))
        if request_id != self.current:
            raise Refused(400, "InvalidRequestID", "Invalid request ID")
        mode = request.headers.get("lambda-runtime-function-response-mode", "") if verb == "response" else ""
        if mode not in ("", "streaming"):
            raise Refused(400, "InvalidFunctionResponseMode", "Invalid function response mode")
        self.claimed = True
        if mode:
            return Stream(self, request_id, request.headers.get("content-type", ""))
        return Answer(self, request_id, verb)

    def finish(self, kind, header, payload):
        self.answered, self.current = self.current, None
        self.said(kind, frames.headed({"id": self.answered, **header}) + payload)


class Answer:
    """A response or an error that comes whole; without an id the error that keeps the runtime from starting."""

    def __init__(self, api, request_id, verb="error"):
        self.api, self.request_id, self.verb = api, request_id, verb
        self.size, self.kept = 0, bytearray()

    def take(self, data):
        self.size += len(data)
        if self.size <= RESPONSE_LIMIT:
            self.kept += data
        elif self.kept:
            self.kept.clear()

    def finish(self, connection, request):
        if self.size > RESPONSE_LIMIT:
            self.too_large()
        connection.answer(202, ACCEPTED)
        if self.request_id is None:
            self.api.begun = True
            self.api.said(b"E", _document(self.kept, request.headers.get(ERROR_TYPE, "")))
        elif self.verb == "response":
            self.api.finish(b"R", {}, bytes(self.kept))
        else:
            self.api.finish(b"F", {}, _document(self.kept, request.headers.get(ERROR_TYPE, "")))

    def too_large(self):
        if self.request_id is not None:
            self.api.finish(b"T", {"size": self.size}, b"")
        raise Refused(
            413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size (%d bytes)." % RESPONSE_LIMIT
        )

    def abandon(self):
        self.api.claimed = False


class Stream:
    """A response that is passed on as it comes."""

    def __init__(self, api, request_id, content_type):
        self.api = api
        api.said(b"S", frames.headed({"id": request_id, "content_type": content_type[:256]}))

    def take(self, data):
        for start in range(0, len(data), PART):
            self.api.said(b"P", data[start : start + PART])

    def finish(self, connection, request):
        connection.answer(202, ACCEPTED)
        error_type = request.trailers.get(ERROR_TYPE, "")
        if not error_type:
            self.api.finish(b"R", {}, b"")
            return
        try:
            body = base64.b64decode(request.trailers.get("lambda-runtime-function-error-body", ""))
        except ValueError:
            body = b""
        self.api.finish(b"F", {}, _document(body, error_type))

    def abandon(self):
        message = {"errorType": "Runtime.TruncatedResponse", "errorMessage": "The response ended before it was whole."}
        self.api.finish(b"F", {}, json.dumps(message).encode())


def _headers_of(header):
    headers = [
        ("Lambda-Runtime-Aws-Request-Id", header["id"]),
        ("Lambda-Runtime-Deadline-Ms", str(header["deadline_ms"])),
        ("Lambda-Runtime-Invoked-Function-Arn", header["invoked_arn"]),
    ]
    if header.get("trace_id"):
        headers.append(("Lambda-Runtime-Trace-Id", header["trace_id"]))
    if header.get("client_context"):
        headers.append(("Lambda-Runtime-Client-Context", header["client_context"]))
    return headers


def _document(body, error_type):
    """The error document as it was posted; when it is none, one of the type that the header names."""
    try:
        members = json.loads(bytes(body))
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        members = {"errorType": error_type or "Runtime.Unknown", "errorMessage": ""}
    elif "errorType" not in members and error_type:
        members["errorType"] = error_type
    else:
        return bytes(body)
    return json.dumps(members).encode()
