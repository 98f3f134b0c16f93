"""Error documents, in AWS's shape: ``errorMessage``, ``errorType``, ``requestId``, ``stackTrace``."""

import json
import os
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
MESSAGE_LIMIT = 256 * 1024


class Fault(Exception):
    """An error of the runtime about the function, under AWS's name for it."""

    def __init__(self, error_type, message, trace=None):
        Exception.__init__(self, message)
        self.error_type, self.message, self.trace = error_type, message, trace


def unmarshal(payload):
    try:
        return json.loads(payload)
    except Exception as error:
        raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error)


def document_of_fault(fault, request_id):
    return make(fault.error_type, fault.message, fault.trace or [], request_id)


def document_of_exception(request_id):
    """Of the exception being handled; the frames above the function's own code are left out."""
    error_type, value, trace = sys.exc_info()
    frames = [(frame.filename, frame.lineno, frame.name, frame.line) for frame in traceback.extract_tb(trace)]
    while frames and frames[0][0].startswith(HERE):
        frames.pop(0)
    try:
        message = str(value)
    except Exception as error:
        message = "<str() of the exception failed: %s>" % type(error).__name__
    return make(error_type.__name__, message, traceback.format_list(frames), request_id)


def make(error_type, message, trace, request_id):
    return {
        "errorMessage": message[:MESSAGE_LIMIT],
        "errorType": error_type,
        "requestId": request_id,
        "stackTrace": [line[:4096] for line in trace[:200]],
    }


def encode(document):
    return json.dumps(document).encode()
