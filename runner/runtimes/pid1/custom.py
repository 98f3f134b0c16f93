"""What speaks the Runtime API inside: a custom runtime, and extensions beside any runtime."""

import os
import time

from pid1 import extensions, processes
from pid1.api import Api
from pid1.extensions import Extensions
from pid1.runtime_api import RuntimeApi

REGISTER_WITHIN = 5.0  # for extensions to register; then the runtime starts without them
SHUTDOWN = 2.0  # as AWS gives extensions
MISSING = -1


def extensions_of(environment):
    """The extensions that come with the function's layers."""
    return extensions.find(environment.get("LAMBDA_OPT_ROOT", "/opt") + "/extensions")


class Inside:
    """For one function, from its bind on; ``init`` is PID 1, ``order`` what it was told to bind."""

    def __init__(self, init, order):
        self.init, self.order = init, order
        self.environment = order["environment"]
        self.is_custom = not init.config["command"]
        self.runtime = RuntimeApi(init.runtime_said, init.let_go)
        self.extensions = Extensions(self.changed)
        self.extensions.about = {
            "functionName": self.environment.get("AWS_LAMBDA_FUNCTION_NAME", ""),
            "functionVersion": self.environment.get("AWS_LAMBDA_FUNCTION_VERSION", ""),
            "handler": order["handler"],
        }
        self.api = Api(init.loop, [self.extensions, *([self.runtime] if self.is_custom else [])])
        self.waits_until = None  # for extensions to register, before the runtime starts
        self.ends_at = None  # once extensions have been told that it is over

    def begin(self, paths):
        """Open the API, start the extensions, and the runtime once they have registered."""
        self.environment["AWS_LAMBDA_RUNTIME_API"] = self.api.listen(self.init.config["api_port"])
        self.waits_until = time.monotonic() + REGISTER_WITHIN
        for path in paths:
            pid, failed = self.init.start([path], self.environment)
            if failed:
                self.init.output.log(b"%s: %s\n" % (path.encode(), os.strerror(failed).encode()))
                continue
            processes.limit(pid, self.order["data_limit_mb"])
            self.extensions.spawned(pid, path)
        self.tick()

    def tick(self):
        """Time has passed, or an extension has registered, asked or ended."""
        if self.ends_at is not None:
            if self.extensions.are_over or time.monotonic() >= self.ends_at:
                self.init.end("shutdown")
            return
        if self.waits_until is None:
            return
        if self.extensions.are_registered or time.monotonic() >= self.waits_until:
            self.waits_until = None
            self.init.start_runtime(self.order)

    def changed(self):
        self.tick()
        self.init.let_go()

    def start_runtime(self):
        """Run the function's ``bootstrap``, from its package or else from a layer."""
        places = [self.environment["LAMBDA_TASK_ROOT"], self.environment.get("LAMBDA_OPT_ROOT", "/opt")]
        paths = [place + "/bootstrap" for place in places]
        path = next((path for path in paths if os.path.isfile(path)), None)
        if path is None:
            self.init.end("entrypoint", errno=MISSING)
        pid, failed = self.init.start([path], self.environment)
        if failed:
            self.init.end("entrypoint", errno=failed, layer=path == paths[1])
        self.init.child = self.init.memory.child = pid
        processes.prefer_for_oom(pid)
        processes.limit(pid, self.order["data_limit_mb"])

    @property
    def is_settled(self):
        """Whether the runtime and all extensions wait for the next event."""
        return (self.runtime.is_ready or not self.is_custom) and self.extensions.are_settled

    def shut_down(self):
        """Tell extensions that this environment has had its last invocation, and end with the last of them."""
        self.ends_at = time.monotonic() + SHUTDOWN
        self.extensions.tell(
            "SHUTDOWN", {"shutdownReason": "spindown", "deadlineMs": int((time.time() + SHUTDOWN) * 1000)}
        )
        self.tick()

    def invoke(self, header, payload):
        self.api.drop_slow()
        self.extensions.invoke(header)
        if self.is_custom:
            self.runtime.invoke(header, payload)

    def signal_extensions(self, number):
        for pid, extension in self.extensions.started.items():
            if not extension.gone:
                try:
                    os.killpg(pid, number)
                except (ProcessLookupError, PermissionError):
                    continue
