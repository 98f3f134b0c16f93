"""The Python runtime: imports a function's handler and runs it, one event after another.

Speaks frames with PID 1 over file descriptor 3 (see ``init.py``). Standard library only, every Python from 3.9; names,
texts and formats are those of AWS's Python runtimes.

usage: bootstrap.py [--preload=DIRECTORY]   (import the AWS SDK from there before the function is known)
"""

import importlib
import json
import os
import site
import sys
import time

from pupitre_runtime import errors, function_logs
from pupitre_runtime.channel import Channel
from pupitre_runtime.context import LambdaContext
from pupitre_runtime.marshaller import AnswerTooLarge, marshal
from pupitre_runtime.sdk import Shelf


def main():
    shelf = Shelf()
    if len(sys.argv) > 1:
        shelf.load(sys.argv[1].partition("=")[2], set(sys.modules))
    sys.argv[1:] = []
    serve(shelf)


def serve(shelf):
    """Be the runtime of one function. ``shelf``: what is loaded though it may not be wanted."""
    channel = Channel(3)
    function_logs.unbuffer()
    channel.send(b"Y", json.dumps({"shelf_kb": shelf.weight_kb, "sdk_kb": shelf.sdk_kb}).encode())
    order = channel.receive_json(b"B")
    enter(order["environment"])
    shelf.put_away()
    function_logs.configure()
    try:
        handler = load(order["handler"])
    except errors.Fault as fault:
        fail_init(channel, errors.document_of_fault(fault, ""))
    except Exception:
        fail_init(channel, errors.document_of_exception(""))
    tell_of_use(channel, shelf)
    channel.send(b"N", b"")
    run(channel, handler, shelf)


def tell_of_use(channel, shelf):
    """The SDK's memory is the function's once it uses the SDK."""
    if shelf.is_used:
        shelf.is_used = False
        channel.send(b"U", b"")


def run(channel, handler, shelf):
    """Answer invocations for ever; the end of the channel is the end of the process."""
    own_pid = os.getpid()
    while True:
        header, payload = channel.receive_headed(b"I")
        function_logs.request_id = header["id"]
        kind, extra, answer = answer_to(handler, header, payload)
        if os.getpid() != own_pid:
            os._exit(0)  # a child that the handler forked has come back here: the answer is its parent's to give
        tell_of_use(channel, shelf)
        channel.send_headed(kind, {"id": header["id"], **extra}, answer)


def answer_to(handler, header, payload):
    """Call the handler with one event: frame type, further header members, payload."""
    try:
        if header.get("trace_id"):
            os.environ["_X_AMZN_TRACE_ID"] = header["trace_id"]
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        event = errors.unmarshal(payload)
        result = handler(event, LambdaContext(header))
        return b"R", {}, marshal(result)
    except AnswerTooLarge as large:
        return b"T", {"size": large.size}, b""
    except errors.Fault as fault:
        document = errors.document_of_fault(fault, header["id"])
    except Exception:
        document = errors.document_of_exception(header["id"])
    function_logs.log_error(document)
    return b"F", {}, errors.encode(document)


def fail_init(channel, document):
    """Tell why the function cannot be run, then wait to be ended."""
    function_logs.log_error(document)
    channel.send(b"E", errors.encode(document))
    channel.receive(b"I")


def enter(environment):
    """Take on the function's environment variables, and AWS's order of ``sys.path``."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    task = environment["LAMBDA_TASK_ROOT"]
    version = "python%d.%d" % sys.version_info[:2]
    layers = environment.get("LAMBDA_OPT_ROOT", "/opt") + "/python"
    own = [task, "%s/lib/%s/site-packages" % (layers, version), layers]
    extra = environment.get("PYTHONPATH", "").split(":") + [environment["LAMBDA_RUNTIME_DIR"]]
    sys.path[:0] = own + [path for path in dict.fromkeys(extra) if path and path not in own]
    os.chdir(task)
    add_site_names()


def add_site_names():
    """``exit``, ``quit`` and ``help``, which the skipped ``site`` module would have made."""
    site.setquit()
    site.sethelper()
    site.setcopyright()


def load(handler):
    """The handler function that ``module.function`` names, as AWS reads that."""
    try:
        module_name, function_name = handler.rsplit(".", 1)
    except ValueError as error:
        raise errors.Fault("Runtime.MalformedHandlerName", "Bad handler '%s': %s" % (handler, error))
    if module_name.split(".", 1)[0] in sys.builtin_module_names:
        raise errors.Fault(
            "Runtime.BuiltInModuleConflict", "Cannot use built-in module %s as a handler module" % module_name
        )
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise errors.Fault("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module_name, error))
    except SyntaxError as error:
        trace = ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)]
        raise errors.Fault(
            "Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error), trace
        )
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise errors.Fault(
            "Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function_name, module_name)
        )
