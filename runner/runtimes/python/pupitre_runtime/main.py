"""The Python runtime: imports a function's handler and runs it, one event after another.

Speaks frames with PID 1 over file descriptor 3 (see ``init.py``). Standard library only, every Python from 3.9; names,
texts and formats are those of AWS's Python runtimes.

usage: bootstrap.py [--preload=DIRECTORY]   (import the AWS SDK from there before the function is known)
"""

import os
import sys

from pupitre_runtime import errors, function_logs
from pupitre_runtime.channel import Channel
from pupitre_runtime.context import LambdaContext
from pupitre_runtime.marshaller import AnswerTooLarge, marshal


def main():
    channel = Channel(3)
    function_logs.unbuffer()
    base = set(sys.modules)
    if len(sys.argv) > 1:
        preload(sys.argv[1].partition("=")[2])
    preloaded = set(sys.modules) - base
    sys.argv[1:] = []
    channel.send(b"Y", b"{}")

    order = channel.receive_json(b"B")
    enter(order["environment"])
    forget_shadowed(preloaded)
    function_logs.configure()
    try:
        handler = load(order["handler"])
    except errors.Fault as fault:
        fail_init(channel, errors.document_of_fault(fault, ""))
    except Exception:
        fail_init(channel, errors.document_of_exception(""))
    channel.send(b"N", b"")
    run(channel, handler)


def run(channel, handler):
    """Answer invocations for ever; the end of the channel is the end of the process."""
    own_pid = os.getpid()
    while True:
        header, payload = channel.receive_headed(b"I")
        function_logs.request_id = header["id"]
        kind, extra, answer = answer_to(handler, header, payload)
        if os.getpid() != own_pid:
            os._exit(0)  # a child that the handler forked has come back here: the answer is its parent's to give
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


def preload(sdk):
    """Import what most functions import, while nobody waits."""
    sys.path.insert(0, sdk)
    try:
        import boto3
        from botocore.loaders import JSONFileLoader

        JSONFileLoader.load_file = remembering(JSONFileLoader.load_file)
        session = boto3.session.Session(region_name="us-east-1")
        session.client("s3", aws_access_key_id="x", aws_secret_access_key="x")
    except Exception:
        pass  # no SDK on this server: a function that imports it is told so in its own words
    finally:
        sys.path.remove(sdk)


def remembering(load):
    """The SDK parses its data once for each session; what the first one has parsed is good for the function's own."""
    known = {}

    def load_file(self, path):
        if path not in known:
            known[path] = load(self, path)
        return known[path]

    return load_file


def enter(environment):
    """Take on the function's environment variables, and AWS's order of ``sys.path``."""
    import time

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
    import site

    site.setquit()
    site.sethelper()
    site.setcopyright()


def forget_shadowed(preloaded):
    """When the package or a layer brings a module that was preloaded, nothing of the preloaded remains."""
    own = set()
    for directory in sys.path[:3]:
        try:
            own.update(name.split(".", 1)[0] for name in os.listdir(directory))
        except OSError:
            pass
    if own & {name.split(".", 1)[0] for name in preloaded}:
        for name in preloaded:
            sys.modules.pop(name, None)


def load(handler):
    """The handler function that ``module.function`` names, as AWS reads that."""
    import importlib

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
