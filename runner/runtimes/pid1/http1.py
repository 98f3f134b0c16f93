"""HTTP/1.1 requests, read strictly and piece by piece: what is not exactly right is refused, nothing grows unbounded."""

import re

HEAD_LIMIT = 16 * 1024
LINE_LIMIT = 4 * 1024  # of a chunk's size, or of the trailers together
REQUEST_LINE = re.compile(rb"(GET|POST|PUT|DELETE|HEAD) (/[!-~]{0,1023}) HTTP/1\.[01]")
HEADER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*")
LENGTH = re.compile(rb"[0-9]{1,12}")
CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?")


class Malformed(Exception):
    """Not HTTP as it should be: the connection cannot go on."""


class Request:
    """The head of a request; ``headers`` has lower-case names, and text."""

    def __init__(self, method, path, headers):
        self.method, self.path, self.headers = method, path, headers
        self.trailers = {}


class Parser:
    """Takes bytes as they come, and tells ``head(request)``, ``body(data)`` any number of times, ``whole()``.

    ``pause`` stops it between requests until ``go_on``. Raises ``Malformed``.
    """

    def __init__(self, head, body, whole):
        self.head, self.body, self.whole = head, body, whole
        self.waiting = bytearray()
        self.request = None
        self.paused = False
        self.state = self.read_head
        self.left = 0  # bytes of the body, or of the chunk

    def feed(self, data):
        self.waiting += data
        self.advance()

    def go_on(self):
        self.paused = False
        self.advance()

    def advance(self):
        while not self.paused and self.state():
            pass

    # Each of these takes one step, and says whether there is another to take.

    def read_head(self):
        end = self.waiting.find(b"\r\n\r\n", 0, HEAD_LIMIT)
        if end < 0:
            if len(self.waiting) >= HEAD_LIMIT:
                raise Malformed("a head without an end")
            return False
        line, *lines = bytes(self.waiting[:end]).split(b"\r\n")
        del self.waiting[: end + 4]
        found = REQUEST_LINE.fullmatch(line)
        if not found:
            raise Malformed("a request line that is none")
        self.request = Request(found[1].decode(), found[2].decode(), _headers(lines))
        self.prepare_body(self.request.headers)
        self.head(self.request)
        return True

    def prepare_body(self, headers):
        coding, length = headers.get("transfer-encoding"), headers.get("content-length")
        if coding is not None:
            if coding.lower() != "chunked" or length is not None:
                raise Malformed("a body of two minds")
            self.state = self.read_chunk_size
            return
        if length is not None and not LENGTH.fullmatch(length.encode("latin-1")):
            raise Malformed("a length that is no number")
        self.left = int(length or 0)
        self.state = self.read_body

    def read_body(self):
        if self.left:
            return self.take_body()
        return self.finish()

    def take_body(self):
        if not self.waiting:
            return False
        data = bytes(memoryview(self.waiting)[: self.left])
        del self.waiting[: len(data)]
        self.left -= len(data)
        self.body(data)
        return True

    def read_chunk_size(self):
        line = self.take_line()
        if line is None:
            return False
        found = CHUNK.fullmatch(line)
        if not found:
            raise Malformed("a chunk without a size")
        self.left = int(found[1], 16)
        self.state = self.read_chunk if self.left else self.read_trailers
        return True

    def read_chunk(self):
        if self.left:
            return self.take_body()
        if len(self.waiting) < 2:
            return False
        if self.waiting[:2] != b"\r\n":
            raise Malformed("a chunk that goes on")
        del self.waiting[:2]
        self.state = self.read_chunk_size
        return True

    def read_trailers(self):
        if self.waiting[:2] == b"\r\n":
            del self.waiting[:2]
            return self.finish()
        end = self.waiting.find(b"\r\n\r\n", 0, HEAD_LIMIT)
        if end < 0:
            if len(self.waiting) >= HEAD_LIMIT:
                raise Malformed("trailers without an end")
            return False
        self.request.trailers = _headers(bytes(self.waiting[:end]).split(b"\r\n"))
        del self.waiting[: end + 4]
        return self.finish()

    def take_line(self):
        end = self.waiting.find(b"\r\n", 0, LINE_LIMIT)
        if end < 0:
            if len(self.waiting) >= LINE_LIMIT:
                raise Malformed("a line without an end")
            return None
        line = bytes(self.waiting[:end])
        del self.waiting[: end + 2]
        return line

    def finish(self):
        self.state = self.read_head
        self.whole()
        return True


def _headers(lines):
    headers = {}
    for line in lines:
        found = HEADER.fullmatch(line)
        name = found[1].decode().lower() if found else ""
        if not found or (name in headers and name in ("content-length", "transfer-encoding")):
            raise Malformed("a header that is none")
        headers[name] = found[2].decode("latin-1")
    return headers


REASONS = {
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Request Entity Too Large",
}


def response(status, body, headers=(), content_type="application/json", close=False):
    """A whole response in one piece: two small writes would wait for each other's acknowledgement."""
    lines = ["HTTP/1.1 %d %s" % (status, REASONS[status]), "Content-Type: %s" % content_type]
    lines += ["%s: %s" % (name, _one_line(value)) for name, value in headers]
    lines += ["Content-Length: %d" % len(body)] + (["Connection: close"] if close else [])
    return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n" + body


def _one_line(value):
    return re.sub(r"[\x00-\x1f\x7f]+", " ", value)
