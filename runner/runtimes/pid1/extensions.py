"""Extensions: programs in ``/opt/extensions``, started before the runtime, and what they ask: ``/2020-01-01/extension``."""

import json
import os
import uuid

from pid1.api import Refused, SmallBody

PREFIX = "/2020-01-01/extension/"
TELEMETRY = {
    "/2022-07-01/telemetry": b'{"errorMessage":"Telemetry API is not supported","errorType":"Telemetry.NotSupported"}\n',
    "/2020-08-15/logs": b'{"errorMessage":"Logs API is not supported","errorType":"Logs.NotSupported"}\n',
}
EVENTS = ("INVOKE", "SHUTDOWN")
IDENTIFIER = "lambda-extension-identifier"
MOST = 10


def find(directory):
    """The executable files there, by name."""
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return []
    paths = [os.path.join(directory, name) for name in names]
    return [path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)]


class Extension:
    def __init__(self, name, events=()):
        self.name, self.events = name, events
        self.identifier = ""
        self.asking = None  # the connection that waits for the next event
        self.event = None  # what to hand out when it asks
        self.is_awaited = True
        self.gone = False

    @property
    def is_settled(self):
        """Whether nothing needs to be waited for: it asks for the next event, or never will."""
        return (
            self.gone or not self.identifier or not self.is_awaited or (self.asking is not None and self.event is None)
        )


class Extensions:
    """``about`` is what ``register`` answers; ``changed()`` is called whenever one registers, asks or ends."""

    def __init__(self, changed):
        self.changed = changed
        self.about = {}
        self.started = {}  # process id -> the extension that was started with it
        self.registered = {}  # identifier -> extension

    def route(self, request):
        if request.path in TELEMETRY and request.method == "PUT":
            return SmallBody(lambda connection, asked, _body: connection.answer(202, TELEMETRY[asked.path]))
        if not request.path.startswith(PREFIX):
            return None
        verb = request.method, request.path[len(PREFIX) :]
        if verb == ("POST", "register"):
            return SmallBody(self.register)
        if verb == ("GET", "event/next"):
            return SmallBody(self.next)
        if verb in (("POST", "init/error"), ("POST", "exit/error")):
            return SmallBody(self.failed)
        return None

    # -- processes ---------------------------------------------------------------------------------

    def spawned(self, pid, path):
        self.started[pid] = Extension(os.path.basename(path))

    def ended(self, pid):
        """A process is over; whether it was an extension's."""
        extension = self.started.get(pid)
        if extension is None or extension.gone:
            return False
        extension.gone = True
        self.changed()
        return True

    @property
    def are_registered(self):
        return all(extension.gone or extension.identifier for extension in self.started.values())

    @property
    def are_settled(self):
        return all(extension.is_settled for extension in self.registered.values())

    @property
    def want_shutdown(self):
        """Whether any of the started programs wants to hear of the end."""
        return any("SHUTDOWN" in extension.events and not extension.gone for extension in self.started.values())

    @property
    def are_over(self):
        """Whether no program is left that wants to hear of the end."""
        return not self.want_shutdown

    # -- requests ----------------------------------------------------------------------------------

    def register(self, connection, request, body):
        name = request.headers.get("lambda-extension-name", "")
        if not name or len(name) > 128:
            raise Refused(403, "Extension.InvalidExtensionName", "Invalid extension name")
        events = _events(body)
        extension = next((one for one in self.started.values() if one.name == name), None) or Extension(name)
        if extension.identifier or any(one.name == name for one in self.registered.values()):
            raise Refused(403, "Extension.AlreadyRegistered", "Extension with this name already registered")
        if len(self.registered) >= MOST:
            raise Refused(403, "Extension.TooManyExtensions", "Extension limit (%d) reached" % MOST)
        extension.identifier, extension.events = str(uuid.uuid4()), events
        self.registered[extension.identifier] = extension
        connection.answer(200, json.dumps(self.about).encode(), [("Lambda-Extension-Identifier", extension.identifier)])
        self.changed()

    def known(self, request):
        identifier = request.headers.get(IDENTIFIER, "")
        if not identifier:
            raise Refused(403, "Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header")
        extension = self.registered.get(identifier)
        if extension is None:
            raise Refused(403, "Extension.UnknownExtensionIdentifier", "Unknown extension " + identifier[:64])
        return extension

    def next(self, connection, request, _body):
        extension = self.known(request)
        if extension.asking is not None:
            raise Refused(403, "Extension.InvalidExtensionState", "It waits for its next event already")
        extension.asking, extension.is_awaited = connection, True
        connection.wait(gone=lambda: setattr(extension, "asking", None))
        self.hand_out(extension)
        self.changed()

    def failed(self, connection, request, _body):
        extension = self.known(request)
        if not request.headers.get("lambda-extension-function-error-type"):
            raise Refused(400, "Extension.MissingHeader", "Lambda-Extension-Function-Error-Type not found")
        extension.gone = True
        connection.answer(202)
        self.changed()

    # -- events ------------------------------------------------------------------------------------

    def invoke(self, header):
        self.tell(
            "INVOKE",
            {
                "deadlineMs": header["deadline_ms"],
                "requestId": header["id"],
                "invokedFunctionArn": header["invoked_arn"],
                "tracing": {"type": "X-Amzn-Trace-Id", "value": header.get("trace_id", "")},
            },
        )

    def tell(self, kind, members):
        """An event for those who want to hear of its kind: handed out now, or when they ask."""
        for extension in self.registered.values():
            if kind in extension.events and not extension.gone:
                extension.event = {"eventType": kind, **members}
                self.hand_out(extension)

    def stop_waiting(self):
        """Those who did not come to rest in time are not waited for again before they ask for an event."""
        for extension in self.registered.values():
            extension.is_awaited = extension.is_settled

    def hand_out(self, extension):
        if extension.asking is None or extension.event is None:
            return
        event, extension.event = extension.event, None
        connection, extension.asking = extension.asking, None
        headers = [("Lambda-Extension-Event-Identifier", str(uuid.uuid4()))]
        connection.answer(200, json.dumps(event).encode(), headers)


def _events(body):
    try:
        events = json.loads(body)["events"] if body.strip() else []
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refused(400, "InvalidRequestFormat", "Invalid request format")
    if not isinstance(events, list) or any(event not in EVENTS for event in events):
        raise Refused(400, "Extension.InvalidEventType", "Invalid event type")
    return tuple(events)
