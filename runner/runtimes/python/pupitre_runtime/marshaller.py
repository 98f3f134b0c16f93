"""What a handler returns, as JSON; with AWS's treatment of Decimal and NaN."""

import decimal
import json
import os

from pupitre_runtime import errors

ANSWER_LIMIT = 6 * 1024 * 1024 + 100
ASCII_ONLY = {"AWS_Lambda_python3.%d" % minor for minor in range(6, 12)}


class AnswerTooLarge(Exception):
    def __init__(self, size):
        Exception.__init__(self, size)
        self.size = size


class _Encoder(json.JSONEncoder):
    """Decimals become numbers with every digit they have: marked as strings first, unmarked in the finished text."""

    def __init__(self):
        json.JSONEncoder.__init__(self, ensure_ascii=os.environ.get("AWS_EXECUTION_ENV") in ASCII_ONLY, allow_nan=True)
        self.mark = ""  # of this answer, once it has a Decimal

    def default(self, value):
        if isinstance(value, decimal.Decimal):
            if value.is_nan():
                return float("nan")
            if value.is_infinite():
                return float(value)
            self.mark = self.mark or os.urandom(16).hex()
            return self.mark + str(value) + self.mark
        return json.JSONEncoder.default(self, value)


def marshal(result):
    """JSON in UTF-8. Raises ``Fault`` for what JSON has no form for, ``AnswerTooLarge`` over 6 MB."""
    encoder = _Encoder()
    try:
        text = encoder.encode(result)
        if encoder.mark:
            text = text.replace('"' + encoder.mark, "").replace(encoder.mark + '"', "")
        data = text.encode("utf-8")
    except Exception as error:
        raise errors.Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error)
    if len(data) > ANSWER_LIMIT:
        raise AnswerTooLarge(len(data))
    return data
