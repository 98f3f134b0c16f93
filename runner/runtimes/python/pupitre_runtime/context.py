"""The context object that a handler gets, member for member as AWS's."""

import json
import os
import time


class _Named:
    """Attributes from a dict; those that AWS always has are None when absent."""

    NAMES = ()

    def __init__(self, values):
        for name in self.NAMES:
            setattr(self, name, values.get(name))

    def __repr__(self):
        members = ",".join("%s=%s" % (name, getattr(self, name)) for name in self.NAMES)
        return "%s([%s])" % (type(self).__name__, members)


class CognitoIdentity(_Named):
    NAMES = ("cognito_identity_id", "cognito_identity_pool_id")


class Client(_Named):
    NAMES = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")


class ClientContext(_Named):
    NAMES = ("custom", "env", "client")

    def __init__(self, values):
        _Named.__init__(self, values)
        if isinstance(self.client, dict):
            self.client = Client(self.client)


class LambdaContext:
    def __init__(self, header):
        self.aws_request_id = header["id"]
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = header["invoked_arn"]
        self.tenant_id = None
        self.client_context = _client_context(header.get("client_context"))
        self.identity = CognitoIdentity({})
        self._epoch_deadline_time_in_ms = header["deadline_ms"]

    def get_remaining_time_in_millis(self):
        return max(int(self._epoch_deadline_time_in_ms - time.time() * 1000), 0)

    def log(self, message):
        os.write(1, str(message).encode("utf-8", "replace"))

    def __repr__(self):
        names = (
            "aws_request_id",
            "log_group_name",
            "log_stream_name",
            "function_name",
            "memory_limit_in_mb",
            "function_version",
            "invoked_function_arn",
            "client_context",
            "identity",
            "tenant_id",
        )
        return "LambdaContext([%s])" % ",".join("%s=%s" % (name, getattr(self, name)) for name in names)


def _client_context(text):
    try:
        values = json.loads(text) if text else None
    except ValueError:
        return None
    return ClientContext(values) if isinstance(values, dict) else None
