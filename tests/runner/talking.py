"""Runtimes of one's own for tests: a bootstrap in Python with helpers to call the Runtime API."""

TALK = """\
    #!/var/lang/bin/python3
    import http.client, json, os, socket, sys, time
    API = os.environ["AWS_LAMBDA_RUNTIME_API"]
    RUNTIME = "/2018-06-01/runtime/"
    def call(method, path, body=None, **headers):
        connection = http.client.HTTPConnection(API)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    def take():
        _status, headers, event = call("GET", RUNTIME + "invocation/next")
        return headers, headers["Lambda-Runtime-Aws-Request-Id"], event
    def give(request_id, value, verb="response", **headers):
        return call("POST", RUNTIME + "invocation/%s/%s" % (request_id, verb), json.dumps(value), **headers)
    def raw(data):
        host, _colon, port = API.partition(":")
        with socket.create_connection((host, int(port))) as connection:
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: connection.recv(65536), b"")).decode()
            except OSError as error:
                return type(error).__name__
    """


def talking(body: str) -> dict[str, str | bytes]:
    """A bootstrap in Python with helpers to call the API."""
    return {"bootstrap": TALK + body}
