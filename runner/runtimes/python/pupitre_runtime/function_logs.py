"""Output: unbuffered streams, and the ``logging`` module set up as AWS has it.

Log events are lines; a newline inside one event (a logged stack trace, say) is written ``\\0\\n``, which the worker
puts back together.
"""

import io
import json
import logging
import os
import sys
import time
import traceback

request_id = ""
LEVELS = {"TRACE": 5, "DEBUG": 10, "INFO": 20, "WARN": 30, "ERROR": 40, "FATAL": 50}


def unbuffer():
    """What is printed is out at once, in order, whatever happens next."""
    for name, fd in (("stdout", 1), ("stderr", 2)):
        raw = io.FileIO(fd, "w", closefd=False)
        stream = io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)
        setattr(sys, name, stream)
        setattr(sys, "__%s__" % name, stream)


def write_event(text):
    """One log event, whatever newlines are in it."""
    data = memoryview(text.rstrip("\n").replace("\n", "\0\n").encode("utf-8", "backslashreplace") + b"\n")
    while data:
        data = data[os.write(1, data) :]


class _Handler(logging.Handler):
    def emit(self, record):
        try:
            write_event(self.format(record))
        except Exception:
            self.handleError(record)


class _RequestId(logging.Filter):
    def filter(self, record):
        record.aws_request_id = request_id
        return True


class _Json(logging.Formatter):
    STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"aws_request_id", "message", "asctime", "taskName"}

    def format(self, record):
        members = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": record.aws_request_id,
        }
        if record.exc_info:
            members["stackTrace"] = traceback.format_tb(record.exc_info[2])
            members["errorType"] = record.exc_info[0].__name__
            members["errorMessage"] = str(record.exc_info[1])
            members["location"] = "%s:%s:%s" % (record.pathname, record.funcName, record.lineno)
        members.update((name, value) for name, value in vars(record).items() if name not in self.STANDARD)
        return json.dumps(members, default=str, ensure_ascii=False)


def configure():
    """A handler on the root logger in the format that the function's LoggingConfig names."""
    handler = _Handler()
    handler.addFilter(_RequestId())
    if is_json():
        handler.setFormatter(_Json())
    else:
        formatter = logging.Formatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
        )
        formatter.converter = time.gmtime
        handler.setFormatter(formatter)
    root = logging.getLogger()
    root.addHandler(handler)
    level = LEVELS.get(os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper())
    if level:
        root.setLevel(level)


def is_json():
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


def log_error(document):
    """An error document as AWS's runtime prints it before it answers."""
    if is_json():
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        write_event(json.dumps({"timestamp": stamp, "log_level": "ERROR", **document}, ensure_ascii=False))
        return
    lines = ["[ERROR] %s: %s" % (document["errorType"], document["errorMessage"]), "Traceback (most recent call last):"]
    for entry in document["stackTrace"]:
        lines.extend(entry.splitlines())
    write_event("\n".join(lines))
